"""Usage: what an account used, by hour, by its own days, or in total, for some of the dimensions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.queries import metric_versions_for
from catalog.rules.terms import Dims, MetricTerms
from metering.api.shared import READS, account_named, instant_named, limit_of
from metering.queries import Cut, Measured, measured
from metering.rules.book import hour_of
from metering.rules.states import State, total
from monetization.foundation.models import Account
from monetization.foundation.rest.views import View
from monetization.values.errors import Invalid, NotFound
from monetization.values.money import plain, round_half_away
from monetization.values.periods import Period, days_of

HOUR = timedelta(hours=1)
LONGEST = {"hour": timedelta(days=32), "day": timedelta(days=400), "total": timedelta(days=4000)}


class RowBody(serializers.Serializer[Any]):
    """Usage of one stretch of time and one set of dimension values."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    dimensions = serializers.DictField(child=serializers.CharField())
    quantity = serializers.CharField(help_text="Exact, before conversion to the priced unit")
    events = serializers.IntegerField()


class UsageBody(serializers.Serializer[Any]):
    """A page of usage."""

    account = serializers.CharField()
    metric = serializers.CharField()
    time_zone = serializers.CharField(help_text="Days are cut in it")
    next = serializers.CharField(allow_null=True, help_text="`cursor` of the next page")
    results = RowBody(many=True)


class Usage(View):
    """Read usage."""

    permission_classes = [READS]

    @extend_schema(
        parameters=[
            OpenApiParameter("account", str, required=True),
            OpenApiParameter("metric", str, required=True),
            OpenApiParameter("from", str, required=True, description="RFC 3339, inclusive"),
            OpenApiParameter("to", str, required=True, description="RFC 3339, exclusive"),
            OpenApiParameter("granularity", str, enum=list(LONGEST), description="Default: day"),
            OpenApiParameter("group_by", str, many=True, description="Dimensions to tell apart"),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
        ],
        responses=UsageBody,
    )
    def get(self, request: Request) -> Response:
        """Add up an account's usage of a metric, by hour, by day in its time zone, or in total."""
        query = request.query_params
        account = account_named(self.by, self.environment, query.get("account"))
        metrics = self._metrics(query.get("metric"))
        by = _dimensions(query.getlist("group_by"), metrics)
        spans = _spans(
            query.get("granularity", "day"), instant_named(query, "from"), instant_named(query, "to"), account
        )
        cuts = [Cut(span, metrics) for span in spans]
        rows = _rows(measured(account_ids=[account.pk], cuts=cuts), spans, by, metrics)
        start, limit = _offset(query.get("cursor", "")), limit_of(query)
        return Response(
            {
                "account": account.key,
                "metric": query["metric"],
                "time_zone": account.time_zone,
                "next": str(start + limit) if start + limit < len(rows) else None,
                "results": rows[start : start + limit],
            }
        )

    def _metrics(self, key: str | None) -> dict[int, MetricTerms]:
        found = {
            dated.terms.version_id: dated.terms
            for dated in metric_versions_for(self.environment.pk)
            if dated.terms.metric == key
        }
        if not found:
            raise NotFound("There is no such metric", field="metric", fix="See /api/v1/metrics")
        return found


def _dimensions(asked: Sequence[str], metrics: dict[int, MetricTerms]) -> tuple[str, ...]:
    known = {key for metric in metrics.values() for key in metric.order}
    unknown = sorted(set(asked) - known)
    if unknown:
        raise Invalid(
            f"“{unknown[0]}” is no dimension of this metric", field="group_by", fix=f"Use: {', '.join(sorted(known))}"
        )
    return tuple(asked)


def _spans(granularity: str, start: datetime, end: datetime, account: Account) -> list[Period]:
    if granularity not in LONGEST:
        raise Invalid("There is no such granularity", field="granularity", fix=f"Use: {', '.join(LONGEST)}")
    if end <= start:
        raise Invalid("The end lies before the start", field="to", fix="Choose a later end")
    if end - start > LONGEST[granularity]:
        longest = LONGEST[granularity].days
        raise Invalid("The period is too long", field="to", fix=f"At most {longest} days by {granularity}")
    period = Period(start, end)
    if granularity == "day":
        return [span for _, span in days_of(period, account.time_zone)]
    if granularity == "hour":
        return _hours(period, start, end)
    return [period]


def _hours(period: Period, start: datetime, end: datetime) -> list[Period]:
    count = int((end - hour_of(start)) / HOUR) + 1
    edges = [start, *(hour_of(start) + HOUR * n for n in range(1, count + 1) if hour_of(start) + HOUR * n < end), end]
    return [Period(a, b) for a, b in pairwise(edges)]


def _rows(
    found: list[Measured], spans: list[Period], by: tuple[str, ...], metrics: dict[int, MetricTerms]
) -> list[dict[str, Any]]:
    rows: dict[tuple[int, Dims], dict[int, list[tuple[Dims, State]]]] = {}
    for row in found:
        dims = tuple(pair for pair in row.dims if pair[0] in by)
        rows.setdefault((row.cut, dims), {}).setdefault(row.metric_version_id, []).append((row.dims, row.state))
    return [
        {
            "starts_at": spans[cut].starts_at,
            "ends_at": spans[cut].ends_at,
            "dimensions": dict(dims),
            "quantity": _quantity(states, metrics, spans[cut]),
            "events": sum(state.events for each in states.values() for _, state in each),
        }
        for (cut, dims), states in sorted(rows.items(), key=lambda item: item[0])
    ]


def _quantity(states: dict[int, list[tuple[Dims, State]]], metrics: dict[int, MetricTerms], span: Period) -> str:
    """Write what each version's states come to, added; what never ends as a decimal is cut at 18 places."""
    length = (span.ends_at or span.starts_at) - span.starts_at
    exact = sum((total(metrics[version], rows, length) for version, rows in states.items()), Fraction(0))
    return plain(round_half_away(exact, 18))


def _offset(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Invalid("cursor is not one of ours", field="cursor", fix="Follow `next` as it was given")
    return int(text or 0)
