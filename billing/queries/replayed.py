"""Closed periods of accounts rated again, on several shelves of terms: those in force, and those that are proposed.

Usage is read once for all of them. Each shelf has balances of its own, which go from one period to the next; discounts
that carry a rest likewise. The reckoning is that of drafts; nothing is saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial

from billing.queries.balances import openings
from billing.queries.due import Due
from billing.queries.rated import attempted, of_purchases, usage_of
from billing.queries.rests import with_rests
from billing.rules.bill import Bill, bill
from billing.rules.lifecycle import Kind
from billing.rules.quotes.discounts import used
from billing.rules.running import Rolls, Running
from catalog.models import Instrument
from catalog.queries import Shelf, terms_for
from catalog.rules.agreed import Discount
from catalog.rules.terms import Terms
from metering.rules.quantities import UsageRow
from monetization.values.money import EXACT
from monetization.values.periods import Period

ZERO = Decimal(0)
Found = tuple[Terms, Bill] | Exception


def replayed(dues: Sequence[Due], shelves: Sequence[Shelf]) -> list[list[Found]]:
    """Rate dues, earlier ones first, on each shelf; what is wrong with one on a shelf stands in its place."""
    agreed = [[attempted(partial(_terms, due, shelf)) for due in dues] for shelf in shelves]
    usage = usage_of([*dues] * len(shelves), [terms for each in agreed for terms in each])
    books = _books(dues, shelves[0])
    return [
        _in_turn(dues, terms, usage[place * len(dues) :], {pk: each.again() for pk, each in books.items()})
        for place, terms in enumerate(agreed)
    ]


def _terms(due: Due, shelf: Shelf) -> Terms:
    if due.kind == Kind.COMMIT.value:
        return of_purchases(due.contract, due.period, shelf)
    return terms_for(contract=due.contract, period=due.period, shelf=shelf)


def _books(dues: Sequence[Due], shelf: Shelf) -> dict[int, Running]:
    """Read what each account's first period finds of each balance that any of its contracts may draw on."""
    first: dict[int, tuple[Period, dict[str, Instrument]]] = {}
    for due in dues:
        _, known = first.setdefault(due.contract.account_id, (due.period, {}))
        known |= {each.key: each for each in shelf.instruments(due.contract)}
    found = openings([(list(known.values()), period) for period, known in first.values()])
    return {
        pk: Running(opening, dict(_rolling(known)))
        for (pk, (_, known)), opening in zip(first.items(), found, strict=True)
    }


def _rolling(known: Mapping[str, Instrument]) -> Iterator[tuple[str, Rolls]]:
    for key, each in known.items():
        if each.rolled_from is not None and each.rolled_from.key in known:
            yield key, Rolls(each.rolled_from.key, each.amount)


@dataclass(slots=True)
class _Turn:
    """What earlier periods of a contract left of discounts that carry their rest."""

    since: dict[int, Period] = field(default_factory=dict)
    taken: dict[int, dict[str, Decimal]] = field(default_factory=dict)

    def discounts(self, due: Due, found: Sequence[Discount]) -> tuple[Discount, ...]:
        pk = due.contract.pk
        rested = with_rests(due.contract, self.since.setdefault(pk, due.period), found)
        taken = self.taken.get(pk, {})
        lowered = (
            replace(each, amount=EXACT.subtract(each.amount, taken.get(each.key, ZERO))) if each.carries else each
            for each in rested
        )
        return tuple(each for each in lowered if not each.carries or each.amount > 0)

    def note(self, due: Due, made: Bill) -> None:
        self.taken[due.contract.pk] = used(made.lines, self.taken.get(due.contract.pk, {}))


def _in_turn(
    dues: Sequence[Due],
    agreed: Sequence[Terms | Exception],
    usage: Sequence[list[UsageRow] | Exception],
    books: Mapping[int, Running],
) -> list[Found]:
    """Rate one period after the other; one that can't be said leaves balances as they are."""
    found, turn = list[Found](), _Turn()
    for due, terms, rows in zip(dues, agreed, usage, strict=False):
        if isinstance(terms, Exception):
            found.append(terms)
            continue
        if isinstance(rows, Exception):
            found.append(rows)
            continue
        running = books[due.contract.account_id]
        made = attempted(partial(_billed, due, terms, rows, running, turn))
        if not isinstance(made, Exception):
            running.note(due.period.starts_at, made[1].balances)
            turn.note(due, made[1])
        found.append(made)
    return found


def _billed(due: Due, terms: Terms, rows: Sequence[UsageRow], running: Running, turn: _Turn) -> tuple[Terms, Bill]:
    balances = running.found_by(due.period.starts_at) if terms.instruments else {}
    terms = replace(
        terms,
        instruments=tuple(replace(each, balance=balances.get(each.id, each.balance)) for each in terms.instruments),
        discounts=turn.discounts(due, terms.discounts) if due.kind == Kind.USAGE.value else terms.discounts,
    )
    return terms, bill(terms, rows)
