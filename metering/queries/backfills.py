"""Which metric versions a backfill makes ready: counted at the door beside those in force, and how far it has come."""

from django.db.models import F

from catalog.models import MetricVersion
from catalog.queries import metric_terms
from catalog.rules.terms import MetricTerms
from metering.models import Backfill
from monetization.values.periods import Period

Status = Backfill.Status
ACTIVE = (Status.WAITING.value, Status.RUNNING.value, Status.PAUSED.value)
COUNTING = (Status.RUNNING.value, Status.PAUSED.value, Status.DONE.value)
Span = tuple[int, int]  # seq after (exclusive) and up to (inclusive)


def backfilling(environment_id: int) -> list[tuple[MetricTerms, Period]]:
    """List the versions, not approved yet, whose usage is being made or is ready, with the stretch of their backfill.

    A draft that was edited since its backfill began is another version and counts no more; nor does one given up.
    """
    rows = Backfill.objects.filter(
        environment=environment_id,
        status__in=COUNTING,
        is_mend=False,
        metric_version__status__in=["DRAFT", "SUBMITTED"],
        metric_version__edited_at__lte=F("made_at"),
    ).select_related("metric_version")
    newest: dict[int, Backfill] = {}
    for row in rows.order_by("pk"):
        newest[row.metric_version_id] = row
    return [(metric_terms(row.metric_version), Period(row.starts_at, row.ends_at)) for row in newest.values()]


def not_yet_added(environment_id: int) -> dict[int, Span]:
    """Map versions to the span of `seq` whose events their backfill has yet to add; locks those backfills.

    An event taken out inside that span was never added, and the backfill will not find it: nothing is to be undone.
    """
    rows = Backfill.objects.select_for_update().filter(
        environment=environment_id, status__in=[Status.RUNNING, Status.PAUSED], is_mend=False
    )
    return {row.metric_version_id: (row.done_seq, row.until_seq) for row in rows.order_by("pk")}


def stretch_of(version: MetricVersion) -> Period:
    """Give the time for which a version would be in force: until the next approved version of its metric begins."""
    later = version.metric.versions.filter(status="APPROVED", effective_at__gt=version.effective_at)
    following = later.exclude(pk=version.pk).order_by("effective_at").values_list("effective_at", flat=True).first()
    return Period(version.effective_at, following)
