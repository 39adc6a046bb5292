"""The limits of use that a plan packs, set for the account that signed up; they hold from the sign-up on."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from catalog.models import Contract, Metric
from catalog.queries.plans import package_of
from catalog.rules.plans.package import Cap
from metering.actions import limits
from metering.actions.limits import LimitDraft
from metering.models import Limit
from monetization.foundation.models import User


@transaction.atomic
def set_limits(*, contract: Contract, by: User, at: datetime) -> list[Limit]:
    """Set each limit of the contract's plan; one of the same name from an earlier contract ends."""
    assert contract.plan_version is not None
    packed = package_of(contract.plan_version).limits
    names = [each.name for each in packed]
    earlier = Limit.objects.filter(account=contract.account, set_by=Limit.SetBy.CONTRACT, ended_at=None)
    for limit in earlier.filter(name__in=names).order_by("pk"):
        limits.end_limit(limit=limit, by=by, at=at, reason=f"{contract} sets it anew")
    metrics = Metric.objects.filter(environment=contract.environment, key__in=[each.metric for each in packed])
    known = {each.key: each for each in metrics}
    return [
        limits.set_limit(
            environment=contract.environment, account=contract.account, by=by, at=at,
            content=_draft(each, known.get(each.metric), contract.currency),
        )
        for each in packed
    ]  # fmt: skip


def _draft(limit: Cap, metric: Metric | None, currency: str) -> LimitDraft:
    shared: dict[str, Any] = {"window": limit.window, "is_hard": limit.is_hard, "thresholds": limit.thresholds}
    if metric is None:
        most = limit.amount.get(currency, Decimal(0))
        return LimitDraft(limit.name, most, kind=Limit.Kind.SPEND, currency=currency, **shared)
    return LimitDraft(limit.name, limit.most or Decimal(0), metric=metric, match=limit.match, **shared)
