"""The life of the catalog's versions: that of every governed row, and back from approved while it isn't in force."""

from monetization.foundation.rules.versions import ARROWS as GOVERNED
from monetization.foundation.rules.versions import VersionStatus as VersionStatus
from monetization.values.errors import WrongState

S = VersionStatus
# What was approved for later may be withdrawn, vetoed or given another time: with its request, never by itself.
ARROWS: dict[VersionStatus, frozenset[VersionStatus]] = GOVERNED | {
    S.APPROVED: frozenset({S.DRAFT, S.REJECTED, S.WITHDRAWN})
}


def guard(now: VersionStatus, then: VersionStatus) -> None:
    """Refuse a change of state that the table does not know. Raises WrongState."""
    if then not in ARROWS[now]:
        raise WrongState(f"A version that is {now.label} cannot become {then.label}.")
