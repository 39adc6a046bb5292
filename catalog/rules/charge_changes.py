"""What changes between two versions about products themselves, beside their prices, and about pricing units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.rules.cards import CardCharge
from catalog.rules.drafts import CUTS, RESETS
from catalog.rules.units import Rates, rates_in_words
from monetization.values.money import plain


@dataclass(frozen=True, slots=True)
class ChargeChange:
    """What changes about a charge itself: its name, tax category, metric or tier setting."""

    product: str
    what: str
    old: str
    new: str


def charge_changes(old: Sequence[CardCharge], new: Sequence[CardCharge]) -> Iterator[ChargeChange]:
    """Say what becomes of the settings of products that both versions have."""
    before = {charge.product: charge for charge in old}
    for charge in new:
        was = before.get(charge.product)
        if was is not None:
            pairs = zip(_settings(was), _settings(charge), strict=True)
            yield from (ChargeChange(charge.product, what, a, b) for (what, a), (_, b) in pairs if a != b)


def rate_changes(old: Sequence[CardCharge], new: Sequence[CardCharge]) -> Iterator[ChargeChange]:
    """Say for each pricing unit of both versions what becomes of its worth."""
    before, after = _rates(old), _rates(new)
    for unit in after:
        if unit in before and before[unit] != after[unit]:
            yield ChargeChange(unit, "worth of one", rates_in_words(before[unit]), rates_in_words(after[unit]))


def _rates(card: Sequence[CardCharge]) -> dict[str, Rates]:
    return {charge.terms.pricing_unit: charge.rates for charge in card if charge.terms.pricing_unit}


def _settings(charge: CardCharge) -> tuple[tuple[str, str], ...]:
    terms = charge.terms
    return (
        ("name", charge.name),
        ("tax category", charge.tax_category),
        ("metric", charge.metric.metric),
        ("tiers start again", RESETS[terms.tier_reset]),
        ("free units", plain(terms.free_units)),
        ("flat fee at zero usage", "yes" if terms.flat_at_zero else "no"),
        ("tiers apart by", ", ".join(terms.tier_by) or "nothing"),
        ("a new price inside a period", CUTS[terms.cut]),
        ("only the dearest of group", terms.highest_of or "none"),
        ("rounded", "as one charge" if terms.rounds_as_one else "line by line"),
        ("priced in", terms.pricing_unit or "currencies"),
    )
