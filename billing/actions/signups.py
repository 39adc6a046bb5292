"""Self-serve sign-up: customer, account, contract from a plan, its credits and its limits, in one transaction.

Nobody decides about the contract: the plan version was approved, and nothing in it was negotiated. The same sign-up
twice is one contract: the second call waits for the first and finds what it made.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from billing.actions.signup_limits import set_limits
from catalog.actions.plan_contracts import contract_from_plan
from catalog.actions.planned import agree_as_planned
from catalog.models import Contract, Plan, PlanVersion
from catalog.queries.plans import version_on
from monetization.foundation.actions import audit, rows
from monetization.foundation.actions.newcomers import account_for
from monetization.foundation.models import Account, Environment, User
from monetization.foundation.rules.newcomers import Newcomer
from monetization.values.errors import Conflict, Invalid
from monetization.values.periods import local_date

ABILITY = "billing.sign_up"
LATE = timedelta(days=1)  # so that a caller's own today is never refused for its time zone


@dataclass(frozen=True, slots=True)
class SignUp:
    """What a sign-up made, or found made by the same one before."""

    contract: Contract
    is_new: bool


@transaction.atomic
def sign_up(
    *,
    environment: Environment,
    plan: Plan,
    newcomer: Newcomer,
    currency: str,
    by: User,
    at: datetime,
    start_date: date | None = None,
    key: str = "",
) -> SignUp:
    """Sign an account up for a plan, from a local day on (None: today). Raises DomainError, naming the field."""
    rows.allow(by, ABILITY)
    _wait_for_others(environment, newcomer)
    account = account_for(environment=environment, newcomer=newcomer, by=by, at=at)
    day = start_date or local_date(at, account.time_zone)
    made = _made_before(plan, account, currency, day, key, is_today=start_date is None)
    if made is not None:
        return SignUp(made, is_new=False)
    version = _version(plan, day, local_date(at, account.time_zone))
    draft = contract_from_plan(
        plan_version=version, account=account, currency=currency, start_date=day, key=key, by=by, at=at
    )
    _guard_days(draft)
    contract = agree_as_planned(contract=draft, by=by, at=at)
    set_limits(contract=contract, by=by, at=at)
    after = {"plan": plan.key, "version": version.number, "account": account.key, "approval": version.request_id}
    audit.record(
        environment=environment, action="contract.signed_up", subject=contract, by=by, at=at, after=after,
        reason=f"The approval of {version} stands for it",
    )  # fmt: skip
    return SignUp(contract, is_new=True)


def _wait_for_others(environment: Environment, newcomer: Newcomer) -> None:
    """Let sign-ups of one account come one after another, also while the account isn't there yet."""
    with connection.cursor() as cursor:
        name = f"signup:{environment.pk}:{newcomer.key}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _made_before(
    plan: Plan, account: Account, currency: str, day: date, key: str, *, is_today: bool
) -> Contract | None:
    """Find what the same sign-up made; without a day of its own that is the one which runs today."""
    same = Contract.objects.filter(account=account, plan_version__plan=plan, currency=currency, status="APPROVED")
    same = same.filter(start_date__lte=day).exclude(end_date__lt=day) if is_today else same.filter(start_date=day)
    return (same.filter(key=key) if key else same).select_related("plan_version__plan", "account__customer").first()


def _version(plan: Plan, day: date, today: date) -> PlanVersion:
    if day < today - LATE:
        fix = f"Choose {today} or later, or have a contract drafted from the plan and approved"
        raise Invalid("A sign-up can't start in the past", field="start_date", fix=fix)
    version = version_on(plan, day)
    if version is None:
        first = plan.versions.filter(status="APPROVED").order_by("effective_date").first()
        fix = f"Choose {first.effective_date} or later" if first else "Have its first version approved"
        raise Invalid(f"{plan} isn't in force on {day}", field="start_date", fix=fix)
    return version


def _guard_days(draft: Contract) -> None:
    """Refuse days that another contract of the account covers, with its name."""
    others = Contract.objects.filter(account=draft.account, status="APPROVED").exclude(end_date__lt=draft.start_date)
    if draft.end_date is not None:
        others = others.exclude(start_date__gt=draft.end_date)
    other = others.order_by("start_date").first()
    if other is not None:
        until = f"until {other.end_date}" if other.end_date else "without an end"
        fix = "Choose days after it, or end it first"
        raise Conflict(f"{other} runs from {other.start_date} {until}", field="start_date", fix=fix)
