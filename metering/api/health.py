"""How ingestion does: the figures of the console's page, for machines."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from metering.api.shared import READS, guard_sees_all
from metering.queries.health import HOUR, MINUTE, Health, health, stretches
from metering.rules.health import Stretch
from monetization.foundation.rest.views import View
from monetization.values.errors import Invalid
from monetization.values.money import plain

SPANS = {"hour": (MINUTE, 60), "day": (HOUR, 24)}
COUNTED = ("batches", "accepted", "duplicates", "conflicts", "quarantined", "rejected", "late")


class FindingBody(serializers.Serializer[Any]):
    """Something that isn't as it should be."""

    code = serializers.ChoiceField(["backlog_grows", "backlog", "nothing_yet", "quiet", "late", "set_aside"])
    severity = serializers.ChoiceField(["WARN", "INFO"])
    detail = serializers.CharField()


class StretchBody(serializers.Serializer[Any]):
    """What arrived in a minute or an hour. Lag is from an event's time to its count; null where none was accepted."""

    starts_at = serializers.DateTimeField()
    batches = serializers.IntegerField()
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    conflicts = serializers.IntegerField()
    quarantined = serializers.IntegerField()
    rejected = serializers.IntegerField()
    late = serializers.IntegerField(help_text="Accepted more than an hour after their time")
    average_lag_ms = serializers.IntegerField(allow_null=True)
    longest_lag_ms = serializers.IntegerField(allow_null=True)


class BacklogBody(serializers.Serializer[Any]):
    """Bodies accepted and not yet counted."""

    bodies = serializers.IntegerField()
    bytes = serializers.IntegerField()
    oldest_received_at = serializers.DateTimeField(allow_null=True)
    oldest_seconds = serializers.IntegerField(allow_null=True)


class OpenBody(serializers.Serializer[Any]):
    """Open events of quarantine."""

    reason = serializers.CharField()
    events = serializers.IntegerField()


class HealthBody(serializers.Serializer[Any]):
    """How ingestion does. `findings` is empty where all is well."""

    at = serializers.DateTimeField()
    findings = FindingBody(many=True)
    events_per_second = serializers.CharField(help_text="Accepted in the last full minute")
    typical_lag_ms = serializers.IntegerField(allow_null=True, help_text="Middle of the last hour's minute averages")
    last_accepted_at = serializers.DateTimeField(allow_null=True, help_text="To the minute")
    last_hour = StretchBody()
    backlog = BacklogBody()
    quarantine = OpenBody(many=True)
    series = StretchBody(many=True)


class IngestionHealth(View):
    """Read how ingestion does."""

    permission_classes = [READS]

    @extend_schema(
        parameters=[OpenApiParameter("span", str, enum=list(SPANS), description="Of the series. Default: hour")],
        responses=HealthBody,
    )
    def get(self, request: Request) -> Response:
        """Say how ingestion does now, with the last hour by minute or the last day by hour."""
        guard_sees_all(self.by)
        span = request.query_params.get("span", "hour")
        if span not in SPANS:
            raise Invalid(f"There is no span “{span}”", field="span", fix=f"Use: {', '.join(SPANS)}")
        step, count = SPANS[span]
        environments = [self.environment.pk]
        rows = stretches(environments=environments, until=self.at, step=step, count=count)
        found = described(health(environments=environments, now=self.at))
        return Response(found | {"series": [_stretch(each) for each in rows]})


def described(found: Health) -> dict[str, Any]:
    """Write the figures of now for an answer."""
    backlog = found.backlog
    return {
        "at": found.at,
        "findings": [{"code": each.code, "severity": each.severity, "detail": each.words} for each in found.findings],
        "events_per_second": plain(found.rate),
        "typical_lag_ms": found.typical_lag_ms,
        "last_accepted_at": found.last_at,
        "last_hour": _stretch(found.hour),
        "backlog": {
            "bodies": backlog.bodies,
            "bytes": backlog.size,
            "oldest_received_at": backlog.oldest_at,
            "oldest_seconds": _seconds(backlog.oldest_at, found.at),
        },
        "quarantine": [{"reason": reason, "events": count} for reason, count in found.open],
    }


def _stretch(each: Stretch) -> dict[str, Any]:
    lag = {"average_lag_ms": each.lag_ms, "longest_lag_ms": each.lag_ms_max if each.accepted else None}
    return {"starts_at": each.at} | {name: getattr(each, name) for name in COUNTED} | lag


def _seconds(oldest_at: datetime | None, now: datetime) -> int | None:
    return None if oldest_at is None else int((now - oldest_at).total_seconds())
