"""Price rows of a quote as prices of the engine, and which of them are in force when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.rules.quotes.bodies import PriceBody, TierBody
from billing.rules.quotes.days import instant_in
from catalog.rules.price_errors import tier_errors
from catalog.rules.terms import Dims, PerTransaction, Price, PriceModel, Rounding, Source, Tier, dims_of
from monetization.values.errors import Invalid
from monetization.values.money import EXACT
from monetization.values.periods import Period

SOURCE = Source("quote", 1, 0)
CENT = Decimal("0.01")
START = datetime.fromisoformat("0001-01-02T00:00:00Z")
PACKAGES = {"up": Rounding.UP, "down": Rounding.DOWN, "exact": None}


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
        start = instant_in(row.starts_on, f"{path}.starts_on", zone) if row.starts_on else START
        end = instant_in(row.ends_on, f"{path}.ends_on", zone, end=True) if row.ends_on else None
        found.append(Dated(price_of(row, number, dims_of(row.match, order), path), Period(start, end)))
    return found


def in_force(rows: Iterable[Dated], at: datetime) -> tuple[Price, ...]:
    """Give the rows that price an instant: of those with the same conditions the one that started last."""
    latest: dict[Dims, Dated] = {}
    for row in rows:
        known = latest.get(row.price.match)
        if at in row.period and (known is None or row.period.starts_at >= known.period.starts_at):
            latest[row.price.match] = row
    return tuple(row.price for row in latest.values())


def price_of(row: PriceBody, number: int, match: Dims, field: str) -> Price:
    """Read a row. Raises Invalid, naming the member."""
    price = _MODELS.get(row.model, _tiered)(row, number, match, field)
    errors = tier_errors(price, field)
    if errors:
        raise errors[0]
    return price


def _price(number: int, match: Dims, model: PriceModel, tiers: tuple[Tier, ...], row: PriceBody) -> Price:
    return Price(number, row.name or str(number), match, model, tiers, SOURCE, retroactive=row.retroactive)


def _per_unit(row: PriceBody, number: int, match: Dims, field: str) -> Price:
    unit_price = _needed(row.unit_price, f"{field}.unit_price")
    return _price(number, match, PriceModel.PER_UNIT, (Tier(unit_price=unit_price),), row)


def _dynamic(row: PriceBody, number: int, match: Dims, field: str) -> Price:
    return _price(number, match, PriceModel.PER_UNIT, (Tier(unit_price=row.multiplier),), row)


def _tiered(row: PriceBody, number: int, match: Dims, field: str) -> Price:
    return _price(number, match, PriceModel(row.model), tuple(map(_tier, row.tiers)), row)


def _percent_tiers(row: PriceBody, number: int, match: Dims, field: str) -> Price:
    return _price(number, match, PriceModel.GRADUATED, tuple(map(_tier, row.tiers)), row)


def _tier(tier: TierBody) -> Tier:
    unit_price = tier.unit_price if tier.percent is None else EXACT.multiply(tier.percent, CENT)
    if tier.block_size is not None and tier.block_size <= 0:
        raise Invalid("A block has more than no units", field="block_size", fix="Give a size above zero")
    return Tier(tier.up_to, unit_price, tier.flat_fee, tier.block_size)


def _package(row: PriceBody, number: int, match: Dims, field: str) -> Price:
    size = _needed(row.package_size, f"{field}.package_size")
    if size <= 0:
        raise Invalid("A package has more than no units", field=f"{field}.package_size", fix="Give a size above zero")
    tier = Tier(unit_price=_needed(row.package_price, f"{field}.package_price"), block_size=size)
    packages = PACKAGES[row.rounding]
    return Price(number, row.name or str(number), match, PriceModel.PACKAGE, (tier,), SOURCE, packages)


def _percentage(row: PriceBody, number: int, match: Dims, field: str) -> Price:
    rule = PerTransaction(
        _needed(row.percent, f"{field}.percent"), row.fixed_fee, row.free_events, row.free_amount, row.minimum_fee,
        row.maximum_fee,
    )  # fmt: skip
    return Price(number, row.name or str(number), match, PriceModel.PERCENTAGE, (), SOURCE, transaction=rule)


def _needed(value: Decimal | None, field: str) -> Decimal:
    if value is None:
        raise Invalid("The price is missing", field=field, fix="Give a decimal text")
    return value


_MODELS = {
    "PER_UNIT": _per_unit,
    "DYNAMIC": _dynamic,
    "PACKAGE": _package,
    "PERCENTAGE": _percentage,
    "GRADUATED_PERCENTAGE": _percent_tiers,
}
