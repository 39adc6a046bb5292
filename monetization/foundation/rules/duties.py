"""Segregation of duties: what each role may do, who makes and who checks each kind of thing, and who holds both.

All of it follows from `rules/roles.py` and from the roles that policies ask. Holding both sides is no breach: nobody
checks what he made, whatever roles he holds. It is shown because fewer hands make errors easier to hide.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from monetization.foundation.rules.roles import (
    ABILITIES,
    ALL_ABILITIES,
    CATALOG_DRAFT,
    CONTRACT_DRAFT,
    DECIDE,
    INVOICE_WORK,
    PEOPLE,
    READ,
    READ_AUDIT,
    Role,
)

CHECKING = DECIDE | {"billing.approve_invoice", "billing.issue_invoice"}


class Side(StrEnum):
    """What an ability does to a thing."""

    READS = "reads"
    MAKES = "makes"
    CHECKS = "checks"


@dataclass(frozen=True, slots=True)
class Duty:
    """Things that one makes and another checks; of governed kinds policies name the roles that check."""

    name: str
    makes: frozenset[str]
    checks: frozenset[str]
    kinds: frozenset[str] = frozenset()

    def makers(self) -> frozenset[Role]:
        """Return the roles that make such things."""
        return frozenset(role for role in Role if ABILITIES[role] & self.makes)

    def checkers(self, asked: Mapping[str, Collection[Role]]) -> frozenset[Role]:
        """Return the roles that check them; ``asked``: the roles that policies ask, by kind."""
        able = frozenset(role for role in Role if ABILITIES[role] & self.checks)
        if not self.kinds:
            return able
        named = {role for kind in self.kinds for role in asked.get(kind, ())}
        return able & (named | {Role.HEAD})  # the head of monetization has the last word about everything


DUTIES = (
    Duty("Metrics, prices and plans", CATALOG_DRAFT, DECIDE, frozenset({"metric", "rate_card", "plan"})),
    Duty("Contracts and credits", CONTRACT_DRAFT, DECIDE, frozenset({"contract", "credit"})),
    Duty("Policies", PEOPLE & {"foundation.draft_policy"}, DECIDE, frozenset({"policy"})),
    Duty("Invoices", INVOICE_WORK & {"billing.draft_invoice", "billing.review_invoice"}, CHECKING - DECIDE),
)


def side_of(ability: str) -> Side:
    """Say what an ability does."""
    if ability in READ | READ_AUDIT:
        return Side.READS
    return Side.CHECKS if ability in CHECKING else Side.MAKES


def matrix() -> dict[str, dict[Role, bool]]:
    """Say of every ability which roles have it: those that only read first, then those that make, then that check."""
    order = list(Side)
    names = sorted(ALL_ABILITIES, key=lambda name: (order.index(side_of(name)), name))
    return {name: {role: name in ABILITIES[role] for role in Role} for name in names}


def both_sides(roles: Collection[Role], asked: Mapping[str, Collection[Role]]) -> list[Duty]:
    """List the duties of which somebody with these roles has both sides."""
    held = set(roles)
    return [duty for duty in DUTIES if held & duty.makers() and held & duty.checkers(asked)]
