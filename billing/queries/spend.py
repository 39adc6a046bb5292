"""What an invoice's period cost day by day: the same rating, so that the days sum to its lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.models import Invoice
from billing.rules.daily import by_day, pieces
from catalog.queries import terms_for
from metering.queries import usage_for
from monetization.foundation.rules.charts import Chart, Slot, bars
from monetization.foundation.templatetags.show import day as written
from monetization.foundation.templatetags.show import money
from monetization.values.errors import DomainError
from monetization.values.periods import Period, days_of

SPIKE = 2  # times the median day


@dataclass(frozen=True, slots=True)
class SpendDay:
    """A local day and its net cost; a spike is a day over twice the median day."""

    date: date
    amount: Decimal
    is_spike: bool


@dataclass(frozen=True, slots=True)
class Spend:
    """Days of a period as rows and as a picture."""

    days: tuple[SpendDay, ...]
    chart: Chart

    @property
    def spikes(self) -> tuple[SpendDay, ...]:
        """Return the days that stand out."""
        return tuple(day for day in self.days if day.is_spike)


def spend_by_day(invoice: Invoice) -> Spend | None:
    """Rate the invoice's period to the end of each local day; None where its terms can't be found."""
    period = Period(invoice.period_starts_at, invoice.period_ends_at)
    try:
        terms = terms_for(contract=invoice.contract, period=period)
    except DomainError:
        return None
    days = days_of(period, terms.zone)
    cut = pieces(terms, days)
    usage = usage_for(account_id=invoice.account_id, segments=[piece.part for piece in cut])
    return _spend(invoice.currency, [d.date for d in days], by_day(terms, cut, usage, len(days)))


def _spend(currency: str, dates: list[date], amounts: list[Decimal]) -> Spend:
    used = sorted(amount for amount in amounts if amount)
    median = used[len(used) // 2] if used else Decimal(0)
    days = tuple(
        SpendDay(each, amount, bool(median) and amount > SPIKE * median)
        for each, amount in zip(dates, amounts, strict=True)
    )
    slots = [
        Slot(str(d.date.day), f"{written(d.date)}: {currency} {money(d.amount, currency)}", (d.amount,)) for d in days
    ]
    return Spend(days, bars([currency], slots))
