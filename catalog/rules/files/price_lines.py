"""The difference of two price lists as lines of a preview: a line a price, and one for each tier that moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from catalog.rules.diff import Change, ChargeChange, Difference, RowChange, TierChange
from catalog.rules.files.previews import Line
from catalog.rules.files.prices import Charges
from catalog.rules.tariff_words import number, words_of
from catalog.rules.terms import Dims

Key = tuple[str, str, Dims]


def lines_of(found: Difference, rows: Mapping[Key, int]) -> Iterator[Line]:
    """Give a line for each price row of both, in order, then what changes about the products themselves.

    `rows`: where the file says a price.
    """
    for change in found.rows:
        row = rows.get((change.product, change.currency, tuple(sorted(change.match))), 0)
        yield _line(change, row)
        yield from (_tier(change, tier, row) for tier in change.tiers if _moves(change, tier))
    yield from (_setting(each) for each in found.charges)


def row_numbers(charges: Charges) -> dict[Key, int]:
    """Give the first row of each price of a file."""
    return {
        (draft.product, price.currency, tuple(sorted(price.match.items()))): rows[0].row
        for draft, prices in zip(charges.drafts, charges.rows, strict=True)
        for price, rows in zip(draft.prices, prices, strict=True)
    }


def _line(change: RowChange, row: int) -> Line:
    old = words_of(change.was, "unit", change.currency) if change.was else ""
    new = words_of(change.becomes, "unit", change.currency) if change.becomes else ""
    percent = change.percent if change.change is Change.CHANGED else None
    return Line(change.change, change.product, _subject(change), "", old, new, percent, row)


def _subject(change: RowChange) -> str:
    dims = ", ".join(f"{key} {value}" for key, value in change.match) or "any"
    return f"{change.name} · {dims} · {change.currency}"


def _moves(change: RowChange, tier: TierChange) -> bool:
    if change.change is not Change.CHANGED or len(change.tiers) < 2:
        return False
    return tier.old_unit_price != tier.new_unit_price or tier.old_flat_fee != tier.new_flat_fee


def _tier(change: RowChange, tier: TierChange, row: int) -> Line:
    what = f"above {number(tier.over)}" + (f" up to {number(tier.up_to)}" if tier.up_to is not None else "")
    old, new = _said(tier.old_unit_price, tier.old_flat_fee), _said(tier.new_unit_price, tier.new_flat_fee)
    return Line(Change.CHANGED, change.product, _subject(change), what, old, new, tier.percent, row)


def _said(unit_price: Decimal | None, flat_fee: Decimal | None) -> str:
    """Say a stretch: its price, and its flat fee where there is one."""
    price = number(unit_price) if unit_price is not None else ""
    return f"{price} + {number(flat_fee)} flat" if flat_fee else price


def _setting(change: ChargeChange) -> Line:
    return Line(Change.CHANGED, change.product, change.product, change.what, change.old, change.new)
