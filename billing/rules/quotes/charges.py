"""Usage charges of a quote: their metric, and what is in force in each segment of a billing period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.bodies.charges import ChargeBody
from billing.rules.quotes.checks import check, free_units_of
from billing.rules.quotes.prices import Dated, dated
from billing.rules.quotes.units import rate_of, rates
from billing.rules.quotes.usage import Usage
from catalog.rules.overrides import OwnPrices
from catalog.rules.terms import Dimension, Measure, MetricTerms, Segment
from monetization.values.periods import Period


def usage_charges(body: QuoteBody) -> list[Usage]:
    """Read the usage charges. Raises Invalid."""
    units = rates(body)
    found = []
    for number, charge in enumerate(body.charges):
        if charge.kind != "usage":
            continue
        path = f"charges[{number}]"
        metric = metric_of(charge, number + 1)
        rows = tuple(dated(charge.prices, metric.order, f"{path}.prices", body.time_zone))
        check(charge, rows, metric, path)
        free = free_units_of(charge, body.charges, path)
        found.append(Usage(charge, metric, rows, free, rate_of(charge.pricing_unit, units, path)))
    return found


def segments(
    period: Period, charges: Sequence[Usage], own: OwnPrices, cuts: Sequence[datetime], currency: str
) -> list[Segment]:
    """Cut a period where prices change, and at ``cuts``; neighbours with the same terms stay apart only there."""
    changes = {edge for each in charges for row in each.rows for edge in _edges(row)} | set(own.edges)
    first = own.at(period.starts_at)
    found: list[Segment] = []
    for piece in period.cut([*changes, *cuts]):
        here = own.at(piece.starts_at)
        made = (
            (first if each.waits else here).on(each.charge(each.prices_at(piece.starts_at, period.starts_at), currency))
            for each in charges
        )
        now = tuple(charge for charge in made if charge.prices)
        if found and found[-1].charges == now and piece.starts_at not in cuts:
            found[-1] = Segment(Period(found[-1].period.starts_at, piece.ends_at), now)
        else:
            found.append(Segment(piece, now))
    return found


def metric_of(charge: ChargeBody, number: int) -> MetricTerms:
    """Read a charge's metric; its version is numbered by the charge's place."""
    said = charge.metric
    return MetricTerms(
        metric=charge.key,
        version_id=number,
        number=1,
        event_type=charge.key,
        aggregation=said.aggregation,
        measures=(Measure("quantity"),),
        dimensions=tuple(Dimension(key, key) for key in said.dimensions),
        unit=said.unit,
        divisor=said.divisor,
        multiplier=said.multiplier,
        rounding=said.rounding,
        digits=said.digits,
        carry=said.carry,
        of_level=said.of == "level",
        per=tuple(said.per),
        window=said.window,
        again=said.again,
    )


def _edges(row: Dated) -> list[datetime]:
    return [row.period.starts_at, *([row.period.ends_at] if row.period.ends_at else [])]
