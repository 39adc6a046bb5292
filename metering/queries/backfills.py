"""Which metric versions a backfill makes ready: counted at the door beside those in force, and how far it has come."""

from django.db import connection
from django.db.models import F, QuerySet

from catalog.models import MetricVersion
from catalog.queries import metric_terms
from catalog.rules.terms import MetricTerms
from metering.models import Backfill
from monetization.values.periods import Period

Status = Backfill.Status
ACTIVE = (Status.WAITING.value, Status.RUNNING.value, Status.PAUSED.value)
# A backfill that failed may go on, so its version goes on being counted.
COUNTING = (Status.RUNNING.value, Status.PAUSED.value, Status.DONE.value, Status.FAILED.value)
UNFINISHED = (Status.RUNNING.value, Status.PAUSED.value, Status.FAILED.value)
ANY = "SELECT 1 FROM metering_backfill WHERE environment_id = %s AND NOT is_mend AND started_at IS NOT NULL LIMIT 1"
Span = tuple[int, int]  # seq after (exclusive) and up to (inclusive)


def backfilling(environment_id: int) -> list[tuple[MetricTerms, Period]]:
    """List the versions, not approved yet, whose usage is being made or is ready, with the stretch of their backfill.

    A draft that was edited since its backfill began is another version and counts no more; nor does one given up.
    """
    with connection.cursor() as cursor:  # asked by every batch, and seldom there
        cursor.execute(ANY, [environment_id])
        if cursor.fetchone() is None:
            return []
    rows = _newest(environment_id).filter(
        metric_version__status__in=["DRAFT", "SUBMITTED"], metric_version__edited_at__lte=F("made_at")
    )
    counting = [row for row in rows.select_related("metric_version") if row.status in COUNTING and row.started_at]
    return [(metric_terms(row.metric_version), Period(row.starts_at, row.ends_at)) for row in counting]


def not_yet_added(environment_id: int) -> dict[int, Span]:
    """Map versions to the span of `seq` whose events their backfill has yet to add; locks those backfills.

    An event taken out inside that span was never added, and the backfill will not find it: nothing is to be undone.
    """
    pks = [row.pk for row in _newest(environment_id) if row.status in UNFINISHED and row.started_at]
    rows = Backfill.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk") if pks else ()
    return {row.metric_version_id: (row.done_seq, row.until_seq) for row in rows}


def stretch_of(version: MetricVersion) -> Period:
    """Give the time for which a version is (or would be) in force: until the next approved one of its metric begins."""
    later = version.metric.versions.filter(status="APPROVED", effective_at__gt=version.effective_at)
    following = later.exclude(pk=version.pk).order_by("effective_at").values_list("effective_at", flat=True).first()
    return Period(version.effective_at, following)


def _newest(environment_id: int) -> QuerySet[Backfill]:
    """Find the latest backfill of each version; those that mend what is in force are no part of this."""
    rows = Backfill.objects.filter(environment=environment_id, is_mend=False)
    return rows.order_by("metric_version_id", "-pk").distinct("metric_version_id")
