"""Money: exact until the line, then rounded once, here and nowhere else.

Unit prices and quantities are exact decimals, unrounded amounts are ``Fraction`` (1/31 of a fee
never ends as a decimal). ``round_once`` brings an amount to the currency's minor unit (ISO 4217:
JPY 0, KWD 3), half away from zero, below zero too. ``allocate`` and ``shares`` split a rounded
amount and lose nothing.

Floats are refused everywhere. Decimals are never added under Python's default context, which rounds
to 28 digits without saying so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from functools import lru_cache, total_ordering
from math import floor
from typing import Any

from iso4217 import Currency

from monetization.values.errors import Invalid

# Traps Inexact, so that a sum which would lose a digit raises rather than rounds.
EXACT = Context(prec=400, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
Exact = Fraction | Decimal | int


@lru_cache(maxsize=512)
def minor_digits(currency: str) -> int:
    """Decimal places of the currency's minor unit by ISO 4217 (not CLDR): USD 2, JPY 0, KWD 3."""
    known = Currency.__members__.values()
    found = next((entry for entry in known if entry.code == currency), None)
    if found is None or found.exponent is None:
        raise Invalid(
            f"“{currency}” is not a currency that money is kept in",
            field="currency",
            fix="Use a code of ISO 4217, such as EUR",
        )
    return int(found.exponent)


def round_half_away(value: Exact, digits: int) -> Decimal:
    """Round to ``digits`` decimal places (negative: tens, hundreds), half away from zero."""
    scaled = Fraction(value) * Fraction(10) ** digits
    units = floor(abs(scaled) + Fraction(1, 2))
    return _scaled(-units if scaled < 0 else units, digits)


def round_once(exact: Exact, currency: str) -> Decimal:
    """Round an exact amount to the minor unit, half away from zero; the result keeps its trailing
    zeros.
    """
    return round_half_away(_number(exact), minor_digits(currency))


def rounded_down(exact: Exact, currency: str) -> Decimal:
    """Cut an exact amount to the minor unit, towards less: what a balance can pay in whole units."""
    digits = minor_digits(currency)
    return _scaled(floor(Fraction(_number(exact)) * 10**digits), digits)


def allocate(total: Decimal, weights: Sequence[Fraction | Decimal | int], currency: str) -> list[Decimal]:
    """Split a rounded total in proportion to weights: largest remainder, ties to the earlier,
    nothing lost.

    Weights that sum to zero split a total of zero into zeros and are refused otherwise.
    """
    digits = minor_digits(currency)
    units, whole = _units(total, digits), sum((Fraction(weight) for weight in weights), Fraction(0))
    if whole == 0:
        if units:
            raise Invalid(
                "There is nothing to split the amount by",
                field="weights",
                fix="Give a positive weight",
            )
        return [_scaled(0, digits)] * len(weights)
    return _largest_remainder(units, [units * Fraction(weight) / whole for weight in weights], digits)


def shares(total: Decimal, parts: Sequence[Fraction], currency: str) -> list[Decimal]:
    """Round the exact parts of an amount so that they sum to the rounded amount, by largest
    remainder.

    Unlike ``allocate`` the parts are not scaled, so parts of both signs that nearly cancel stay
    recognisable.
    """
    digits = minor_digits(currency)
    return _largest_remainder(_units(total, digits), [part * 10**digits for part in parts], digits)


def total_of(amounts: Iterable[Decimal]) -> Decimal:
    """Add decimals without losing a digit."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def plain(value: Exact) -> str:
    """Write a number without exponent or needless zeros; a fraction that never ends as ``1/31``."""
    exact = Fraction(_number(value))
    places = _places(exact.denominator)
    if places is None:
        return f"{exact.numerator}/{exact.denominator}"
    units = exact.numerator * 10**places // exact.denominator
    digits = str(abs(units)).rjust(places + 1, "0")
    sign = "-" if units < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def exact_of(text: str) -> Fraction:
    """Read back what ``plain`` wrote."""
    return Fraction(text)


def finite(value: Fraction) -> Decimal | None:
    """Give the fraction as a decimal if it ends as one, else None."""
    places = _places(value.denominator)
    return None if places is None else _scaled(value.numerator * 10**places // value.denominator, places)


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units of a currency; two currencies never mix."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        digits = minor_digits(self.currency)
        object.__setattr__(self, "amount", _scaled(_units(self.amount, digits), digits))

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Give nothing, in this currency."""
        return cls(Decimal(0), currency)

    def __add__(self, other: Money) -> Money:
        return Money(EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(EXACT.minus(self.amount), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same(self, other: Money) -> Decimal:
        if self.currency != other.currency:
            raise Invalid(
                f"{self.currency} and {other.currency} can't be mixed",
                field="currency",
                fix="Convert one of them at a stated rate first",
            )
        return other.amount


def _number(value: Any) -> Exact:
    if isinstance(value, bool | float) or not isinstance(value, Fraction | Decimal | int):
        raise TypeError(f"money needs an exact number, not {type(value).__name__}")
    if isinstance(value, Decimal) and not value.is_finite():
        raise Invalid("The amount is not a finite number", field="amount", fix="Give a decimal number")
    return value


def _units(amount: Decimal, digits: int) -> int:
    units = Fraction(_number(amount)) * 10**digits
    if units.denominator != 1:
        raise Invalid(
            f"{amount} has more decimal places than its currency ({digits})",
            field="amount",
            fix=f"Round it to {digits} decimal places",
        )
    return int(units)


def _scaled(units: int, digits: int) -> Decimal:
    """Give ``units`` × 10^-digits with exactly ``digits`` places (none below zero) and no rounding
    by a context.
    """
    whole = units if digits >= 0 else units * 10**-digits
    numerals = tuple(int(numeral) for numeral in str(abs(whole)))
    return Decimal((1 if whole < 0 else 0, numerals, -max(digits, 0)))


def _largest_remainder(units: int, ideals: list[Fraction], digits: int) -> list[Decimal]:
    """Round the ideals down, then hand the missing units to the largest remainders; mirrored below
    zero.
    """
    sign = -1 if units < 0 else 1
    mirrored = [sign * ideal for ideal in ideals]
    given = [floor(ideal) for ideal in mirrored]
    missing = sign * units - sum(given)
    if not 0 <= missing <= len(given):
        raise ValueError("the parts don't sum to the total that they share")
    by_remainder = sorted(range(len(given)), key=lambda i: given[i] - mirrored[i])
    for index in by_remainder[:missing]:
        given[index] += 1
    return [_scaled(sign * part, digits) for part in given]


def _places(denominator: int) -> int | None:
    """Decimal places that a fraction with this denominator needs; None if it never ends."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None
