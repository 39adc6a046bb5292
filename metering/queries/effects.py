"""What a planned correction changes, added up per account and metric, for those who must decide about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from catalog.queries import metric_versions_for
from catalog.rules.terms import MetricTerms
from metering.queries.corrections import Plan
from metering.rules.book import Book, Readings
from monetization.foundation.models import Environment
from monetization.values.money import EXACT


@dataclass(frozen=True, slots=True)
class Effect:
    """What the events taken out add to an account's metric, and what those put in add instead; unconverted."""

    account_id: int
    metric: MetricTerms
    before: Decimal = Decimal(0)
    after: Decimal = Decimal(0)
    events_before: int = 0
    events_after: int = 0

    @property
    def difference(self) -> Decimal:
        return EXACT.subtract(self.after, self.before)

    def out(self, quantity: Decimal) -> Effect:
        """Take in a reading that is taken out."""
        return replace(self, before=EXACT.add(self.before, quantity), events_before=self.events_before + 1)

    def put(self, quantity: Decimal) -> Effect:
        """Take in a reading that is put in."""
        return replace(self, after=EXACT.add(self.after, quantity), events_after=self.events_after + 1)


Found = dict[tuple[int, str, int], Effect]


def effects(environment: Environment, plan: Plan) -> list[Effect]:
    """Add up what a plan takes out and puts in, by account and version in force."""
    in_force = metric_versions_for(environment.pk)
    book, known = Book((d.terms, d.period) for d in in_force), {d.terms.version_id for d in in_force}
    found: Found = {}
    for old in plan.taken_out:
        _note(found, old.account_id, book.counted(old.type, old.time, old.data), Effect.out)
    for new in plan.put_in:
        _note(found, new.row.account_id, [pair for pair in new.readings if pair[0].version_id in known], Effect.put)
    return [found[key] for key in sorted(found)]


def _note(found: Found, account_id: int, readings: Readings, how: Callable[[Effect, Decimal], Effect]) -> None:
    for metric, reading in readings:
        key = (account_id, metric.metric, metric.version_id)
        found[key] = how(found.get(key, Effect(account_id, metric)), reading.quantity)
