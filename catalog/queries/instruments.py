"""Commits and credits that serve a contract: those in its rows, and periods of recurring grants not yet written down.

An instrument goes by its own key, which its account has once. Rows of recurring grants are written when something
counts on them; until then they are derived here, equal in all but their id.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from catalog.models import Contract, Instrument, RecurringGrant
from catalog.queries.contracts import cycle_of, first_paid
from catalog.queries.shelf import Shelf
from catalog.rules.granted import Recurring, granted
from catalog.rules.spans import in_cadence
from monetization.values.periods import DAY, Cadence, Period, local_date, service_period

YEAR, MOMENT = timedelta(days=364), timedelta(microseconds=1)


def instruments_serving(contract: Contract, period: Period, shelf: Shelf | None = None) -> list[Instrument]:
    """List the commits and credits that lines of a contract's period may draw on, in the order of their ids."""
    zone, shelf = contract.account.time_zone, shelf or Shelf()
    rows = list(shelf.instruments(contract))
    rows += waiting_grants(contract, shelf.grants(contract), rows, last_day(period, zone))
    return [row for row in rows if access(row, zone).overlap(period) is not None]


def last_day(period: Period, zone: str) -> date:
    """Give the last local day that a period touches; of an open one the first."""
    return local_date(period.starts_at if period.ends_at is None else period.ends_at - MOMENT, zone)


def in_force() -> "QuerySet[Instrument]":
    """List all that was approved, in its contract or as a grant."""
    return Instrument.objects.filter(Q(contract__status="APPROVED") | Q(grant__status="APPROVED"))


def waiting_grants(
    contract: Contract, grants: Iterable[RecurringGrant], known: Iterable[Instrument], until: date
) -> Iterator[Instrument]:
    """Derive what recurring grants give up to a day and isn't among the known rows; nothing is saved."""
    there = {(each.recurring_id, each.start_date) for each in known}
    for grant in sorted(grants, key=lambda each: each.pk):
        for item in granted(recurring_of(grant, contract), until):
            if (grant.pk, item.start_date) not in there:
                yield Instrument(
                    account=contract.account, contract=contract, recurring=grant, name=grant.name,
                    key=f"{grant.key}.{item.start_date}", kind=Instrument.Kind.CREDIT, currency=contract.currency,
                    amount=item.amount, priority=grant.priority, start_date=item.start_date, end_date=item.end_date,
                )  # fmt: skip


def recurring_of(grant: RecurringGrant, contract: Contract) -> Recurring:
    """Give a recurring grant as its rule reads it."""
    cycle = cycle_of(contract)
    cycle = in_cadence(cycle, Cadence(grant.cadence)) if grant.cadence else cycle
    first = max(grant.start_date or contract.start_date, first_paid(contract))  # a trial grants nothing
    return Recurring(cycle, grant.amount, contract.currency, grant.rollover_periods, first, grant.end_date)


def access(instrument: Instrument, zone: str) -> Period:
    """Give the instants in which an instrument may be drawn: one agreed in a contract ends with it at the latest."""
    end = instrument.end_date
    if instrument.contract is not None and instrument.contract.served_until is not None:
        last = instrument.contract.served_until
        end = max(min(end or last, last), instrument.start_date)
    return service_period(instrument.start_date, end, zone)


def granted_in_a_year(contract: Contract) -> Iterator[Decimal]:
    """Yield what recurring grants give in a contract's first year."""
    until = contract.start_date + YEAR
    for grant in contract.recurring_grants.order_by("pk"):
        yield from (item.amount for item in granted(recurring_of(grant, contract), until))


def first_item(contract: Contract) -> Instrument | None:
    """Find the first access item of a contract's commits: with it ends what rolled over into the contract."""
    items = contract.instruments.filter(rolled_from=None, recurring=None).exclude(kind=Instrument.Kind.CREDIT)
    return items.order_by("start_date", "pk").first()


def may_roll(contract: Contract, renewed_on: date) -> "QuerySet[Instrument]":
    """List what may roll over from a contract that is renewed on a day: what serves until then and says so."""
    rows = contract.instruments.filter(rolled_from=None, rollover_percent__gt=0, start_date__lt=renewed_on)
    rows = rows.filter(Q(end_date=None) | Q(end_date__gte=renewed_on - DAY)).exclude(kind=Instrument.Kind.POSTPAID)
    return rows.select_related("commit", "recurring").order_by("pk")
