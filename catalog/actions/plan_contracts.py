"""A contract's draft made from a plan version: every part written down, so that it stands by itself from then on.

What a contract agrees is copied, not looked up: a later version of the plan, or a change of the draft, never moves
another contract. Limits of use are set by the sign-up, above the catalog.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from catalog.actions import agreed, contracts, instruments
from catalog.actions.allowances import add_allowance
from catalog.models import Contract, Instrument, PlanVersion, Product
from catalog.queries import first_paid
from catalog.queries.plans import package_of, products_named
from catalog.rules.plans.package import Money, Package
from monetization.foundation.models import Account, User
from monetization.values.errors import Invalid
from monetization.values.periods import DAY, months_after

KEY_LENGTH = 63
Told = Mapping[str, Any]


@transaction.atomic
def contract_from_plan(
    *,
    plan_version: PlanVersion,
    account: Account,
    currency: str,
    start_date: date,
    by: User,
    at: datetime,
    key: str = "",
    name: str = "",
) -> Contract:
    """Draft a contract with all that an approved plan version packs; the trial comes first, the rest starts after it.

    ``key`` is made of account, plan and day where it isn't given. Raises Invalid, naming the field.
    """
    package = package_of(plan_version)
    _guard(plan_version, package, account, currency)
    assert plan_version.rate_card is not None and plan_version.legal_entity is not None  # it is approved
    trial = start_date + package.trial_days * DAY if package.trial_days else None
    contract = contracts.draft(
        account=account, key=key or key_of(account, plan_version, start_date),
        name=name or f"{plan_version.plan.name} for {account.name}"[:120], currency=currency, start_date=start_date,
        end_date=last_day(package, trial or start_date), trial_until=trial, plan_version=plan_version,
        legal_entity=plan_version.legal_entity, rate_card=plan_version.rate_card,
        pinned_version=plan_version.pinned_version, cadence=package.cadence, anchor=package.anchor,
        anchor_day=package.anchor_day, net_days=package.net_days, by=by, at=at,
    )  # fmt: skip
    _add_parts(contract, package, {"contract": contract, "by": by, "at": at})
    return contract


def key_of(account: Account, plan_version: PlanVersion, start_date: date) -> str:
    """Make the key of a contract that is given none: the same for the same account, plan and first day."""
    end = f"-{plan_version.plan.key[:16]}-{start_date:%Y%m%d}"
    return account.key[: KEY_LENGTH - len(end)] + end


def last_day(package: Package, paid_from: date) -> date | None:
    """Give the last day of the term, which counts from the first paid day; None: open."""
    return months_after(paid_from, package.term_months) - DAY if package.term_months else None


def _guard(version: PlanVersion, package: Package, account: Account, currency: str) -> None:
    if version.status != "APPROVED":
        raise Invalid(f"{version} isn't approved", field="plan_version", fix="Choose an approved version")
    if version.plan.environment_id != account.environment_id:
        raise Invalid("This plan belongs to another environment", field="plan", fix="Choose one of this environment")
    if currency not in package.currencies:
        fix = f"Use one of: {', '.join(package.currencies)}"
        raise Invalid(f"{version.plan} isn't offered in “{currency}”", field="currency", fix=fix)


def _add_parts(contract: Contract, package: Package, told: Told) -> None:
    names = products_named(package)
    products = {each.key: each for each in Product.objects.filter(environment=contract.environment, key__in=names)}
    for fee in package.fees:
        agreed.add_recurring(
            key=fee.key, name=fee.name, product=products[fee.product], unit_price=fee.unit_price[contract.currency],
            quantity=fee.quantity, timing=fee.timing, cadence=fee.cadence, **told,
        )  # fmt: skip
    for once in package.one_time:
        agreed.add_one_time(
            key=once.key, name=once.name, product=products[once.product], unit_price=once.unit_price[contract.currency],
            quantity=once.quantity, date=first_paid(contract), **told,
        )  # fmt: skip
    for free in package.allowances:
        add_allowance(
            key=free.key, name=free.name, product=products[free.product], units=free.units, per=free.per, **told
        )
    for off in package.discounts:
        agreed.add_discount(
            key=off.key, name=off.name, percent=off.percent, amount=_amount(off.amount, contract),
            counts_for_minimum=off.counts_for_minimum, products=[products[key] for key in off.products], **told,
        )  # fmt: skip
    for bound in package.bounds:
        agreed.add_bound(
            key=bound.key, name=bound.name, kind=bound.kind, amount=bound.amount[contract.currency],
            prorates=bound.prorates, products=[products[key] for key in bound.products], **told,
        )  # fmt: skip
    _add_grants(contract, package, products, told)


def _add_grants(contract: Contract, package: Package, products: Mapping[str, Product], told: Told) -> None:
    start = first_paid(contract)
    for grant in package.grants:
        end = _valid_until(start, grant.months, grant.days)
        last = min((day for day in (end, contract.end_date) if day is not None), default=None)
        instruments.add(
            key=_free_key(contract.account, grant.key), name=grant.name, kind=Instrument.Kind.CREDIT,
            amount=grant.amount[contract.currency], start_date=start, end_date=last,
            products=[products[key] for key in grant.products], **told,
        )  # fmt: skip


def _valid_until(start: date, months: int, days: int) -> date | None:
    """Give the last day of a credit that is valid so long; None: as long as the contract."""
    if months:
        return months_after(start, months) - DAY
    return start + (days - 1) * DAY if days else None


def _free_key(account: Account, key: str) -> str:
    """Make a credit's key, which its account has once: a second sign-up gets a number behind it."""
    taken = set(account.instruments.filter(key__startswith=key[:58]).values_list("key", flat=True))
    if key not in taken:
        return key
    return next(made for number in range(2, 10_000) if (made := f"{key[:58]}-{number}") not in taken)


def _amount(money: Money, contract: Contract) -> Any:
    return money.get(contract.currency)
