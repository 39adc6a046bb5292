"""Terms of a contract as a whole beside its days, as amendments leave them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol


class Changes(Protocol):
    """What an amendment says of them; None: stays."""

    rate_card_id: int | None
    pinned_version_id: int | None
    pinned_until: date | None
    unpins: bool
    net_days: int | None
    purchase_order: str | None


@dataclass(frozen=True, slots=True)
class Settings:
    """Which prices are followed or pinned (ids), days to pay, and the customer's order."""

    rate_card_id: int
    pinned_version_id: int | None
    pinned_until: date | None
    net_days: int
    purchase_order: str

    def amended(self, by: Changes) -> Settings:
        """Give them as an amendment leaves them. Another rate card is followed, unless a version of it is pinned."""
        found = replace(
            self,
            rate_card_id=by.rate_card_id or self.rate_card_id,
            net_days=self.net_days if by.net_days is None else by.net_days,
            purchase_order=self.purchase_order if by.purchase_order is None else by.purchase_order,
        )
        if by.pinned_version_id is None and by.rate_card_id is None and not by.unpins:
            return found
        return replace(found, pinned_version_id=by.pinned_version_id, pinned_until=by.pinned_until)
