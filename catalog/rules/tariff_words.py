"""A tariff in one line that people read: “5.00 per package of 100, rounded up”, and what some quantities cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from catalog.rules.tariffs import Tariff, WrittenModel
from catalog.rules.terms import PerTransaction, Rounding, Tier
from catalog.rules.transactions import Transaction
from catalog.rules.walks import Walk, walk
from monetization.values.money import EXACT, minor_digits, plain

HUNDRED = Decimal(100)
MOST = 3  # tiers that one line can say
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
PACKAGES = {Rounding.UP: ", rounded up", Rounding.DOWN: ", rounded down", None: ", in exact parts"}


def words_of(tariff: Tariff, unit: str = "unit", currency: str = "") -> str:
    """Say a tariff in one line."""
    if tariff.model is WrittenModel.PERCENTAGE:
        return _percentage(tariff.transaction, currency) if tariff.transaction else ""
    if not tariff.tiers:
        return "nothing yet"
    first = tariff.tiers[0]
    if tariff.model is WrittenModel.PER_UNIT:
        return f"{price(first.unit_price, currency)} per {unit or 'unit'}"
    if tariff.model is WrittenModel.DYNAMIC:
        return f"each event's own amount × {number(first.unit_price)}"
    if tariff.model is WrittenModel.PACKAGE:
        size = number(first.block_size or Decimal(1))
        return f"{price(first.unit_price, currency)} per package of {size}{PACKAGES[tariff.packages]}"
    return _table(tariff, currency)


def costs(tariff: Tariff, quantities: Iterable[Decimal]) -> Iterator[tuple[Decimal, Fraction]]:
    """Give what quantities cost from zero on; of a price of transactions, one transaction of that amount."""
    for quantity in quantities:
        event = (Transaction(NO_TIME, "", "", quantity),)
        way = Walk(((Fraction(0), Fraction(quantity)),), opens=True, events=(event,))
        found = walk(tariff.alone, way)
        yield quantity, sum((part.amount for parts in found for part in parts), Fraction(0))


def number(value: Decimal) -> str:
    """Write a number with exactly its digits, in groups of three."""
    return format(Decimal(plain(value)), ",f")


def price(value: Decimal, currency: str = "") -> str:
    """Write a price exactly, with its currency's digits at least (two, where none is given)."""
    whole, _, rest = number(value).partition(".")
    digits = rest.ljust(minor_digits(currency) if currency else 2, "0")
    return f"{whole}.{digits}" if digits else whole


def _percentage(rule: PerTransaction, currency: str) -> str:
    words = f"{number(rule.percent)} %"
    if rule.fixed_fee:
        words += f" + {price(rule.fixed_fee, currency)}"
    found = [f"{words} each"]
    if rule.minimum_fee is not None:
        found.append(f"at least {price(rule.minimum_fee, currency)}")
    if rule.maximum_fee is not None:
        found.append(f"at most {price(rule.maximum_fee, currency)}")
    free = [f"{number(rule.free_events)} events"] if rule.free_events is not None else []
    free += [price(rule.free_amount, currency)] if rule.free_amount is not None else []
    return ", ".join(found + ([f"the first {' or '.join(free)} free"] if free else []))


def _table(tariff: Tariff, currency: str) -> str:
    start = "all units at " if tariff.model is WrittenModel.VOLUME else ""
    last = ", units of earlier periods too" if tariff.retroactive else ""
    if len(tariff.tiers) > MOST:
        ends = [_cost(tariff.model, tier, currency) for tier in (tariff.tiers[0], tariff.tiers[-1])]
        return f"{start}{ends[0]} first, {ends[1]} last, in {len(tariff.tiers)} tiers{last}"
    return start + _steps(tariff.model, tariff.tiers, currency) + last


def _steps(model: WrittenModel, tiers: Sequence[Tier], currency: str) -> str:
    found = []
    for index, tier in enumerate(tiers):
        cost = _cost(model, tier, currency)
        if tier.up_to is not None:
            found.append(f"{cost} up to {number(tier.up_to)}")
        else:
            found.append(f"{cost} above" if index else cost)
    return ", ".join(found)


def _cost(model: WrittenModel, tier: Tier, currency: str) -> str:
    if model is WrittenModel.TIERED_FLAT:
        return f"{price(tier.flat_fee, currency)} flat"
    if model is WrittenModel.GRADUATED_PERCENTAGE:
        words = f"{number(EXACT.multiply(tier.unit_price, HUNDRED))} %"
    else:
        words = price(tier.unit_price, currency)
    if tier.block_size is not None:
        words += f" per {number(tier.block_size)}"
    return f"{words} + {price(tier.flat_fee, currency)} flat" if tier.flat_fee else words
