"""Contracts: which one an account has at an instant, and how its time is cut into billing periods."""

from collections.abc import Iterator
from datetime import date, datetime

from catalog.models import Contract
from monetization.foundation.models import Account
from monetization.values.errors import NotFound
from monetization.values.periods import Cadence, Cycle, Period, service_period


def contract_at(account: Account, at: datetime) -> Contract | None:
    """Find the approved contract under which an account uses the product at an instant."""
    return next((each for each in _approved(account) if at in service(each)), None)


def contract_covering(account: Account, period: Period) -> Contract | None:
    """Find the approved contract that shares time with a period; the earliest where several do."""
    return next((each for each in _approved(account) if service(each).overlap(period)), None)


def service(contract: Contract) -> Period:
    """Give the instants that a contract covers: its last day is still served."""
    return service_period(contract.start_date, contract.served_until, contract.account.time_zone)


def cycle_of(contract: Contract) -> Cycle:
    """Give the rule by which a contract's time is cut into billing periods."""
    anchor = str(contract.anchor_day) if contract.anchor == "day" else contract.anchor
    return Cycle(
        start_date=contract.start_date,
        zone=contract.account.time_zone,
        cadence=Cadence(contract.cadence),
        anchor=anchor,
        end_date=contract.served_until,
        trial_until=contract.trial_until,
    )


def first_paid(contract: Contract) -> date:
    """Give the first day that isn't a trial."""
    day: date = contract.trial_until or contract.start_date
    return day


def period_of(contract: Contract, at: datetime) -> Period:
    """Give the billing period that holds an instant. Raises NotFound outside the contract."""
    found = cycle_of(contract).containing(at)
    if found is None:
        raise NotFound("The contract doesn't cover this time", field="at", fix="Choose another day")
    return found[1]


def periods_of(contract: Contract, until: datetime) -> Iterator[Period]:
    """Yield the billing periods that have started before an instant, in order."""
    for period in cycle_of(contract).periods():
        if period.starts_at >= until:
            return
        yield period


def _approved(account: Account) -> list[Contract]:
    rows = Contract.objects.filter(account=account, status="APPROVED").select_related("account")
    return list(rows.order_by("start_date"))
