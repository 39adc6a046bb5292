"""Pricing units on a rate card: what a version says that one of them is worth, and what is missing or wrong in it.

A charge in a unit has price rows without a currency; one table serves every currency that has a rate. Rates are fixed
with the version: another rate is another version.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog.rules.tariff_errors import storable
from monetization.values.errors import DomainError, Invalid
from monetization.values.money import minor_digits, plain

Rates = tuple[tuple[str, Decimal], ...]  # (currency, what one unit is in it), by currency


@dataclass(frozen=True, slots=True)
class RateDraft:
    """What one pricing unit, named by its key, shall be worth in a currency."""

    unit: str
    currency: str
    rate: Decimal


def rate_in(rates: Rates, currency: str) -> Decimal | None:
    """Give what one unit is worth in a currency; None where nobody said."""
    return dict(rates).get(currency)


def rates_in_words(rates: Rates) -> str:
    """Say what one unit is worth."""
    return ", ".join(f"{plain(rate)} {currency}" for currency, rate in rates) or "nothing yet"


def rate_errors(drafts: Sequence[RateDraft], known: Collection[str], field: str = "rates") -> Iterator[DomainError]:
    """List what is wrong with rates; ``known``: keys of the units that there are."""
    seen: set[tuple[str, str]] = set()
    for number, draft in enumerate(drafts):
        path, place = f"{field}[{number}]", (draft.unit, draft.currency)
        if draft.unit not in known:
            message = f"There is no pricing unit “{draft.unit}”"
            yield Invalid(message, field=f"{path}.pricing_unit", fix="Create it first")
        if place in seen:
            yield Invalid("This rate is said twice", field=f"{path}.currency", fix="Leave one out")
        seen.add(place)
        try:
            minor_digits(draft.currency)
        except Invalid as error:
            yield Invalid(error.message, field=f"{path}.currency", fix=error.fix)
        if not storable(draft.rate) or draft.rate <= 0:
            fix = "Give what one unit is in the currency: above zero, at most 18 places"
            yield Invalid("A pricing unit is worth something", field=f"{path}.rate", fix=fix)


def missing_rates(unit: str, rates: Rates, needed: Collection[str]) -> Iterator[DomainError]:
    """Refuse a unit that has no worth at all, or none in a currency that contracts need."""
    said = dict(rates)
    if not said and not needed:
        message = f"Nothing says what one {unit} is worth"
        yield Invalid(message, field=f"unit_rates.{unit}", fix="Add its rate in each currency that is sold in")
    for currency in sorted(set(needed) - said.keys()):
        message = f"Nothing says what one {unit} is in {currency}, which contracts on this card need"
        yield Invalid(message, field=f"unit_rates.{unit}.{currency}", fix=f"Add its rate in {currency}")
