"""What became of each event of a batch."""

from __future__ import annotations

from collections import Counter

import msgspec

ACCEPTED, DUPLICATE, CONFLICT = "accepted", "duplicate", "conflict"
QUARANTINED, REJECTED = "quarantined", "rejected"


class Item(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What became of one event; `reason` is a code, `detail` a sentence, `field` where it lies."""

    status: str
    id: str
    source: str
    reason: str = ""
    field: str = ""
    detail: str = ""


class Receipt:
    """The items in the order in which they were sent."""

    def __init__(self, items: tuple[Item, ...]) -> None:
        self.items = items
        self.counts = Counter([item.status for item in items])

    def count(self, status: str) -> int:
        """Count the items of a status."""
        return self.counts[status]

    @property
    def accepted(self) -> int:
        return self.counts[ACCEPTED]

    @property
    def duplicates(self) -> int:
        return self.counts[DUPLICATE]

    @property
    def conflicts(self) -> int:
        return self.counts[CONFLICT]

    @property
    def quarantined(self) -> int:
        return self.counts[QUARANTINED]

    @property
    def rejected(self) -> int:
        return self.counts[REJECTED]
