"""Rollover: what a renewal takes over of the earlier contract's commits and credits.

The draft of the renewal says how much may roll over at most, fraction × amount; how much does is known when the earlier
contract's last invoice is frozen, and billing books it then. A rolled balance ends with the first access item of the
renewal, is drawn first, and can't roll again.
"""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from django.db import transaction

from catalog.actions import agreed, parts
from catalog.models import Contract, Instrument
from catalog.queries.instruments import first_item, may_roll
from monetization.foundation.models import User
from monetization.values.errors import Invalid, refuse_if
from monetization.values.money import rounded_down

HUNDRED = Fraction(100)


@transaction.atomic
def roll_over(*, from_contract: Contract, to_contract: Contract, by: User, at: datetime) -> list[Instrument]:
    """Let a draft take over what the contract that it renews leaves; again, it replaces what it took over before.

    Raises Invalid where it is no renewal, or has no access item yet with which a rolled balance could end.
    """
    contract = parts.draft(to_contract, by)
    for row in contract.instruments.filter(rolled_from__isnull=False):
        agreed.remove(contract=contract, part="instrument", key=row.key, by=by, at=at)
    refuse_if(_errors(from_contract, contract))
    rolling = [row for row in may_roll(from_contract, contract.start_date) if _share(row.amount, row)]
    item = first_item(contract)
    if rolling and item is None:
        fix = "Add its commit first: what rolls over ends with its first access item"
        raise Invalid("The renewal has nothing that may be drawn", field="to_contract", fix=fix)
    return [_roll(row, contract, item.end_date if item else None, by, at) for row in rolling]


def _roll(row: Instrument, contract: Contract, end: date | None, by: User, at: datetime) -> Instrument:
    most, before = _share(row.amount, row), row.rolled_into.count()  # of drafts that were given up
    key = f"{row.key}.rolled{before + 1 if before else ''}"
    made = Instrument(
        account=contract.account, contract=contract, rolled_from=row, key=key, name=row.name,
        kind=row.kind, currency=contract.currency, amount=most, invoiced=min(_share(row.invoiced, row), most),
        priority=row.priority, start_date=contract.start_date, end_date=end, tags=row.agreed_as.tags,
        dimensions=row.agreed_as.dimensions,
    )  # fmt: skip
    return parts.add(contract, made, list(row.agreed_as.products.all()), by=by, at=at)


def _share(amount: Decimal, row: Instrument) -> Decimal:
    return rounded_down(Fraction(amount) * Fraction(row.rollover_percent) / HUNDRED, row.currency)


def _errors(before: Contract, after: Contract) -> list[Invalid]:
    found = []
    if before.status != "APPROVED":
        found.append(Invalid("It isn't in force", field="from_contract", fix="Name an approved contract"))
    if (before.account_id, before.currency) != (after.account_id, after.currency):
        fix = "Name the contract that this one renews"
        found.append(Invalid("It is of another account or currency", field="from_contract", fix=fix))
    if before.start_date >= after.start_date:
        fix = "Name an earlier contract"
        found.append(Invalid("It starts after the renewal", field="from_contract", fix=fix))
    return found
