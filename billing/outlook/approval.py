"""Whose approval a deal would need by the policies of today, why, and who could give it."""

from collections.abc import Collection
from dataclasses import dataclass

from catalog.models import Contract
from monetization.foundation.models import User
from monetization.foundation.queries import editors_of, facts_of_row, needs
from monetization.foundation.queries.holders import holders
from monetization.foundation.rules.roles import Role


@dataclass(frozen=True, slots=True)
class Ask:
    """A policy that applies: how many of which role, why, and who they could be (never a maker)."""

    policy: str
    why: str
    role: Role
    how_many: int
    people: tuple[User, ...]

    @property
    def is_lost(self) -> bool:
        """Whether fewer people hold the role than are asked for."""
        return len(self.people) < self.how_many


def asks_of(contract: Contract, viewer: User) -> list[Ask]:
    """List what the policies ask for a contract as it stands; a viewer of a draft is taken for one of its makers."""
    needed = needs(contract.environment, "contract", facts_of_row(contract))
    could = holders({one.role for one in needed}, makers_of(contract, viewer))
    return [Ask(one.policy, one.why, one.role, one.how_many, tuple(could[one.role])) for one in needed]


def makers_of(contract: Contract, viewer: User) -> Collection[int]:
    """Name who makes a deal, and so doesn't decide it."""
    makers = editors_of(contract)
    return makers | {viewer.pk} if contract.is_draft else makers
