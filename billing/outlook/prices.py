"""The effective price list of a contract's first period: what each price is, and what is left of it after discounts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.rules.scopes import fits
from catalog.rules.terms import Charge, Discount, Price, Terms
from monetization.values.money import finite, round_half_away

PLACES = 12


@dataclass(frozen=True, slots=True)
class ShownPrice:
    """A price row: its first unit price on the list, what is paid for it, and the percentage off; tiers beyond it."""

    charge: Charge
    price: Price
    listed: Decimal
    effective: Decimal
    percent: Decimal
    tiers: int
    discounts: tuple[str, ...]


def effective_of(terms: Terms, words: Sequence[str] = ()) -> list[ShownPrice]:
    """List the prices at the start of a period that hold every word, in the order of the list."""
    charges = terms.segments[0].charges if terms.segments else ()
    return [
        _shown(charge, price, terms.discounts)
        for charge in charges
        for price in charge.prices
        if all(word in f"{charge.name} {price.key}".casefold() for word in words)
    ]


def _shown(charge: Charge, price: Price, discounts: Sequence[Discount]) -> ShownPrice:
    listed = price.tiers[0].unit_price if price.tiers else Decimal(0)
    mine = list(_on(charge, price, discounts))
    left = Fraction(1)
    for each in mine:
        left *= 1 - Fraction(each.percent) / 100
    paid = finite(Fraction(listed) * left)
    percent = finite((1 - left) * 100)
    return ShownPrice(
        charge, price, listed, paid if paid is not None else round_half_away(Fraction(listed) * left, PLACES),
        percent if percent is not None else round_half_away((1 - left) * 100, 4), len(price.tiers),
        tuple(each.name for each in mine),
    )  # fmt: skip


def _on(charge: Charge, price: Price, discounts: Sequence[Discount]) -> Iterator[Discount]:
    for each in discounts:
        scope = each.scope
        if each.percent and fits(
            scope, charge=charge.slot, product=charge.product, tags=charge.tags, kind="usage", match=price.match
        ):
            yield each
