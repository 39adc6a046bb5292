"""When a step is overdue: hours after its turn came, which is when the step before it was completed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monetization.foundation.rules.policies import Requirement
from monetization.foundation.rules.roles import Role

Given = Sequence[tuple[Role, datetime]]


@dataclass(frozen=True, slots=True)
class Overdue:
    """A requirement that nobody satisfied in time, and since when."""

    requirement: Requirement
    since: datetime


def reached_at(one: Requirement, needed: Iterable[Requirement], given: Given, start: datetime) -> datetime | None:
    """Return when a requirement's turn came; None while an earlier step of its policy is open."""
    reached = start
    for each in needed:
        if each.policy == one.policy and each.step < one.step:
            times = sorted(at for role, at in given if role is each.role)
            if len(times) < each.how_many:
                return None
            reached = max(reached, times[each.how_many - 1])
    return reached


def due_at(one: Requirement, needed: Iterable[Requirement], given: Given, start: datetime) -> datetime | None:
    """Return until when it should be satisfied; None without a deadline, before its turn, or once it is."""
    if one.deadline_hours is None or Counter(role for role, _ in given)[one.role] >= one.how_many:
        return None
    reached = reached_at(one, needed, given, start)
    return None if reached is None else reached + timedelta(hours=one.deadline_hours)


def overdue(needed: Sequence[Requirement], given: Given, start: datetime, at: datetime) -> tuple[Overdue, ...]:
    """Return what is overdue at an instant; the deadline's own instant is in time."""
    due = ((one, due_at(one, needed, given, start)) for one in needed)
    return tuple(Overdue(one, until) for one, until in due if until is not None and until < at)
