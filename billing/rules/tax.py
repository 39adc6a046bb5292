"""Tax on rounded lines: per (category, rate) on their sum, rounded once (EN 16931 BR-CO-17).

Which category, for services sold across borders:

- S: the seller's own country, or a consumer elsewhere in the EU (at the seller's rate; the one-stop
  shop with the buyer's rate comes with the later work on tax).
- Z: as S where the dated rate is 0.
- E: the buyer is exempt; the reason is printed.
- AE: an EU seller and an EU business with a tax id in another country: the buyer owes the tax
  (reverse charge).
- O: everything else across a border. A service supplied outside the seller's tax area is outside
  the scope of its tax. (Not G: that is the zero-rated export of goods.)

An account without what its tax needs is **parked**: ``Missing`` says what, and its invoice can't be
approved. Prices are net.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from monetization.values.money import round_once, total_of

EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
VAT_PREFIX = {"GR": "EL"}
ZERO = Decimal(0)
REVERSE_CHARGE = "Reverse charge: the customer accounts for the tax (Article 196 of Directive 2006/112/EC)"
OUT_OF_SCOPE = "Supplied outside the tax area of the seller, not subject to its tax"


@dataclass(frozen=True, slots=True)
class TaxProfile:
    """Places and ids that decide the tax; ``exempt`` is the printed reason, empty where the buyer
    isn't.
    """

    seller_country: str
    buyer_country: str
    buyer_tax_id: str = ""
    exempt: str = ""


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A percentage for a country and product tax category, from a local date until the next one."""

    country: str
    tax_category: str
    percent: Decimal
    start_date: date


@dataclass(frozen=True, slots=True)
class Treatment:
    """A category of EN 16931, its percentage, and the reason to print."""

    category: str
    percent: Decimal = ZERO
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """What must be known before this can be taxed; the account is parked until then."""

    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class TaxLine:
    """Tax of one category and rate on the sum of its lines."""

    category: str
    percent: Decimal
    reason: str
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Taxes:
    """Tax lines in order of category, then highest rate; ``missing`` is empty unless the account is
    parked.
    """

    lines: tuple[TaxLine, ...]
    missing: tuple[Missing, ...] = ()


def treatment(profile: TaxProfile, tax_category: str, on: date, rates: Sequence[TaxRate]) -> Treatment | Missing:
    """Decide how a sale of this product category is taxed on a local date."""
    seller, buyer = profile.seller_country, profile.buyer_country
    if not seller or not buyer:
        who = "seller's" if not seller else "customer's"
        return Missing(f"The {who} country is not known", f"Fill in the country of the {who} address")
    if profile.exempt:
        return Treatment("E", ZERO, profile.exempt)
    if buyer == seller:
        return _rated(seller, tax_category, on, rates)
    if seller in EU and buyer in EU:
        return _inside_eu(profile, tax_category, on, rates)
    return Treatment("O", ZERO, OUT_OF_SCOPE)


def tax(
    lines: Iterable[tuple[str, Decimal]],
    profile: TaxProfile,
    *,
    on: date,
    rates: Sequence[TaxRate],
    currency: str,
) -> Taxes:
    """Tax rounded lines, given as (product tax category, amount)."""
    bases: dict[Treatment, list[Decimal]] = {}
    missing: dict[Missing, None] = {}
    for tax_category, amount in lines:
        found = treatment(profile, tax_category, on, rates)
        if isinstance(found, Missing):
            missing[found] = None
        else:
            bases.setdefault(found, []).append(amount)
    taxed = (_tax_line(each, total_of(amounts), currency) for each, amounts in bases.items())
    return Taxes(tuple(sorted(taxed, key=lambda line: (line.category, -line.percent))), tuple(missing))


def _inside_eu(profile: TaxProfile, tax_category: str, on: date, rates: Sequence[TaxRate]) -> Treatment | Missing:
    buyer, tax_id = profile.buyer_country, profile.buyer_tax_id.replace(" ", "").upper()
    if not tax_id:
        return _rated(profile.seller_country, tax_category, on, rates)
    prefix = VAT_PREFIX.get(buyer, buyer)
    if tax_id.startswith(prefix):
        return Treatment("AE", ZERO, REVERSE_CHARGE)
    return Missing(
        f"The customer's tax id is not one of {buyer}",
        f"Use the id that starts with {prefix}, or clear it",
    )


def _rated(country: str, tax_category: str, on: date, rates: Sequence[TaxRate]) -> Treatment | Missing:
    dated = [r for r in rates if (r.country, r.tax_category) == (country, tax_category) and r.start_date <= on]
    if not dated:
        return Missing(f"No {tax_category} tax rate of {country} on {on}", "Add the rate with its start date")
    percent = max(dated, key=lambda rate: rate.start_date).percent
    return Treatment("S", percent.normalize()) if percent else Treatment("Z", ZERO, "Zero rate")


def _tax_line(found: Treatment, base: Decimal, currency: str) -> TaxLine:
    amount = round_once(Fraction(base) * Fraction(found.percent) / 100, currency)
    return TaxLine(found.category, found.percent, found.reason, round_once(base, currency), amount)
