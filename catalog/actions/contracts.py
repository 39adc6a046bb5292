"""Contracts: drafted, edited as drafts, submitted. They may start in the past: they are often signed late."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from catalog.actions import governed
from catalog.actions.own_errors import own_price_errors
from catalog.actions.part_errors import facts_of, part_errors
from catalog.models import Contract, PlanVersion, RateCard, RateCardVersion
from catalog.queries.beside import stands_with
from catalog.queries.cards import read_charges
from catalog.queries.contracts import cycle_of
from catalog.rules.overrides import Combine
from catalog.rules.versions import VersionStatus
from monetization.foundation.actions import rows
from monetization.foundation.models import Account, ChangeRequest, LegalEntity, User
from monetization.foundation.queries import accounts_for
from monetization.values.errors import Conflict, DomainError, Invalid, NotFound, refuse_if
from monetization.values.money import minor_digits

DRAFT = "catalog.draft_contract"
EDITABLE = frozenset(
    {
        "name", "legal_entity", "rate_card", "pinned_version", "pinned_until", "currency",
        "start_date", "end_date", "cadence", "anchor", "anchor_day", "discount_percent",
        "net_days", "purchase_order", "combine_multipliers", "trial_until",
    }
)  # fmt: skip


@transaction.atomic
def draft(
    *,
    account: Account,
    key: str,
    name: str,
    legal_entity: LegalEntity,
    rate_card: RateCard,
    currency: str,
    start_date: date,
    by: User,
    at: datetime,
    end_date: date | None = None,
    pinned_version: RateCardVersion | None = None,
    pinned_until: date | None = None,
    cadence: str = Contract.Cadence.MONTHLY,
    anchor: str = Contract.Anchor.CONTRACT_DAY,
    anchor_day: int | None = None,
    discount_percent: Decimal = Decimal(0),
    net_days: int = 30,
    purchase_order: str = "",
    plan_version: PlanVersion | None = None,
    trial_until: date | None = None,
    combine_multipliers: str = Combine.COMPOUND.value,
) -> Contract:
    """Write down what an account shall agree to; dates are local to the account, the last day is served."""
    rows.allow(by, DRAFT)
    guard_account(by, account)
    contract = Contract(
        environment=account.environment, account=account, key=key, name=name,
        legal_entity=legal_entity, rate_card=rate_card, currency=currency, start_date=start_date,
        end_date=end_date, pinned_version=pinned_version, pinned_until=pinned_until,
        cadence=cadence, anchor=anchor, anchor_day=anchor_day, discount_percent=discount_percent,
        net_days=net_days, purchase_order=purchase_order, combine_multipliers=combine_multipliers,
        plan_version=plan_version, trial_until=trial_until,
    )  # fmt: skip
    governed.begin(contract, by=by, at=at)
    refuse_if(field_errors(contract))
    rows.check(contract)
    rows.keep(contract, by=by, at=at)
    governed.record(contract, "drafted", by=by, at=at, after={"key": key, "account": account.key})
    return contract


@transaction.atomic
def edit(*, contract: Contract, by: User, at: datetime, **changes: Any) -> Contract:
    """Change a draft's terms; account and key stay."""
    rows.allow(by, DRAFT)
    contract = governed.lock_draft(contract)
    guard_account(by, contract.account)
    refuse_if(
        Invalid("This can't be changed", field=name, fix="Draft a new contract")
        for name in sorted(changes.keys() - EDITABLE)
    )
    before = {name: _word(getattr(contract, name)) for name in changes}
    for name, value in changes.items():
        setattr(contract, name, value)
    refuse_if(field_errors(contract))
    governed.touch(contract, by=by, at=at)
    after = {name: _word(getattr(contract, name)) for name in changes}
    governed.record(contract, "edited", by=by, at=at, before=before, after=after)
    return contract


@transaction.atomic
def submit(*, contract: Contract, reason: str, by: User, at: datetime, title: str = "") -> ChangeRequest:
    """Ask for decisions about a draft; its terms are frozen from here on."""
    rows.allow(by, DRAFT)
    contract = governed.lock_draft(contract)
    guard_account(by, contract.account)
    refuse_if(errors(contract, at))
    return governed.propose(
        contract, title=title or f"Contract {contract}", reason=reason,
        facts=facts_of(contract), effective_at=None, by=by, at=at,
    )  # fmt: skip


@transaction.atomic
def discard(*, contract: Contract, by: User, at: datetime) -> Contract:
    """Give up a draft that was never submitted or was sent back; withdraw its request instead if it has one."""
    rows.allow(by, DRAFT)
    contract = governed.lock_draft(contract)
    governed.move(contract, VersionStatus.WITHDRAWN, by=by, at=at)
    return contract


def errors(contract: Contract, at: datetime) -> list[DomainError]:
    """List why a contract can't be approved. Raises Conflict where another one covers some of its days."""
    other = overlapping(contract, contract.start_date, contract.end_date)
    if other is not None:
        raise Conflict(f"{other} covers some of these days already.", fix="Choose days that no contract covers.")
    found = [
        *field_errors(contract),
        *part_errors(contract),
        *price_errors(contract.rate_card, contract.pinned_version, contract.currency, contract),
    ]
    return found or own_price_errors(contract, at)


def overlapping(contract: Contract, first: date, last: date | None) -> Contract | None:
    """Find another contract of the account that serves one of these days."""
    others = Contract.objects.filter(account=contract.account, status="APPROVED").exclude(pk=contract.pk)
    others = others.exclude(last_date__lt=first)
    if last is not None:
        others = others.exclude(start_date__gt=last)
    return others.first()


def field_errors(contract: Contract) -> list[DomainError]:
    """List what is wrong with a contract's terms by themselves."""
    found = [
        Invalid("This belongs to another environment", field=name, fix="Choose one of this environment")
        for name in ("account", "legal_entity", "rate_card")
        if getattr(contract, name).environment_id != contract.environment_id
    ]
    return [*found, *_pin_errors(contract), *_raised(contract)]


def _pin_errors(contract: Contract) -> list[DomainError]:
    pinned = contract.pinned_version
    if pinned is None:
        if contract.pinned_until is None:
            return []
        return [Invalid("There is no version to pin", field="pinned_version", fix="Choose one")]
    found: list[DomainError] = []
    if pinned.rate_card_id != contract.rate_card_id or pinned.status != "APPROVED":
        fix = "Choose an approved version of the contract's rate card"
        found.append(Invalid("This version can't be pinned", field="pinned_version", fix=fix))
    if contract.pinned_until is not None and contract.pinned_until <= contract.start_date:
        fix = "Choose a day after the contract's start, or none"
        found.append(Invalid("The pin ends before it begins", field="pinned_until", fix=fix))
    return found


def _raised(contract: Contract) -> list[DomainError]:
    found: list[DomainError] = []
    for check in (lambda: minor_digits(contract.currency), lambda: cycle_of(contract)):
        try:
            check()
        except Invalid as error:
            field = "anchor_day" if error.field == "anchor" else error.field
            found.append(Invalid(error.message, field=field, fix=error.fix))
    return found


def price_errors(
    card: RateCard, pinned: RateCardVersion | None, currency: str, contract: Contract | None = None
) -> list[DomainError]:
    """Refuse a card that has nothing approved, or lacks a product's price in the contract's currency.

    Prices in the same request as the `contract` are approved before it.
    """
    newest = pinned or card.versions.filter(stands_with(contract)).order_by("-number").first()
    if newest is None:
        fix = "Have its first version approved"
        return [Invalid(f"{card} has no approved prices yet", field="rate_card", fix=fix)]
    stored = read_charges([newest.pk], currency).get(newest.pk, ())
    if all(charge.rows for charge in stored):
        return []
    fix = "Choose a currency of the card, or add its prices in this one"
    message = f"{newest} has no price in {currency} for every product"
    return [Invalid(message, field="currency", fix=fix)]


def guard_account(by: User, account: Account) -> None:
    """Hide accounts that somebody may not see. Raises NotFound."""
    if not accounts_for(by, account.environment).filter(pk=account.pk).exists():
        raise NotFound("There is no such account.", field="account")


def _word(value: Any) -> Any:
    return getattr(value, "key", None) or (str(value) if isinstance(value, RateCardVersion) else value)
