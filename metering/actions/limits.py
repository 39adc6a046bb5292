"""Set limits of use, change them, end them: those of the contract by staff, lower ones by the customer's admins.

What a limit counts (metric, dimension values, window, account) never changes, because its counters were counted
that way; another limit is set instead. A limit that is set in the middle of a window starts with what was used in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from catalog.models import Metric, Product
from metering.actions.counters import open_counters
from metering.actions.limit_guards import guard
from metering.models import Counter, Limit, UsageMark
from metering.rules.quotas import USUAL_HOLD
from monetization.foundation.actions import audit, rows
from monetization.foundation.models import Account, Environment, Membership, User
from monetization.foundation.rules.roles import MemberRole
from monetization.values.errors import Invalid, NotAllowed, WrongState
from monetization.values.money import plain

ABILITY = "metering.set_limit"
SetBy = Limit.SetBy
CHANGEABLE = ("name", "most", "is_hard", "fails_open", "thresholds", "hold_seconds", "emails")


@dataclass(frozen=True, slots=True)
class LimitDraft:
    """What a limit says; `metric` only with a quantity, `currency` and `product` only with money."""

    name: str
    most: Decimal
    kind: str = Limit.Kind.QUANTITY
    metric: Metric | None = None
    product: Product | None = None
    match: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""
    window: str = Limit.Window.BILLING_PERIOD
    is_hard: bool = True
    fails_open: bool = False
    thresholds: Sequence[int] = ()
    hold_seconds: int = USUAL_HOLD
    emails: Sequence[str] = ()


@transaction.atomic
def set_limit(
    *,
    environment: Environment,
    account: Account | None,
    content: LimitDraft,
    by: User | None,
    at: datetime,
    set_by: str = SetBy.CONTRACT,
) -> Limit:
    """Set a limit for an account, or for each account of its own; it holds at once.

    Raises NotAllowed, Invalid (a field; a customer's limit above the contract's).
    """
    limit = Limit(
        environment=environment, account=account, name=content.name.strip(), kind=content.kind, metric=content.metric,
        product=content.product, match=dict(content.match), currency=content.currency, window=content.window,
        most=content.most, is_hard=content.is_hard, fails_open=content.fails_open,
        thresholds=sorted(set(content.thresholds)),
        hold_seconds=content.hold_seconds, emails=list(content.emails), set_by=set_by, made_by=by, made_at=at,
    )  # fmt: skip
    _allow(limit, by)
    guard(limit)
    limit.save()
    _open(limit, at)
    audit.record(
        environment=environment, action="limit.set", subject=limit, by=by, at=at,
        after=content_of(limit) | {"account": account.key if account else None, "set_by": set_by},
    )  # fmt: skip
    return limit


@transaction.atomic
def change_limit(*, limit: Limit, by: User | None, at: datetime, reason: str = "", **changes: Any) -> Limit:
    """Change how much a limit allows, how strict it is, and whom it tells (see CHANGEABLE).

    Raises NotAllowed, WrongState (ended), Invalid.
    """
    unknown = sorted(set(changes) - set(CHANGEABLE))
    if unknown:
        raise Invalid("What a limit counts can't be changed", field=unknown[0], fix="End it and set another")
    _allow(limit, by)
    limit = rows.lock(limit)
    _guard_alive(limit)
    before = content_of(limit)
    for name, value in changes.items():
        setattr(limit, name, sorted(set(value)) if name == "thresholds" else value)
    guard(limit)
    limit.save()
    running = Counter.objects.filter(limit=limit, ends_at__gt=at)
    running.update(changed_at=at)  # so that its thresholds are looked at, and money is written again
    audit.record(
        environment=limit.environment, action="limit.changed", subject=limit, by=by, at=at, before=before,
        after=content_of(limit), reason=reason,
    )  # fmt: skip
    return limit


@transaction.atomic
def end_limit(*, limit: Limit, by: User | None, at: datetime, reason: str = "") -> Limit:
    """Let a limit hold no more; its counters stand still and stay. Repeating it changes nothing."""
    _allow(limit, by)
    limit = rows.lock(limit)
    if limit.ended_at is None:
        limit.ended_at = at
        limit.save(update_fields=["ended_at"])
        audit.record(
            environment=limit.environment, action="limit.ended", subject=limit, by=by, at=at, reason=reason
        )  # fmt: skip
    return limit


def may_set(user: User, limit: Limit) -> bool:
    """Say whether somebody may change or end this limit."""
    try:
        _allow(limit, user)
    except NotAllowed:
        return False
    return True


def content_of(limit: Limit) -> dict[str, Any]:
    """Write down what a limit says, for the audit log."""
    return {
        "name": limit.name, "kind": limit.kind, "metric": limit.metric.key if limit.metric else None,
        "product": limit.product.key if limit.product else None,
        "match": limit.match, "currency": limit.currency, "window": limit.window, "most": plain(limit.most),
        "is_hard": limit.is_hard, "fails_open": limit.fails_open, "thresholds": limit.thresholds,
        "hold_seconds": limit.hold_seconds, "emails": limit.emails,
    }  # fmt: skip


def _allow(limit: Limit, by: User | None) -> None:
    if by is None or by.has_perm(ABILITY):
        return
    if limit.set_by != SetBy.CUSTOMER or limit.account is None:
        rows.allow(by, ABILITY)
    mine = Membership.objects.filter(user=by, customer=limit.account.customer_id) if limit.account else None
    if mine is None or not mine.filter(role=MemberRole.CUSTOMER_ADMIN.value).exists():
        raise NotAllowed("Only your company's admins set limits", fix="Ask one of them")


def _guard_alive(limit: Limit) -> None:
    if limit.ended_at is not None:
        raise WrongState("This limit has ended", fix="Set a new one")


def _open(limit: Limit, at: datetime) -> None:
    """Open the counters of now; a limit for each account gets one for everybody who has used anything."""
    if limit.kind != Limit.Kind.QUANTITY:
        return
    if limit.account is not None:
        accounts = [limit.account.pk]
    else:
        used = UsageMark.objects.filter(account__environment=limit.environment)
        accounts = list(used.values_list("account_id", flat=True))
    open_counters(wanted=[(limit, pk, [at]) for pk in accounts], at=at)
