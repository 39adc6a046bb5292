"""An amendment as a difference: what stood before beside what stands after, with percent where a number changes."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from catalog.actions.agreed import PARTS
from catalog.console.part_rows import rows_of
from catalog.models import Amendment, PartEnd, QuantityChange, RateCard, RateCardVersion
from catalog.queries.amended import Amended, amended
from catalog.queries.amended_parts import quantities_of
from catalog.rules.fees import quantity_on
from catalog.rules.settings import Settings
from monetization.foundation.templatetags.show import day, exact
from monetization.values.money import round_half_away

SIGNS = {"added": "+", "removed": "−", "changed": "≠"}
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of the difference: `kind` is added, removed or changed; `percent` only where a number changes."""

    kind: str
    what: str
    old: str
    new: str
    percent: Decimal | None = None

    @property
    def sign(self) -> str:
        return SIGNS[self.kind]


def differences(amendment: Amendment) -> list[Difference]:
    """List what an amendment changes: terms of the whole, quantities, parts that end, parts that come."""
    known = amended(amendment.contract, amendment)
    earlier = tuple(each for each in known.amendments if each.pk != amendment.pk)
    before = Amended(amendment.contract, earlier).known(amendment.effective_date + DAY)
    added = rows_of(amendment.contract, lambda row: getattr(row, "amendment_id", None) == amendment.pk)
    return [
        *_settings(amendment, before),
        *(_quantity(each, before) for each in quantities_of(amendment)),
        *(_end(amendment, each) for each in amendment.ends.all()),
        *(Difference("added", f"{row.row.name} · {row.kind}, {row.scope}", "", _said(row)) for row in added),
    ]


def _settings(amendment: Amendment, before: Amended) -> list[Difference]:
    old = before.settings()
    new, found = old.amended(amendment), []
    if amendment.moves_end:
        found.append(_changed("Last day served", _day(before.last_date), _day(amendment.end_date)))
    if new.rate_card_id != old.rate_card_id:
        found.append(_changed("Rate card", _card(old), _card(new)))
    if (new.pinned_version_id, new.pinned_until) != (old.pinned_version_id, old.pinned_until):
        found.append(_changed("Prices", _pin(old), _pin(new)))
    if new.net_days != old.net_days:
        percent = _percent(Decimal(old.net_days), Decimal(new.net_days))
        found.append(_changed("Days to pay", str(old.net_days), str(new.net_days), percent))
    if new.purchase_order != old.purchase_order:
        found.append(_changed("Purchase order", old.purchase_order or "none", new.purchase_order or "none"))
    return found


def _changed(what: str, old: str, new: str, percent: Decimal | None = None) -> Difference:
    return Difference("changed", what, old, new, percent)


def _quantity(change: QuantityChange, before: Amended) -> Difference:
    changes = [(each.start_date, each.quantity) for each in before.held(change.charge.changes.all())]
    old = quantity_on(change.charge.quantity, changes, change.start_date)
    what = f"Quantity of {change.charge.name} from {day(change.start_date)}"
    return _changed(what, exact(old), exact(change.quantity), _percent(old, change.quantity))


def _end(amendment: Amendment, end: PartEnd) -> Difference:
    row: Any = PARTS[end.part]._default_manager.get(contract=amendment.contract, key=end.key)
    return Difference("removed", row.name, "stands", f"last day {day(end.last_date)}")


def _said(row: Any) -> str:
    return ", ".join(text for text in (row.figure, row.days) if text)


def _percent(old: Decimal, new: Decimal) -> Decimal | None:
    return round_half_away((Fraction(new) - Fraction(old)) * 100 / Fraction(old), 1) if old else None


def _day(last: Any) -> str:
    return day(last) if last is not None else "open"


def _card(settings: Settings) -> str:
    return str(RateCard.objects.get(pk=settings.rate_card_id))


def _pin(settings: Settings) -> str:
    if settings.pinned_version_id is None:
        return "follow each new version"
    until = f" until {day(settings.pinned_until)}" if settings.pinned_until else ""
    return f"pinned to {RateCardVersion.objects.get(pk=settings.pinned_version_id)}{until}"
