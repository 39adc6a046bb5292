"""Metric versions as values. An approved version never changes, so its terms are kept in memory.

The memory is keyed by the version's number *and* its content digest: a version whose approval was
rolled back, edited and approved again is another content, and never answers for the first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Prefetch, Q

from catalog.models import MetricDimension, MetricMeasure, MetricVersion
from catalog.queries.memory import recall
from catalog.rules.terms import (
    Again,
    Aggregation,
    Dimension,
    Filter,
    FilterOp,
    Measure,
    MetricTerms,
    Rounding,
    Window,
)
from monetization.values.periods import Period

Key = tuple[int, bytes]
_known: dict[Key, MetricTerms] = {}
KEPT = 4096
VERSIONS = """
SELECT v.id, v.content_digest, v.metric_id, v.effective_at
FROM catalog_metricversion v JOIN catalog_metric m ON m.id = v.metric_id
WHERE m.environment_id = %s AND v.status = 'APPROVED' ORDER BY v.metric_id, v.effective_at, v.number
"""


@dataclass(frozen=True, slots=True)
class DatedMetric:
    """A metric version and the stretch of time in which it says how events are read."""

    metric_id: int
    terms: MetricTerms
    period: Period


def metric_versions_for(environment_id: int) -> list[DatedMetric]:
    """List the environment's approved metric versions, each until the next of its metric begins."""
    with connection.cursor() as cursor:  # asked by every batch of events
        cursor.execute(VERSIONS, [environment_id])
        return _with_terms(cursor.fetchall())


def dated_metrics(condition: Q) -> list[DatedMetric]:
    """List approved metric versions under a condition, in the order of metric and time."""
    versions = MetricVersion.objects.filter(condition, status="APPROVED")
    ordered = versions.order_by("metric_id", "effective_at", "number")
    return _with_terms(list(ordered.values_list("id", "content_digest", "metric_id", "effective_at")))


def _with_terms(rows: Sequence[tuple[int, Any, int, datetime]]) -> list[DatedMetric]:
    known = _terms_of([(pk, bytes(digest or b"")) for pk, digest, _, _ in rows])
    return list(_dated([(metric_id, at, known[pk]) for pk, _, metric_id, at in rows]))


def metric_terms(version: MetricVersion) -> MetricTerms:
    """Give a version's meaning, whatever its status; drafts are read afresh each time."""
    return _read([version.pk])[version.pk]


def metrics_in_force(environment_id: int, at: datetime) -> dict[int, MetricTerms]:
    """Map each metric to the version in force at an instant; metrics without one are left out."""
    return {dated.metric_id: dated.terms for dated in metric_versions_for(environment_id) if at in dated.period}


def latest_terms(metric_ids: Iterable[int]) -> dict[int, MetricTerms]:
    """Map each metric to its newest version, drafts included, for showing what a draft will price."""
    newest = (
        MetricVersion.objects.filter(metric__in=set(metric_ids))
        .exclude(status__in=["REJECTED", "WITHDRAWN"])
        .order_by("metric_id", "-number")
        .distinct("metric_id")
        .values_list("id", "metric_id")
    )
    pairs = list(newest)
    read = _read([pk for pk, _ in pairs])
    return {metric_id: read[pk] for pk, metric_id in pairs}


def _dated(
    rows: Sequence[tuple[int, datetime, MetricTerms]],
) -> Iterator[DatedMetric]:
    following = [*rows[1:], None][: len(rows)]
    for (metric_id, at, terms), then in zip(rows, following, strict=True):
        ends_at = then[1] if then is not None and then[0] == metric_id else None
        yield DatedMetric(metric_id, terms, Period(at, ends_at))


def _terms_of(keys: Sequence[Key]) -> dict[int, MetricTerms]:
    def read(missing: Sequence[Key]) -> dict[Key, MetricTerms]:
        terms = _read([pk for pk, _ in missing])
        return {key: terms[key[0]] for key in missing}

    return {key[0]: terms for key, terms in recall(_known, keys, read, KEPT).items()}


def _read(ids: Sequence[int]) -> dict[int, MetricTerms]:
    versions = (
        MetricVersion.objects.filter(pk__in=ids)
        .select_related("metric")
        .prefetch_related(
            Prefetch("measures", MetricMeasure.objects.order_by("position", "pk")),
            Prefetch("dimensions", MetricDimension.objects.order_by("position", "pk")),
        )
    )
    return {version.pk: as_terms(version) for version in versions}


def as_terms(version: MetricVersion) -> MetricTerms:
    """Give the meaning of a version whose measures and dimensions are read already."""
    return MetricTerms(
        metric=version.metric.key,
        version_id=version.pk,
        number=version.number,
        event_type=version.event_type,
        aggregation=Aggregation(version.aggregation),
        measures=tuple(Measure(each.field, each.value or None, tuple(each.less)) for each in version.measures.all()),
        measure_dimension=version.measure_dimension or None,
        dimensions=tuple(
            Dimension(each.key, each.field, tuple(each.thresholds), each.is_required)
            for each in version.dimensions.all()
        ),
        filters=tuple(
            Filter(each["field"], FilterOp(each["op"]), tuple(each.get("values", ()))) for each in version.filters
        ),
        unit=version.unit,
        divisor=version.divisor,
        rounding=Rounding(version.rounding) if version.rounding else None,
        digits=version.rounding_digits,
        carry=version.carry,
        of_level=version.of_level,
        per=tuple(version.per),
        window=Window(version.window) if version.window else None,
        again=Again(version.again) if version.again else None,
    )
