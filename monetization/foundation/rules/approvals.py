"""The life of a request as data: its states, verdicts, and the things that it changes.

Whom policies ask is in `policies`, whose turn it is in `deciding`, who may never decide in `makers`. Approvals count
only for the content they saw (same digest).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from monetization.foundation.rules.facts import Fact
from monetization.foundation.rules.makers import guard_maker as guard_maker
from monetization.foundation.rules.policies import Requirement as Requirement
from monetization.values.errors import WrongState

SEVERAL = "several"  # the kind of a request that holds things of different kinds
ROLLBACK = "rollback"  # the kind of one that brings back what stood before, under policies of its own


class RequestStatus(Enum):
    """Where a change request stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    ROLLED_BACK = "ROLLED_BACK"

    @property
    def label(self) -> str:
        """Return the words for people."""
        return self.value.replace("_", " ").capitalize()


S = RequestStatus
ARROWS: dict[RequestStatus, frozenset[RequestStatus]] = {
    S.DRAFT: frozenset({S.SUBMITTED, S.WITHDRAWN}),
    S.SUBMITTED: frozenset({S.DRAFT, S.APPROVED, S.REJECTED, S.WITHDRAWN}),
    S.APPROVED: frozenset({S.SCHEDULED, S.LIVE, S.REJECTED, S.WITHDRAWN}),
    S.SCHEDULED: frozenset({S.LIVE, S.REJECTED, S.WITHDRAWN, S.DRAFT}),  # back to a draft: it is given another time
    S.LIVE: frozenset({S.ROLLED_BACK}),
    S.REJECTED: frozenset(),
    S.WITHDRAWN: frozenset(),
    S.ROLLED_BACK: frozenset(),
}


class Verdict(Enum):
    """What a decider says. The head's last words: a veto ends it, a green light stands for all still missing."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    VETO = "VETO"
    GREEN_LIGHT = "GREEN_LIGHT"

    @property
    def label(self) -> str:
        """Return the words for people."""
        return self.value.replace("_", " ").capitalize()

    @property
    def is_yes(self) -> bool:
        """Tell whether it lets the request pass."""
        return self in {Verdict.APPROVE, Verdict.GREEN_LIGHT}

    @property
    def is_last(self) -> bool:
        """Tell whether only the head says it, and nobody after him anything more."""
        return self in {Verdict.VETO, Verdict.GREEN_LIGHT}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a request changes; digest (32 bytes), facts and makers are due when it is submitted."""

    subject: str
    label: str
    digest: bytes | None = None
    facts: Mapping[str, Fact] | Mapping[str, Decimal] = field(default_factory=dict)
    makers: frozenset[int] = frozenset()
    kind: str = ""


def guard_arrow(now: RequestStatus, then: RequestStatus) -> None:
    """Refuse a change of state that the table does not know. Raises WrongState."""
    if then not in ARROWS[now]:
        raise WrongState(f"A request that is {now.label} cannot become {then.label}.")
