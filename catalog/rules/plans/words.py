"""A package in sentences: one for its terms each, one for each part; pages, differences and approvals show the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from catalog.rules.plans import part_words
from catalog.rules.plans.package import KINDS, Package, parts_of
from catalog.rules.plans.part_words import named

SECTIONS = {
    "fees": "Fees", "one_time": "One-time fees", "allowances": "Free units", "limits": "Limits", "grants": "Credits",
    "discounts": "Discounts", "bounds": "Minimums and maximums",
}  # fmt: skip
CADENCES = {"MONTHLY": "month", "QUARTERLY": "quarter", "ANNUAL": "year"}
ANCHORS = {"contract_day": "from the first paid day", "first": "by the calendar"}


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a package says; ``key`` tells it from others across versions."""

    section: str
    key: str
    what: str
    words: str


def said(package: Package, names: Mapping[str, str]) -> list[Said]:
    """Say everything; ``names``: of products, by key."""
    found = [Said("Terms", what, what, words) for what, words in _terms(package)]
    for kind in KINDS:
        section, say = SECTIONS[kind], part_words.WORDS[kind]
        found += [Said(section, each.key, each.name, say(each, names, package)) for each in parts_of(package, kind)]
    return found


def _terms(package: Package) -> Iterator[tuple[str, str]]:
    yield "Currencies", ", ".join(package.currencies) or "none yet"
    begins = ANCHORS.get(package.anchor, f"from day {package.anchor_day}")
    yield (
        "Billed",
        f"each {CADENCES[package.cadence]}, {begins}; due {named(package.net_days, 'day')} after the invoice",
    )
    yield "Trial", f"{named(package.trial_days, 'day')}, free of everything" if package.trial_days else "none"
    yield "Term", f"{named(package.term_months, 'month')} after the trial" if package.term_months else "open"


def least_price(package: Package, currency: str) -> Decimal:
    """Add up the recurring fees of the plan's own cadence in one currency: what a period costs at least."""
    mine = [fee for fee in package.fees if fee.cadence in ("", package.cadence)]
    return sum((fee.unit_price.get(currency, Decimal(0)) * fee.quantity for fee in mine), Decimal(0))
