"""What a tariff may say and not everybody expects of it: one more unit that costs less in total, fees over 100 %."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from catalog.rules.surprises import Surprise
from catalog.rules.tariff_words import number, price
from catalog.rules.tariffs import Tariff, WrittenModel
from catalog.rules.terms import Tier
from monetization.values.money import round_half_away

HUNDRED = Decimal(100)
Cost = tuple[Fraction, Fraction]  # just at a bound, and with one more unit


def tariff_warnings(tariff: Tariff, currency: str = "") -> list[Surprise]:
    """List what somebody should know before publishing; the tariff has no errors."""
    return [*_cliffs(tariff, currency), *_percents(tariff)]


def _cliffs(tariff: Tariff, currency: str) -> Iterator[Surprise]:
    if tariff.model not in (WrittenModel.VOLUME, WrittenModel.TIERED_FLAT):
        return
    for index, (tier, following) in enumerate(zip(tariff.tiers, tariff.tiers[1:], strict=False)):
        if tier.up_to is None:
            continue
        at, after = _whole(tariff.model, tier, tier.up_to), _whole(tariff.model, following, tier.up_to + 1)
        if after < at:
            shown = [price(round_half_away(each, 2), "") for each in (after, at)]
            message = f"One more unit than {number(tier.up_to)} costs less in total: {shown[0]} instead of {shown[1]}."
            yield Surprise(f"tiers[{index + 1}].unit_price", message)


def _whole(model: WrittenModel, tier: Tier, quantity: Decimal) -> Fraction:
    if model is WrittenModel.TIERED_FLAT:
        return Fraction(tier.flat_fee)
    units = Fraction(quantity)
    if tier.block_size is not None:
        units = Fraction(-(-units // Fraction(tier.block_size)))
    return units * Fraction(tier.unit_price) + Fraction(tier.flat_fee)


def _percents(tariff: Tariff) -> Iterator[Surprise]:
    if tariff.transaction is not None and tariff.transaction.percent > HUNDRED:
        yield Surprise("percent", "More than 100 %: each transaction costs more than its amount.")
    if tariff.model is WrittenModel.GRADUATED_PERCENTAGE and any(tier.unit_price > 1 for tier in tariff.tiers):
        yield Surprise("tiers", "More than 100 %: a part of the amount costs more than itself.")
