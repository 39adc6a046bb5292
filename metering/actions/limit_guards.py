"""What a limit is asked before it is kept: its own words, its place, and the contract above it."""

from collections.abc import Sequence
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models

from metering.models import Limit
from metering.queries.limits import versions_of
from metering.rules.limit_faults import faults
from monetization.foundation.actions import rows
from monetization.values.errors import DomainError, Invalid, refuse_if
from monetization.values.money import plain

SetBy = Limit.SetBy


def guard(limit: Limit) -> None:
    """Refuse what can't be right, all at once."""
    versions = versions_of(limit.metric) if limit.metric else {}
    newest = max(versions.values(), key=lambda each: each.number, default=None)
    found = faults(
        kind=limit.kind, has_metric=limit.metric is not None, has_product=limit.product is not None,
        currency=limit.currency, window=limit.window, match=limit.match,
        dimensions={key for each in versions.values() for key in each.order}, metric=newest,
        thresholds=limit.thresholds, hold_seconds=limit.hold_seconds, emails=limit.emails,
    )  # fmt: skip
    found += [*_email_faults(limit.emails), *_place_faults(limit), *_ceiling_faults(limit)]
    refuse_if(found)
    rows.check(limit, leave=("match", "thresholds", "emails"))


def _email_faults(emails: Sequence[str]) -> list[DomainError]:
    return [
        Invalid(f"“{each}” is no address", field=f"emails[{n}]", fix="Write it like name@example.com")
        for n, each in enumerate(emails)
        if not _is_email(each)
    ]


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _place_faults(limit: Limit) -> list[DomainError]:
    elsewhere = limit.account is not None and limit.account.environment_id != limit.environment_id
    found: list[DomainError] = []
    if elsewhere or (limit.account is None and limit.set_by == SetBy.CUSTOMER):
        found.append(Invalid("There is no such account here", field="account", fix="Choose one of this environment"))
    if limit.metric is not None and limit.metric.environment_id != limit.environment_id:
        found.append(Invalid("There is no such metric here", field="metric", fix="Choose one of this environment"))
    if limit.product is not None and limit.product.environment_id != limit.environment_id:
        found.append(Invalid("There is no such product here", field="product", fix="Choose one of this environment"))
    return found


def _ceiling_faults(limit: Limit) -> list[DomainError]:
    """Find the contract's limits that a customer's own lies above."""
    if limit.set_by != SetBy.CUSTOMER:
        return []
    same = Limit.objects.filter(
        models.Q(account=limit.account) | models.Q(account=None), environment=limit.environment, kind=limit.kind,
        metric=limit.metric, product=limit.product, window=limit.window, currency=limit.currency,
        set_by=SetBy.CONTRACT, ended_at=None,
    )  # fmt: skip
    ceilings = [each.most for each in same if each.match.items() <= limit.match.items()]
    if limit.kind == Limit.Kind.BALANCE:  # what must stay of a balance: the customer may only keep more
        return _floor_faults(limit, ceilings)
    if not ceilings or limit.most <= min(ceilings):
        return []
    fix = f"At most {plain(min(ceilings))}, as agreed"
    return [Invalid("This is above the limit of your contract", field="most", fix=fix)]


def _floor_faults(limit: Limit, floors: Sequence[Decimal]) -> list[DomainError]:
    if not floors or limit.most >= max(floors):
        return []
    fix = f"At least {plain(max(floors))}, as agreed"
    return [Invalid("This is below what your contract keeps", field="most", fix=fix)]
