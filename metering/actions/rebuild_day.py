"""Build an account's usage of a UTC day again from its events, while its mark is held.

Writers count under the account's mark. So whoever holds it sees every event that is counted, none that is not, and
nobody adds to the day's buckets meanwhile. A day that comes out as it was stays untouched, marks too; one that
doesn't leaves a mark on every bucket that changed or went, so that frozen invoices are told.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Model

from catalog.rules.terms import MetricTerms
from metering.actions.fold import fold, tally
from metering.models import DailyUsage, HourlyUsage, HourlyValue, UsageMark
from metering.rules.book import Book
from metering.stores import postgres as store
from monetization.values.periods import Period

DAY = timedelta(days=1)
Versions = Sequence[tuple[MetricTerms, Period]]  # with the stretch in which each is in force
EMPTY: dict[str, Any] = {
    "quantity": 0, "events": 0, "weighted": None, "first_at": None, "last_at": None, "last_key": None,
}  # fmt: skip
NOTHING: dict[type[Model], dict[str, int]] = {
    HourlyUsage: {"events": 0, "quantity": 0},
    DailyUsage: {"events": 0, "quantity": 0},
    HourlyValue: {"events": 0},
}


@transaction.atomic
def rebuild_day(*, account_id: int, versions: Versions, day: datetime, at: datetime) -> bool:
    """Build the usage of some versions on a UTC day (its first instant) again; True if it was another before."""
    hold_mark(account_id, at)
    known = _rows(account_id, versions, day)
    point = transaction.savepoint()
    gone = _emptied(account_id, versions, day)
    fold(buckets=tally(_read(account_id, versions, day)), at=at)
    if _rows(account_id, versions, day) == known:
        transaction.savepoint_rollback(point)
        return False
    transaction.savepoint_commit(point)
    _leave_marks(account_id, gone, raise_mark(account_id, at))
    return True


def hold_mark(account_id: int, at: datetime) -> None:
    """Lock the account's mark: nobody counts for it until this transaction ends."""
    UsageMark.objects.bulk_create([UsageMark(account_id=account_id, changed_at=at)], ignore_conflicts=True)
    UsageMark.objects.select_for_update().get(account_id=account_id)


def raise_mark(account_id: int, at: datetime) -> int:
    """Say that the account's usage has changed; gives the new number."""
    UsageMark.objects.filter(account_id=account_id).update(number=F("number") + 1, changed_at=at)
    return UsageMark.objects.values_list("number", flat=True).get(account_id=account_id)


def day_of(at: datetime) -> datetime:
    """Give the first instant of the UTC day."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def drop_buckets(version_id: int) -> None:
    """Forget all usage of a version that is not in force."""
    for model in (HourlyUsage, HourlyValue, DailyUsage):
        model._default_manager.filter(metric_version=version_id).delete()


def _read(account_id: int, versions: Versions, day: datetime) -> Iterable[Any]:
    book = Book(versions)
    types = {metric.event_type for metric, _ in versions}
    events = store.of_accounts(account_ids=[account_id], types=types, spans=[(day, day + DAY)])
    return [(each.account_id, each.time, each.key, book.counted(each.type, each.time, each.data)) for each in events]


def _emptied(account_id: int, versions: Versions, day: datetime) -> list[dict[str, Any]]:
    """Take the day's buckets away; gives the keys of the hourly ones."""
    hours = _of_day(HourlyUsage, account_id, versions, day)
    keys = list(hours.values("metric_version_id", "hour", "dimensions_id"))
    for model in (HourlyUsage, HourlyValue, DailyUsage):
        _of_day(model, account_id, versions, day).delete()
    return keys


def _leave_marks(account_id: int, gone: Iterable[Mapping[str, Any]], mark: int) -> None:
    """Put an empty bucket where one is no more, and the mark on those that are."""
    HourlyUsage.objects.bulk_create(
        (HourlyUsage(account_id=account_id, mark=mark, **EMPTY, **key) for key in gone), ignore_conflicts=True
    )


def _rows(account_id: int, versions: Versions, day: datetime) -> set[tuple[Any, ...]]:
    """Give all that the day's buckets say but their marks; empty ones say nothing."""
    return {
        (model.__name__, *row)
        for model in NOTHING
        for row in _of_day(model, account_id, versions, day).exclude(**NOTHING[model]).values_list(*_said(model))
    }


def _said(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if field.name not in ("id", "mark")]


def _of_day(model: type[Model], account_id: int, versions: Versions, day: datetime) -> Any:
    rows = model._default_manager.filter(account=account_id, metric_version__in=[m.version_id for m, _ in versions])
    if model is DailyUsage:
        return rows.filter(date=day.astimezone(UTC).date())
    return rows.filter(hour__gte=day, hour__lt=day + DAY)
