"""The difference between two versions of a rate card, for people who don't read tables of numbers.

Rows are matched by product, currency and dimension values. Tier tables are laid side by side over
the bounds of both, so that every stretch of quantity shows its old and its new price, also where
the bounds moved. What is no tier (the model itself, block sizes, fees of transactions) is said by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from catalog.rules.cards import CardCharge, CardPrice
from catalog.rules.drafts import CUTS, RESETS
from catalog.rules.tariffs import Tariff
from catalog.rules.terms import Dims, Price, Tier
from catalog.rules.written import FEES, MEMBERS, said_of
from monetization.values.money import plain, round_half_away

Key = tuple[str, str, Dims]
SAID = (*FEES, "rounding", "retroactive", "package_size")
SAID_SO: Mapping[object, str] = {None: "none", True: "yes", False: "no"}
DEARER = ("percent", "fixed fee", "minimum fee", "maximum fee")
CHEAPER = ("free events", "free amount")


class Change(StrEnum):
    """What happened to a row between two versions."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"
    UNCHANGED = "UNCHANGED"


class Direction(StrEnum):
    """Whether a customer pays more or less; MIXED where it depends on the quantity."""

    UP = "UP"
    DOWN = "DOWN"
    MIXED = "MIXED"
    SAME = "SAME"


@dataclass(frozen=True, slots=True)
class TierChange:
    """Old and new price of the units above ``over`` up to ``up_to`` (None = open); None where there
    is no row.

    A flat fee is shown at the stretch that begins its tier, and is None elsewhere.
    """

    over: Decimal
    up_to: Decimal | None
    old_unit_price: Decimal | None
    new_unit_price: Decimal | None
    old_flat_fee: Decimal | None
    new_flat_fee: Decimal | None
    old_block: Decimal | None = None
    new_block: Decimal | None = None

    @property
    def percent(self) -> Decimal | None:
        """Change of the unit price in percent, one decimal place; None from zero, or without both
        sides.
        """
        if self.old_block != self.new_block:
            return None
        return percent_change(self.old_unit_price, self.new_unit_price)

    @property
    def directions(self) -> frozenset[Direction]:
        """Ways in which unit price and flat fee move here."""
        pairs = (
            (self.old_unit_price, self.new_unit_price),
            (self.old_flat_fee or Decimal(0), self.new_flat_fee or Decimal(0)),
        )
        return frozenset(_direction(old, new) for old, new in pairs)


@dataclass(frozen=True, slots=True)
class SettingChange:
    """What changes about a row beside its tiers, in words; `direction` where it is sure for the customer."""

    what: str
    old: str
    new: str
    direction: Direction = Direction.MIXED


@dataclass(frozen=True, slots=True)
class RowChange:
    """What happens to one price row; `was` and `becomes` are its tariffs as they were written."""

    change: Change
    product: str
    name: str
    currency: str
    match: Dims
    old: Price | None
    new: Price | None
    tiers: tuple[TierChange, ...]
    was: Tariff | None = None
    becomes: Tariff | None = None
    settings: tuple[SettingChange, ...] = ()

    @property
    def percent(self) -> Decimal | None:
        """The one percentage by which all stretches change; None where they differ, or more than prices does."""
        if self.settings:
            return None
        found = {tier.percent for tier in self.tiers}
        return found.pop() if len(found) == 1 else None

    @property
    def direction(self) -> Direction:
        """Up or down for the customer over all stretches; a row added or removed has no direction
        (SAME).
        """
        if self.old is None or self.new is None:
            return Direction.SAME
        found = {direction for tier in self.tiers for direction in tier.directions}
        found = (found | {setting.direction for setting in self.settings}) - {Direction.SAME}
        return found.pop() if len(found) == 1 else Direction.MIXED if found else Direction.SAME


@dataclass(frozen=True, slots=True)
class ChargeChange:
    """What changes about a charge itself: its name, tax category, metric or tier setting."""

    product: str
    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Difference:
    """All rows of both versions, and the charges whose settings changed."""

    rows: tuple[RowChange, ...]
    charges: tuple[ChargeChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both versions say the same."""
        return not self.charges and all(row.change is Change.UNCHANGED for row in self.rows)

    def count(self, change: Change) -> int:
        """Count the rows with this change."""
        return sum(row.change is change for row in self.rows)


def difference(old: Sequence[CardCharge], new: Sequence[CardCharge]) -> Difference:
    """Compare two versions; rows in the order of the new one, removed ones after them."""
    before, after = dict(_rows(old)), dict(_rows(new))
    names = {charge.product: charge.name for charge in (*old, *new)}
    keys = (*after, *(key for key in before if key not in after))
    rows = tuple(_row_change(key, names[key[0]], before.get(key), after.get(key)) for key in keys)
    return Difference(rows, tuple(_charge_changes(old, new)))


def percent_change(old: Decimal | None, new: Decimal | None) -> Decimal | None:
    """Give (new - old) / old in percent to one decimal place, half away from zero; None from zero
    or nothing.
    """
    if not old or new is None:
        return None
    return round_half_away((Fraction(new) - Fraction(old)) / Fraction(old) * 100, 1)


def _rows(card: Sequence[CardCharge]) -> Iterator[tuple[Key, CardPrice]]:
    for charge in card:
        for row in charge.prices:
            yield (charge.product, row.currency, tuple(sorted(row.price.match))), row


def _row_change(key: Key, name: str, old: CardPrice | None, new: CardPrice | None) -> RowChange:
    product, currency, _ = key
    shown = new if new is not None else old
    match = shown.price.match if shown is not None else ()
    was, becomes = old.price if old else None, new.price if new else None
    tiers = tuple(_side_by_side(was.tiers if was else (), becomes.tiers if becomes else ()))
    tariffs = old.tariff if old else None, new.tariff if new else None
    settings = _settings_of(*tariffs)
    change = Change.CHANGED if settings else _change(was, becomes)
    return RowChange(change, product, name, currency, match, was, becomes, tiers, *tariffs, settings)


def _change(old: Price | None, new: Price | None) -> Change:
    if old is None:
        return Change.ADDED
    if new is None:
        return Change.REMOVED
    return Change.UNCHANGED if old.content == new.content else Change.CHANGED


def _side_by_side(old: tuple[Tier, ...], new: tuple[Tier, ...]) -> Iterator[TierChange]:
    bounds = sorted({tier.up_to for tier in (*old, *new) if tier.up_to is not None})
    over = Decimal(0)
    for up_to in (*bounds, None) if old or new else ():
        was, becomes = _tier_above(old, over), _tier_above(new, over)
        yield TierChange(
            over,
            up_to,
            _unit(was),
            _unit(becomes),
            _flat(was, over),
            _flat(becomes, over),
            _block(was),
            _block(becomes),
        )
        over = up_to if up_to is not None else over


def _tier_above(tiers: tuple[Tier, ...], over: Decimal) -> tuple[Decimal, Tier] | None:
    """Find the tier that the first unit above ``over`` falls into, with its own lower bound."""
    start = Decimal(0)
    for tier in tiers:
        if tier.up_to is None or tier.up_to > over:
            return start, tier
        start = tier.up_to
    return None


def _unit(found: tuple[Decimal, Tier] | None) -> Decimal | None:
    return found[1].unit_price if found else None


def _flat(found: tuple[Decimal, Tier] | None, over: Decimal) -> Decimal | None:
    return found[1].flat_fee if found and found[0] == over else None


def _block(found: tuple[Decimal, Tier] | None) -> Decimal | None:
    return found[1].block_size if found else None


def _settings_of(old: Tariff | None, new: Tariff | None) -> tuple[SettingChange, ...]:
    """Name what changes beside the tiers; a row that comes or goes changes nothing by itself."""
    if old is None or new is None or old == new:
        return ()
    before, after = dict(_said(old)), dict(_said(new))
    names = (*before, *(name for name in after if name not in before))
    found = ((name, before.get(name, ("–", None)), after.get(name, ("–", None))) for name in names)
    return tuple(
        SettingChange(name, was, becomes, _sure(name, a, b)) for name, (was, a), (becomes, b) in found if was != becomes
    )


def _said(tariff: Tariff) -> Iterator[tuple[str, tuple[str, Decimal | None]]]:
    yield "model", (tariff.model.label, None)
    for name, value in said_of(tariff).items():
        if name in SAID and name in MEMBERS[tariff.model]:
            number = value if isinstance(value, Decimal) else None
            words = plain(value) if number is not None else SAID_SO.get(value, str(value))
            yield name.replace("_", " "), (words, number)


def _sure(name: str, old: Decimal | None, new: Decimal | None) -> Direction:
    found = _direction(old, new)
    if found is Direction.SAME or name not in (*DEARER, *CHEAPER):
        return Direction.MIXED
    return found if name in DEARER else Direction.DOWN if found is Direction.UP else Direction.UP


def _direction(old: Decimal | None, new: Decimal | None) -> Direction:
    if old is None or new is None or old == new:
        return Direction.SAME
    return Direction.UP if new > old else Direction.DOWN


def _charge_changes(old: Sequence[CardCharge], new: Sequence[CardCharge]) -> Iterator[ChargeChange]:
    before = {charge.product: charge for charge in old}
    for charge in new:
        was = before.get(charge.product)
        if was is not None:
            pairs = zip(_settings(was), _settings(charge), strict=True)
            yield from (ChargeChange(charge.product, what, a, b) for (what, a), (_, b) in pairs if a != b)


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
    )
