"""What is refused of a usage charge, and its free units."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from billing.rules.quotes.bodies.charges import ChargeBody
from billing.rules.quotes.prices import Dated, in_force
from catalog.rules.precedence import ties
from catalog.rules.terms import MetricTerms
from monetization.values.errors import Invalid
from monetization.values.money import EXACT


def check(charge: ChargeBody, rows: Sequence[Dated], metric: MetricTerms, path: str) -> None:
    """Refuse what can't be priced, or in two ways. Raises Invalid, naming the member."""
    if not charge.metric.divisor:
        raise Invalid("A quantity can't be divided by zero", field=f"{path}.metric.divisor", fix="Give a number")
    for name in (*charge.tier_by, *charge.metric.per):
        if name not in metric.order:
            raise Invalid(f"“{name}” is no dimension of the metric", field=f"{path}.tier_by", fix="Name it there")
    starts = {row.period.starts_at for row in rows}
    for at in starts:
        pairs = ties(in_force(rows, at), metric.order)
        if pairs:
            raise Invalid("Two rows price the same usage", field=f"{path}.prices", fix="Make one more exact")


def free_units_of(charge: ChargeBody, charges: Sequence[ChargeBody], path: str) -> Decimal:
    """Give the free units of a charge, those pooled per seat among them. Raises Invalid."""
    pooled = charge.free_units_per
    if pooled is None:
        return charge.free_units
    seats = next((each for each in charges if each.key == pooled.charge and each.kind == "recurring"), None)
    if seats is None:
        fix = "Name a recurring charge"
        raise Invalid(f"“{pooled.charge}” is not recurring", field=f"{path}.free_units_per.charge", fix=fix)
    return EXACT.add(charge.free_units, EXACT.multiply(pooled.units, seats.quantity))
