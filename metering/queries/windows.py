"""In which window of a limit a use lies, and what was used in it so far, for many accounts at once."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from catalog.models import Contract
from catalog.queries import cycle_of
from metering.models import Limit
from metering.queries.limits import versions_of
from metering.queries.usage import Cut, measured
from metering.rules.quotas import PER_PERIOD, converted, counts, window_of
from monetization.foundation.models import Account
from monetization.values.money import EXACT
from monetization.values.periods import Cycle, Period


@dataclass(slots=True)
class Calendars:
    """The zones and billing cycles of some accounts, read once."""

    zones: dict[int, str]
    cycles: dict[int, list[Cycle]] = field(default_factory=dict)

    @classmethod
    def of(cls, account_ids: Collection[int], *, with_contracts: bool = True) -> "Calendars":
        """Read them in two queries."""
        made = cls(dict(Account.objects.filter(pk__in=account_ids).values_list("pk", "time_zone")))
        if with_contracts:
            signed = Contract.objects.filter(account__in=account_ids, status="APPROVED").select_related("account")
            for each in signed.order_by("start_date"):
                made.cycles.setdefault(each.account_id, []).append(cycle_of(each))
        return made

    def window(self, limit: Limit, account_id: int, at: datetime) -> Period:
        """Give the window of a limit in which an account's instant lies."""
        return window_of(limit.window, at, self.zones[account_id], self.cycles.get(account_id, ()))


def calendars_for(limits: Iterable[Limit], account_ids: Collection[int]) -> Calendars:
    """Read what the windows of some limits need."""
    return Calendars.of(account_ids, with_contracts=any(each.window == PER_PERIOD for each in limits))


def spent_in(*, limit: Limit, account_ids: Collection[int], window: Period) -> Mapping[int, Decimal]:
    """Measure what accounts used in a window, in the limit's units; those that used nothing are left out.

    The sum of usage is converted once here, each reading by itself where it is counted: the two are the same to
    within 18 places, and to the digit where the divisor ends.
    """
    if limit.metric is None:
        return {}
    versions = versions_of(limit.metric)
    spent: dict[int, Decimal] = {}
    for row in measured(account_ids=account_ids, cuts=[Cut(window, versions)]):
        if counts(limit.match, row.dims):
            units = converted(row.quantity, versions[row.metric_version_id])
            spent[row.account_id] = EXACT.add(spent.get(row.account_id, Decimal(0)), units)
    return spent
