"""The effective price list of a contract's first day: what the list asks, what the contract makes of it, what is left.

What is left is after percentages off the lines too, which a price itself doesn't know.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from catalog.models import Contract
from catalog.queries import EffectivePrice, effective_prices
from catalog.rules.agreed import Discount, fits
from catalog.rules.terms import Price
from monetization.values.money import finite, round_half_away
from monetization.values.periods import local_midnight

PLACES, HUNDREDTHS = 12, 2
ALL = Fraction(1)


@dataclass(frozen=True, slots=True)
class ShownPrice:
    """A price with what is left of it in words; ``percent`` off the list (None: no one number says it)."""

    row: EffectivePrice
    words: str
    percent: Decimal | None
    discounts: tuple[str, ...]

    @property
    def is_list(self) -> bool:
        """Whether it is what everybody pays."""
        return not self.discounts and not self.row.is_own

    @property
    def how(self) -> str:
        """Say what makes it another price."""
        return ", ".join(each for each in (self.row.override_words, *self.discounts) if each)


def effective_of(contract: Contract, discounts: Sequence[Discount]) -> list[ShownPrice]:
    """List the prices of a contract's first day, those that it changes first."""
    start = local_midnight(contract.start_date, contract.account.time_zone)
    found = [_shown(row, list(_on(row, discounts))) for row in effective_prices(contract, start)]
    return sorted(found, key=lambda each: not each.row.is_own)


def _shown(row: EffectivePrice, discounts: Sequence[Discount]) -> ShownPrice:
    left = ALL
    for each in discounts:
        left *= 1 - Fraction(each.percent) / 100
    words = row.words(_less(row.effective, left)) if left != 1 else row.effective_words
    own = row.discount_percent
    percent = None if own is None else round_half_away(100 - (100 - Fraction(own)) * left, HUNDREDTHS)
    return ShownPrice(row, words, percent, tuple(f"{each.percent.normalize():f} % {each.name}" for each in discounts))


def _less(price: Price, left: Fraction) -> Price:
    tiers = (
        replace(tier, unit_price=_of(tier.unit_price, left), flat_fee=_of(tier.flat_fee, left)) for tier in price.tiers
    )
    return replace(price, tiers=tuple(tiers))


def _of(number: Decimal, left: Fraction) -> Decimal:
    exact = finite(Fraction(number) * left)
    return exact if exact is not None else round_half_away(Fraction(number) * left, PLACES)


def _on(row: EffectivePrice, discounts: Sequence[Discount]) -> Iterator[Discount]:
    """List the percentages off this price's lines; scopes by tag are left to the line."""
    for each in discounts:
        if each.percent and fits(
            each.scope, charge=row.product, product=row.product, tags=frozenset(), kind="usage", match=row.match
        ):
            yield each
