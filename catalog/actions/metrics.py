"""Metrics and their versions: what is counted, from which events, agreed before it is priced."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from catalog.actions import governed
from catalog.models import Metric, MetricDimension, MetricMeasure, MetricVersion
from catalog.queries.metrics import metric_terms
from catalog.rules.drafts import MetricDraft
from catalog.rules.metrics import metric_errors
from catalog.rules.versions import VersionStatus
from monetization.foundation.actions import audit, rows
from monetization.foundation.models import ChangeRequest, Environment, User
from monetization.foundation.queries import roles_of
from monetization.foundation.rules.roles import Role
from monetization.values.errors import DomainError, Invalid, NotAllowed, refuse_if

DRAFT = "catalog.draft_metric"
RESERVED = frozenset({"playground"})  # addresses below /api/v1/metrics


@transaction.atomic
def create(
    *,
    environment: Environment,
    key: str,
    name: str,
    owner: User,
    by: User,
    at: datetime,
    description: str = "",
    unseen_reason: str = "",
) -> Metric:
    """Make a metric without a meaning yet; `unseen_reason` lets it be priced before an event was seen."""
    rows.allow(by, DRAFT)
    if key in RESERVED:
        raise Invalid(f"“{key}” is taken by an address of the API", field="key", fix="Choose another key")
    metric = Metric(
        environment=environment, key=key, name=name, owner=owner, description=description,
        unseen_reason=unseen_reason, created_at=at,
    )  # fmt: skip
    governed.create(metric, environment=environment, by=by, at=at)
    return metric


@transaction.atomic
def price_unseen(*, metric: Metric, reason: str, by: User, at: datetime) -> Metric:
    """Let the owner (or the head of monetization) say why a metric is priced before an event was seen."""
    metric = rows.lock(metric)
    if by.pk != metric.owner_id and Role.HEAD not in roles_of(by):
        raise NotAllowed("Only its owner says why.", fix=f"Ask {metric.owner}.")
    before = {"unseen_reason": metric.unseen_reason}
    metric.unseen_reason = reason
    rows.check(metric)
    rows.keep(metric, by=by, at=at, reason=reason)
    audit.record(
        environment=metric.environment, action="metric.priced_unseen", subject=metric, by=by, at=at,
        before=before, after={"unseen_reason": reason}, reason=reason,
    )  # fmt: skip
    return metric


@transaction.atomic
def draft_version(*, metric: Metric, content: MetricDraft, by: User, at: datetime) -> MetricVersion:
    """Write down how a metric shall read events from an instant on."""
    rows.allow(by, DRAFT)
    metric = rows.lock(metric)
    newest = metric.versions.order_by("-number").first()
    version = MetricVersion(metric=metric, number=newest.number + 1 if newest else 1)
    governed.begin(version, by=by, at=at)
    _write(version, content, by=by, at=at)
    governed.record(version, "drafted", by=by, at=at, after=asdict(content))
    return version


@transaction.atomic
def edit_version(*, version: MetricVersion, content: MetricDraft, by: User, at: datetime) -> MetricVersion:
    """Replace a draft's whole meaning."""
    rows.allow(by, DRAFT)
    version = governed.lock_draft(version)
    version.backfilled_until = None  # another meaning; what was computed for the old one says nothing
    version.measures.all().delete()
    version.dimensions.all().delete()
    _write(version, content, by=by, at=at)
    governed.record(version, "edited", by=by, at=at, after=asdict(content))
    return version


@transaction.atomic
def submit(*, version: MetricVersion, reason: str, by: User, at: datetime, title: str = "") -> ChangeRequest:
    """Ask for decisions about a draft; from here on nobody edits it."""
    rows.allow(by, DRAFT)
    version = governed.lock_draft(version)
    refuse_if(errors(version, at))
    return governed.propose(
        version, title=title or f"Meaning of {version}", reason=reason, facts={},
        effective_at=version.effective_at, by=by, at=at,
    )  # fmt: skip


@transaction.atomic
def note_backfilled(*, version: MetricVersion, until: datetime | None, by: User, at: datetime) -> MetricVersion:
    """Say that a draft's usage is computed from its effective time on (None: no more); metering does it and tells."""
    version = governed.lock_draft(version)
    version.backfilled_until = until
    rows.keep(version, by=by, at=at)
    governed.record(version, "backfilled" if until else "backfill_begun", by=by, at=at, after={"until": until})
    return version


@transaction.atomic
def discard(*, version: MetricVersion, by: User, at: datetime) -> MetricVersion:
    """Give up a draft that was never submitted or was sent back; withdraw its request instead if it has one."""
    rows.allow(by, DRAFT)
    version = governed.lock_draft(version)
    governed.move(version, VersionStatus.WITHDRAWN, by=by, at=at)
    return version


def errors(version: MetricVersion, at: datetime) -> list[DomainError]:
    """List why a version can't be approved now: nonsense in it, or a time that has passed."""
    found = metric_errors(metric_terms(version))
    others = version.metric.versions.filter(status="APPROVED").exclude(pk=version.pk)
    if others.exists() and version.effective_at <= at and version.backfilled_until is None:
        fix = "Choose a later time, or run a backfill of this version first: it computes its usage of the past"
        found.append(Invalid("A new meaning starts after its approval", field="effective_at", fix=fix))
    return found


def _write(version: MetricVersion, content: MetricDraft, *, by: User, at: datetime) -> None:
    refuse_if(metric_errors(content.terms(version.metric.key, version.number)))
    for name, value in _columns(content).items():
        setattr(version, name, value)
    governed.touch(version, by=by, at=at)
    MetricMeasure.objects.bulk_create(
        MetricMeasure(version=version, position=i, value=each.value or "", field=each.field, less=list(each.less))
        for i, each in enumerate(content.measures)
    )
    MetricDimension.objects.bulk_create(
        MetricDimension(
            version=version, position=i, key=each.key, field=each.field,
            thresholds=list(each.thresholds), is_required=each.required,
        )
        for i, each in enumerate(content.dimensions)
    )  # fmt: skip


def _columns(content: MetricDraft) -> dict[str, Any]:
    return {
        "event_type": content.event_type,
        "aggregation": content.aggregation.value,
        "measure_dimension": content.measure_dimension,
        "filters": [
            {"field": each.field, "op": each.op.value, "values": list(each.values)} for each in content.filters
        ],
        "unit": content.unit,
        "divisor": content.divisor,
        "rounding": content.rounding.value if content.rounding else "",
        "rounding_digits": content.digits,
        "carry": content.carry,
        "of_level": content.of_level,
        "per": list(content.per),
        "window": content.window.value if content.window else "",
        "again": content.again.value if content.again else "",
        "effective_at": content.effective_at,
    }
