"""A contract as amended: which amendments count, which parts stand because of them, on which days, and what it says.

Whoever needs a contract's days, prices, net days or order asks here, so that bills, portal and console agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalog.models import Amendment, Contract
from catalog.rules.settings import Settings
from catalog.rules.spans import Days


@dataclass(frozen=True, slots=True)
class Amended:
    """A contract with the amendments that count, in the order in which they take effect."""

    contract: Contract
    amendments: tuple[Amendment, ...] = ()

    def known(self, until: date) -> Amended:
        """Leave out what takes effect on a day or later."""
        return Amended(self.contract, tuple(each for each in self.amendments if each.effective_date < until))

    @property
    def last_date(self) -> date | None:
        """The last day served; None: open."""
        moves = [each for each in self.amendments if each.moves_end]
        return moves[-1].end_date if moves else self.contract.end_date

    def holds(self, row: Any) -> bool:
        """Say whether a part stands at all: agreed with the contract, or by an amendment that counts.

        Commits by schedule and recurring grants are only agreed with contracts.
        """
        by = getattr(row, "amendment_id", None)
        return by is None or any(each.pk == by for each in self.amendments)

    def held(self, found: Iterable[Any]) -> list[Any]:
        """Keep the parts that stand."""
        return [row for row in found if self.holds(row)]

    def agreeing(self, row: Any) -> Amendment | Contract:
        """Give what agreed a part: an amendment, or the contract itself."""
        by = getattr(row, "amendment_id", None)
        return next((each for each in self.amendments if each.pk == by), self.contract)

    def days(self, part: str, row: Any) -> Days:
        """Give the days of a part, which an amendment may have ended."""
        lasts = [row.end_date, *(each.last_date for each in self._ends(part, row.key))]
        return Days(row.start_date, min((day for day in lasts if day is not None), default=None))

    def ends_on(self, part: str, key: str) -> date | None:
        """Give the last day that amendments leave to a part; None: as it says itself."""
        return min((each.last_date for each in self._ends(part, key)), default=None)

    def stretches(self) -> Sequence[tuple[date, Settings]]:
        """List the contract's settings, each with the first day from which they stand."""
        contract = self.contract
        settings = Settings(
            contract.rate_card_id, contract.pinned_version_id, contract.pinned_until, contract.net_days,
            contract.purchase_order,
        )  # fmt: skip
        found = {contract.start_date: settings}
        for each in self.amendments:
            if settings.amended(each) != settings:
                settings = settings.amended(each)
                found[each.effective_date] = settings
        return list(found.items())

    def settings(self) -> Settings:
        """Give what stands after all that counts."""
        return self.stretches()[-1][1]

    def _ends(self, part: str, key: str) -> Iterator[Any]:
        return (end for each in self.amendments for end in each.ends.all() if (end.part, end.key) == (part, key))


def amended(contract: Contract, also: Amendment | None = None) -> Amended:
    """Give a contract with its approved amendments, and one more that isn't yet, to see what it would do."""
    if contract.status != "APPROVED":
        return Amended(contract)
    read = "amendments" in contract.__dict__.get("_prefetched_objects_cache", {})
    rows = contract.amendments.all() if read else contract.amendments.prefetch_related("ends")
    counted = [each for each in rows if each.status == "APPROVED" or (also is not None and each.pk == also.pk)]
    return Amended(contract, tuple(sorted(counted, key=lambda each: (each.effective_date, each.number))))


def settings_on(contract: Contract, day: date) -> Settings:
    """Give what stands for the whole of a contract on a day."""
    return amended(contract).known(date.fromordinal(day.toordinal() + 1)).settings()
