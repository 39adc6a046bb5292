"""A few limits: one nearly used up, one with room, one that warns each account, and one that the customer set."""

from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from catalog.models import Metric
from metering.actions import holds
from metering.actions.limit_alerts import raise_alerts
from metering.actions.limits import LimitDraft, set_limit
from metering.models import Limit
from metering.queries.limits_shown import preview
from monetization.demo.opening import Company
from monetization.foundation.models import Account

THRESHOLDS, OWN = (80, 100), "Our own brake"


def set_limits(company: Company, at: datetime) -> None:
    """Set them as if each had been agreed with what was used in mind; two requests hold something of one."""
    metric = Metric.objects.filter(environment=company.live, versions__status="APPROVED").order_by("pk")[0]
    acme, globex = company.accounts["acme"], company.accounts["globex"]
    _set(company, acme, metric, "Tokens of a month", 86, at)
    _set(company, globex, metric, "Tokens of a month", 34, at)
    _set(company, acme, metric, OWN, 91, at)
    daily = LimitDraft("Tokens a day", Decimal(400), metric=metric, window="DAY", is_hard=False, thresholds=(100,))
    set_limit(environment=company.live, account=None, content=daily, by=company["rosa"], at=at)
    for number, amount in enumerate((Decimal("0.4"), Decimal("0.25"))):
        use = holds.Use(globex.pk, metric.key, amount, {})
        holds.reserve(environment=company.live, key=f"demo-{number}", use=use, seconds=86_400, at=at)
    raise_alerts(at=at, thorough=True)


def _set(company: Company, account: Account, metric: Metric, name: str, percent: int, at: datetime) -> None:
    """Set a limit of which so many percent are used; the customer's own warns, the contract's refuses."""
    is_hard = name != OWN
    set_by = Limit.SetBy.CONTRACT if is_hard else Limit.SetBy.CUSTOMER
    most = _used(company, account, metric, at) * 100 / percent
    rounded = most.quantize(Decimal(1), ROUND_CEILING) if most > 10 else most.quantize(Decimal("0.01"), ROUND_CEILING)
    content = LimitDraft(name, rounded or Decimal(1), metric=metric, thresholds=THRESHOLDS, is_hard=is_hard)
    by = company["rosa"] if is_hard else company["pat"]
    set_limit(environment=company.live, account=account, content=content, by=by, at=at, set_by=set_by)


def _used(company: Company, account: Account, metric: Metric, at: datetime) -> Decimal:
    """Say what was used in the running period, as the preview of a new limit does."""
    planned = Limit(environment=company.live, account=account, metric=metric, match={})
    return next((each.spent for each in preview(planned, [account], at=at)), Decimal(0))
