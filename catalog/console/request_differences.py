"""What a change request changes, item by item, read against what stands: prices by row, all else in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog.actions.changes import subject_row
from catalog.actions.drafts import way_of
from catalog.console.comparison import Comparison, Line, compare
from catalog.console.deal_difference import Row
from catalog.console.request_words import WORDS
from catalog.console.standing import address_of
from catalog.models import RateCardVersion
from monetization.foundation.models import ChangeItem, ChangeRequest
from monetization.foundation.rules.facts import KINDS
from monetization.values.errors import NotFound

SHOWN = 40


@dataclass(frozen=True, slots=True)
class Shown:
    """An item of a request with its difference: `prices` of a rate card, `lines` of everything else."""

    item: ChangeItem
    row: Any = None
    address: str = ""
    kind: str = ""
    starts_at: datetime | None = None
    against: str = ""
    lines: tuple[Row, ...] = ()
    prices: tuple[Line, ...] = ()
    comparison: Comparison | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def more(self) -> int:
        """How many changed prices are left to the version's own page."""
        return max(0, sum(n for kind, n in self.counts.items() if kind != "unchanged") - len(self.prices))


def shown_items(request: ChangeRequest, now: datetime) -> list[Shown]:
    """Read every item with its difference."""
    return [_shown(item, now) for item in request.items.all()]


def _shown(item: ChangeItem, now: datetime) -> Shown:
    try:
        row = subject_row(item.subject)
    except NotFound:  # a request of another app
        return Shown(item)
    said: dict[str, Any] = {
        "item": item, "row": row, "address": address_of(item), "kind": KINDS.get(item.kind, ""),
        "starts_at": way_of(row).starts_at(row),
    }  # fmt: skip
    if isinstance(row, RateCardVersion):
        comparison = compare(row, now)
        prices = tuple(comparison.lines(text="", everything=False)[:SHOWN])
        base = f"v{comparison.base.number}" if comparison.base else ""
        return Shown(**said, prices=prices, comparison=comparison, against=base, counts=comparison.counts)
    against, lines = WORDS[type(row)](row, now)
    return Shown(**said, against=against, lines=tuple(lines))
