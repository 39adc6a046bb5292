"""Whose approval a deal would need by the policies of today, in which order, why, and who could give it."""

from dataclasses import dataclass
from datetime import datetime

from catalog.models import Contract
from monetization.foundation.models import User
from monetization.foundation.queries import approval_needed
from monetization.foundation.rules.roles import Role


@dataclass(frozen=True, slots=True)
class Ask:
    """A step: how many of which role, by which policies and why, and who they could be (never a maker)."""

    step: int
    role: Role
    how_many: int
    reasons: tuple[tuple[str, str], ...]
    people: tuple[User, ...]

    @property
    def is_lost(self) -> bool:
        """Whether fewer people could decide than are asked for."""
        return len(self.people) < self.how_many


def asks_of(contract: Contract, viewer: User, at: datetime) -> list[Ask]:
    """List what the policies ask for a contract as it stands, if the viewer submitted it now."""
    answer = approval_needed(contract, viewer, at=at)
    return [
        Ask(
            each.step, each.role, each.how_many, tuple((one.policy, one.why) for one in each.because),
            answer.people.get(each.role, ()),
        )
        for each in answer.steps
    ]  # fmt: skip
