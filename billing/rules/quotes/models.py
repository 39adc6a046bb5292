"""The price models of a quote's rows, each read into a price of the engine."""

from __future__ import annotations

from decimal import Decimal

from billing.rules.quotes.bodies.prices import PriceBody, TierBody
from catalog.rules.price_errors import tier_errors
from catalog.rules.terms import Dims, PerTransaction, Price, PriceModel, Rounding, Source, Tier
from monetization.values.errors import Invalid
from monetization.values.money import EXACT

SOURCE = Source("quote", 1, 0)


CENT = Decimal("0.01")


PACKAGES = {"up": Rounding.UP, "down": Rounding.DOWN, "exact": None}


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
    return _price(number, match, PriceModel(row.model), _tiers(row, field), row)


def _percent_tiers(row: PriceBody, number: int, match: Dims, field: str) -> Price:
    return _price(number, match, PriceModel.GRADUATED, _tiers(row, field), row)


def _tiers(row: PriceBody, field: str) -> tuple[Tier, ...]:
    return tuple(_tier(tier, f"{field}.tiers[{number}]") for number, tier in enumerate(row.tiers))


def _tier(tier: TierBody, field: str) -> Tier:
    unit_price = tier.unit_price if tier.percent is None else EXACT.multiply(tier.percent, CENT)
    if tier.block_size is not None and tier.block_size <= 0:
        raise Invalid("A block has more than no units", field=f"{field}.block_size", fix="Give a size above zero")
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
