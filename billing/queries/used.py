"""What was used in periods that are rated, and in the time before them from which counters go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from catalog.models import Contract
from catalog.rules.terms import Terms
from metering.queries import usages
from metering.rules.quantities import UsageRow


def used_in(account_id: int, terms: Terms) -> list[UsageRow]:
    """Measure an account's usage as its terms ask for it."""
    return used_in_all([(account_id, terms)])[0]


def used_in_all(wanted: Sequence[tuple[int, Terms]]) -> list[list[UsageRow]]:
    """Do so for many accounts of one environment; those with the same cuts of time share statements."""
    going_on = [number for number, (_, terms) in enumerate(wanted) if terms.earlier]
    earlier = [(wanted[number][0], wanted[number][1].earlier) for number in going_on]
    found = usages([*((pk, terms.segments) for pk, terms in wanted), *earlier])
    for number, rows in zip(going_on, found[len(wanted) :], strict=True):
        found[number] += _numbered(wanted[number][1], rows)
    return found[: len(wanted)]


def used_before(account_id: int, terms: Terms) -> list[UsageRow]:
    """Measure only the time before the period."""
    return _numbered(terms, usages([(account_id, terms.earlier)])[0])


class Going:
    """Usage of a contract's first periods, reckoned one after the other: each goes on from what was said before it."""

    def __init__(self, contract: Contract) -> None:
        self._account_id = contract.account_id
        self._said: list[tuple[datetime, UsageRow]] = []

    def add(self, terms: Terms, rows: Iterable[UsageRow]) -> None:
        """Remember what a period uses."""
        self._said += [(terms.segments[row.segment].period.starts_at, row) for row in rows]

    def before(self, terms: Terms) -> list[UsageRow]:
        """Give what the next period goes on from: usage under earlier contracts, and what was said of this one."""
        others = [each if each.contract != terms.contract else replace(each, charges=()) for each in terms.earlier]
        measured = usages([(self._account_id, others)])[0] if others else []
        said = [
            replace(row, segment=number)
            for at, row in self._said
            for number, each in enumerate(terms.earlier)
            if at in each.period
        ]
        return _numbered(terms, [*measured, *said])


def _numbered(terms: Terms, rows: Sequence[UsageRow]) -> list[UsageRow]:
    return [replace(row, segment=row.segment + len(terms.segments)) for row in rows]
