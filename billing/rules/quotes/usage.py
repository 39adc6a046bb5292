"""A usage charge of a quote, and what is in force of it when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.rules.quotes.bodies.charges import ChargeBody
from billing.rules.quotes.bodies.metrics import WindowedBody
from billing.rules.quotes.prices import Dated, in_force
from catalog.rules.agreed import Windowed
from catalog.rules.terms import Again, Aggregation, Charge, MetricTerms, Price

INCREMENTS = frozenset({Aggregation.SUM, Aggregation.COUNT, Aggregation.TIME_WEIGHTED})


@dataclass(frozen=True, slots=True)
class Usage:
    """A usage charge with its metric and its dated rows."""

    body: ChargeBody
    metric: MetricTerms
    rows: tuple[Dated, ...]
    free_units: Decimal
    rate: Decimal

    @property
    def waits(self) -> bool:
        """Say whether a new row waits for the next period."""
        if self.body.cut is not None:
            return self.body.cut == "next_period"
        if self.metric.window is not None and self.metric.again is not Again.SUM:
            return True
        return self.metric.aggregation not in INCREMENTS

    def prices_at(self, at: datetime, first: datetime) -> tuple[Price, ...]:
        """Give the rows that price an instant of a period that starts ``first``."""
        return in_force(self.rows, first if self.waits else at)

    def charge(self, prices: tuple[Price, ...], currency: str) -> Charge:
        """Make the charge as it stands with these rows."""
        body = self.body
        product = body.product or body.key
        return Charge(
            product=product,
            name=body.name or product,
            tax_category=body.tax_category,
            metric=self.metric,
            currency=currency,
            prices=prices,
            flat_at_zero=body.flat_at_zero,
            key=body.key,
            tags=frozenset(body.tags),
            free_units=self.free_units,
            tier_by=tuple(body.tier_by),
            position=body.position,
            by_time=body.cut == "by_time",
            highest_of=body.highest_of,
            windowed=_windowed(body.windowed_commitment),
            rate=self.rate,
            rounds_as_one=body.round == "charge",
            pricing_unit=body.pricing_unit or "",
        )


def _windowed(said: WindowedBody | None) -> Windowed | None:
    if said is None:
        return None
    return Windowed(said.window, said.amount, said.quantity, said.unit_price, said.windows == "used")
