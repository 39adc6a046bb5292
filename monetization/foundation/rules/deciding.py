"""Whose turn it is: what is still missing, which roles may decide now, and as what somebody decides.

An approval fills one asked role and counts for every policy that asks for it; several policies of one role ask for
the highest number. A role's turn comes when all policies that ask for it have completed their earlier steps. Where
policies order the same roles against each other, nobody's turn would ever come; then all of them are asked at once.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from monetization.foundation.rules.policies import Requirement
from monetization.foundation.rules.roles import Role
from monetization.values.errors import NotAllowed

Missing = tuple[tuple[Role, int], ...]
Instead = Mapping[Role, Collection[Role]]


@dataclass(frozen=True, slots=True)
class Hat:
    """A role that somebody may decide in: their own, or that of a person they stand in for."""

    role: Role
    in_name_of: int | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """As what a decision is made: the asked role that it fills, the role held, and in whose name."""

    fills: Role
    role: Role
    in_name_of: int | None = None


def outstanding(needed: Iterable[Requirement], approvals: Iterable[Role]) -> Missing:
    """Return (role, how many are missing); several policies of one role ask for the highest."""
    given = Counter(approvals)
    most: dict[Role, int] = {}
    for one in needed:
        most[one.role] = max(most.get(one.role, 0), one.how_many)
    return tuple((role, n - given[role]) for role, n in most.items() if n > given[role])


def in_turn(needed: Iterable[Requirement], approvals: Iterable[Role]) -> Missing:
    """Return those of the missing roles that may decide now."""
    asked, given = list(needed), Counter(approvals)
    missing = outstanding(asked, given.elements())
    waiting = {one.role for one in asked if not _is_reached(one, asked, given)}
    return tuple(pair for pair in missing if pair[0] not in waiting) or missing


def acting_as(
    turn: Missing, hats: Sequence[Hat], instead: Instead, taken: Collection[int | None] = ()
) -> Acting | None:
    """Choose as what somebody approves: own roles first, then in the name of others, then instead of an overdue role.

    `taken` are people in whose name something was said already.
    """
    free = sorted((hat for hat in hats if hat.in_name_of not in taken), key=lambda hat: hat.in_name_of or 0)
    for exact in (True, False):
        for fills, _ in turn:
            for hat in free:
                if (hat.role is fills) if exact else (hat.role in instead.get(fills, ())):
                    return Acting(fills, hat.role, hat.in_name_of)
    return None


def saying_no(needed: Iterable[Requirement], hats: Sequence[Hat], instead: Instead) -> Acting | None:
    """Choose as what somebody rejects: any role that was asked, at whatever turn."""
    return acting_as(tuple((one.role, one.how_many) for one in needed), hats, instead)


def as_head(hats: Iterable[Hat]) -> Acting | None:
    """Let the head of monetization have the last word; nobody has it in the head's name."""
    return Acting(Role.HEAD, Role.HEAD) if Hat(Role.HEAD) in set(hats) else None


def refuse_turn(asked: Iterable[Role]) -> NotAllowed:
    """Return the refusal that names whom this waits for."""
    words = ", ".join(sorted({role.label for role in asked})) or "nobody any more"
    return NotAllowed(f"This waits for: {words}.", fix="Ask somebody who holds that role.")


def _is_reached(one: Requirement, asked: Iterable[Requirement], given: Counter[Role]) -> bool:
    earlier = (each for each in asked if each.policy == one.policy and each.step < one.step)
    return all(given[each.role] >= each.how_many for each in earlier)
