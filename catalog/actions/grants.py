"""Credits granted to an account: written down and asked for in one step, in force once somebody else approves."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from catalog.actions import governed
from catalog.actions.contracts import DRAFT, guard_account
from catalog.actions.part_errors import minor_errors
from catalog.actions.parts import scope
from catalog.models import CreditGrant, Instrument, Product
from catalog.rules.versions import VersionStatus
from monetization.foundation.actions import rows
from monetization.foundation.models import Account, ChangeRequest, User
from monetization.values.errors import DomainError, refuse_if
from monetization.values.money import plain


@transaction.atomic
def request(
    *,
    account: Account,
    key: str,
    name: str,
    amount: Decimal,
    currency: str,
    start_date: date,
    reason: str,
    by: User,
    at: datetime,
    end_date: date | None = None,
    priority: int = 0,
    products: Sequence[Product] = (),
) -> ChangeRequest:
    """Ask for a credit that any contract of the account in its currency may draw; dates are local to the account."""
    rows.allow(by, DRAFT)
    guard_account(by, account)
    refuse_if(minor_errors(currency, "amount", amount))
    grant = CreditGrant(environment=account.environment, account=account, key=key, name=name)
    governed.begin(grant, by=by, at=at)
    rows.check(grant)
    rows.keep(grant, by=by, at=at)
    credit = Instrument(
        account=account, grant=grant, key=key, name=name, kind=Instrument.Kind.CREDIT, currency=currency, amount=amount,
        priority=priority, start_date=start_date, end_date=end_date,
    )  # fmt: skip
    rows.check(credit)
    rows.keep(credit, by=by, at=at)
    scope(credit, products, account.environment_id)
    governed.record(grant, "drafted", by=by, at=at, after={"key": key, "account": account.key, "amount": amount})
    return _propose(grant, amount, reason, by, at)


@transaction.atomic
def submit(*, grant: CreditGrant, reason: str, by: User, at: datetime) -> ChangeRequest:
    """Ask again for a grant that was sent back."""
    rows.allow(by, DRAFT)
    grant = governed.lock_draft(grant)
    guard_account(by, grant.account)
    return _propose(grant, grant.instrument.amount, reason, by, at)


@transaction.atomic
def discard(*, grant: CreditGrant, by: User, at: datetime) -> CreditGrant:
    """Give up a grant that was sent back."""
    rows.allow(by, DRAFT)
    grant = governed.lock_draft(grant)
    governed.move(grant, VersionStatus.WITHDRAWN, by=by, at=at)
    return grant


def errors(grant: CreditGrant, at: datetime) -> list[DomainError]:
    """List why a grant can't be approved."""
    credit = grant.instrument
    return list(minor_errors(credit.currency, "amount", credit.amount))


def _propose(grant: CreditGrant, amount: Decimal, reason: str, by: User, at: datetime) -> ChangeRequest:
    title = f"Credit of {grant.instrument.currency} {plain(amount)} to {grant.account}"
    facts = {"credits": amount}
    return governed.propose(grant, title=title, reason=reason, facts=facts, effective_at=None, by=by, at=at)
