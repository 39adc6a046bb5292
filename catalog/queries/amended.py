"""A contract as amended: which amendments count, which parts stand because of them, on which days, and what it says.

Whoever needs a contract's days, prices, net days or order asks here, so that bills, portal and console agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from catalog.models import Amendment, Contract
from catalog.rules.settings import Settings
from catalog.rules.spans import Days
from monetization.values.periods import DAY


@dataclass(frozen=True, slots=True)
class Amended:
    """A contract with the amendments that count, in the order in which they take effect.

    ``always``: one of them that is looked at as if it had held from the first day on. What it begins or ends with
    itself then does so at once; what it dates later, and the contract's end, stay where they are.
    """

    contract: Contract
    amendments: tuple[Amendment, ...] = ()
    always: Amendment | None = None

    def known(self, until: date) -> Amended:
        """Leave out what takes effect on a day or later."""
        kept = (each for each in self.amendments if each.effective_date < until or each is self.always)
        return replace(self, amendments=tuple(kept))

    @property
    def last_date(self) -> date | None:
        """The last day served; None: open."""
        moves = [each for each in self.amendments if each.moves_end and each is not self.always]
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
        lasts = [row.end_date, self.ends_on(part, row.key)]
        return Days(self.since(row), min((day for day in lasts if day is not None), default=None))

    def since(self, row: Any) -> date | None:
        """Give a part's own first day; None: the contract's."""
        first: date | None = self.first_of(getattr(row, "amendment_id", None), row.start_date)
        return first

    def first_of(self, by: int | None, start: Any) -> Any:
        """Give the first day of what an amendment adds from a day on."""
        always = self.always
        if always is None or always.pk != by or start is None or start > always.effective_date:
            return start
        return self.contract.start_date

    def ends_on(self, part: str, key: str) -> date | None:
        """Give the last day that amendments leave to a part; None: as it says itself."""
        return min(self._ends(part, key), default=None)

    def stretches(self) -> Sequence[tuple[date, Settings]]:
        """List the contract's settings, each with the first day from which they stand."""
        contract = self.contract
        settings = Settings(
            contract.rate_card_id, contract.pinned_version_id, contract.pinned_until, contract.net_days,
            contract.purchase_order,
        )  # fmt: skip
        found = {contract.start_date: settings}
        for each in self.amendments:
            if each is not self.always and settings.amended(each) != settings:
                settings = settings.amended(each)
                found[each.effective_date] = settings
        if self.always is not None:
            found = {day: each.amended(self.always) for day, each in found.items()}
        return list(found.items())

    def settings(self) -> Settings:
        """Give what stands after all that counts."""
        return self.stretches()[-1][1]

    def _ends(self, part: str, key: str) -> Iterator[date]:
        for each in self.amendments:
            for end in each.ends.all():
                if (end.part, end.key) == (part, key):
                    is_at_once = each is self.always and end.last_date < each.effective_date
                    yield self.contract.start_date - DAY if is_at_once else end.last_date


def amended(contract: Contract, also: Amendment | None = None, always: Amendment | None = None) -> Amended:
    """Give a contract with its approved amendments, and one more that isn't yet, to see what it would do.

    ``also`` does so from its day on, ``always`` as if it had from the contract's first day.
    """
    if contract.status != "APPROVED":
        return Amended(contract)
    read = "amendments" in contract.__dict__.get("_prefetched_objects_cache", {})
    rows = contract.amendments.all() if read else contract.amendments.prefetch_related("ends")
    more = {each.pk for each in (also, always) if each is not None}
    counted = [each for each in rows if each.status == "APPROVED" or each.pk in more]
    backdated = next((each for each in counted if always is not None and each.pk == always.pk), None)
    in_order = sorted(counted, key=lambda each: (each.effective_date, each.number))
    return Amended(contract, tuple(in_order), backdated)


def settings_on(contract: Contract, day: date) -> Settings:
    """Give what stands for the whole of a contract on a day."""
    return amended(contract).known(date.fromordinal(day.toordinal() + 1)).settings()
