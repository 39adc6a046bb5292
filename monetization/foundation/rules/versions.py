"""The life of a governed version or contract, as data: who reads it is the action, the page, the test."""

from enum import Enum

from monetization.values.errors import WrongState


class VersionStatus(Enum):
    """Where a version stands. In force is not a status: it is APPROVED and past its effective time."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"

    @property
    def label(self) -> str:
        """Return the word for people."""
        return self.value.capitalize()


S = VersionStatus
ARROWS: dict[VersionStatus, frozenset[VersionStatus]] = {
    S.DRAFT: frozenset({S.SUBMITTED, S.WITHDRAWN}),
    S.SUBMITTED: frozenset({S.DRAFT, S.APPROVED, S.REJECTED, S.WITHDRAWN}),
    S.APPROVED: frozenset(),
    S.REJECTED: frozenset(),
    S.WITHDRAWN: frozenset(),
}


def guard(now: VersionStatus, then: VersionStatus) -> None:
    """Refuse a change of state that the table does not know. Raises WrongState."""
    if then not in ARROWS[now]:
        raise WrongState(f"A version that is {now.label} cannot become {then.label}.")
