"""Price rows of a quote as prices of the engine, and which of them are in force when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.rules.quotes.bodies.own import MultiplierBody
from billing.rules.quotes.bodies.prices import PriceBody
from billing.rules.quotes.models import price_of
from billing.rules.quotes.moments import instant_in
from catalog.rules.terms import Dims, Price, dims_of
from monetization.values.errors import Invalid
from monetization.values.periods import Period

START = datetime.fromisoformat("0001-01-02T00:00:00Z")


@dataclass(frozen=True, slots=True)
class Dated:
    """A price and the time in which its row is in force."""

    price: Price
    period: Period


def dated(rows: Sequence[PriceBody], order: Sequence[str], field: str, zone: str) -> list[Dated]:
    """Read rows; each is numbered by its place. Raises Invalid."""
    found = []
    for number, row in enumerate(rows):
        path = f"{field}[{number}]"
        unknown = sorted(set(row.match) - set(order))
        if unknown:
            raise Invalid(f"“{unknown[0]}” is no dimension of the metric", field=f"{path}.match", fix="Name it there")
        found.append(Dated(price_of(row, number, dims_of(row.match, order), path), period_of(row, path, zone)))
    return found


def period_of(said: PriceBody | MultiplierBody, path: str, zone: str) -> Period:
    """Read the time in which something is in force. Raises Invalid."""
    start = instant_in(said.starts_on, f"{path}.starts_on", zone) if said.starts_on else START
    end = instant_in(said.ends_on, f"{path}.ends_on", zone, end=True) if said.ends_on else None
    return Period(start, end)


def in_force(rows: Iterable[Dated], at: datetime) -> tuple[Price, ...]:
    """Give the rows that price an instant: of those with the same conditions the one that started last."""
    latest: dict[Dims, Dated] = {}
    for row in rows:
        known = latest.get(row.price.match)
        if at in row.period and (known is None or row.period.starts_at >= known.period.starts_at):
            latest[row.price.match] = row
    return tuple(row.price for row in latest.values())
