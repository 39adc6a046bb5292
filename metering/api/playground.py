"""The playground as JSON: events tried on a meaning, or on a version of a metric; nothing is kept."""

from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import MetricVersion
from catalog.queries.metrics import as_terms
from catalog.rules.meaning import sentence
from catalog.rules.metrics import metric_errors
from catalog.rules.terms import MetricTerms
from metering.api.playground_bodies import PlayedBody, TriedMeaning, TryBody
from metering.queries.playground import owners_of
from metering.rules.playground import Days, opened, play
from metering.rules.tried import Played, Total, Tried
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest import requires
from monetization.foundation.rest.views import View
from monetization.values.errors import Invalid, NotFound, refuse_if
from monetization.values.money import plain

LONGEST_DAYS = 400


class Playground(View):
    """Try events on a metric."""

    permission_classes = [requires("catalog:read", "catalog.read")]

    @extend_schema(operation_id="metrics_playground", request=TryBody, responses=PlayedBody)
    def post(self, request: Request) -> Response:
        """Say what events would add to a metric and why not, step by step; nothing is kept."""
        body = TryBody(data=request.data)
        body.is_valid(raise_exception=True)
        said, at = body.validated_data, timezone.now()
        terms, found = self._terms(body), opened(said["events"], at)
        owners = owners_of(accounts_for(self.by, self.environment), self.environment, found)
        played = play(terms, found, owners, zone="UTC", at=at, days=_days(said.get("first"), said.get("last")))
        return Response(_written(terms, played))

    def _terms(self, body: TryBody) -> MetricTerms:
        said = body.validated_data
        if ("meaning" in said) == ("metric" in said):
            raise Invalid("Say what is tried", field="meaning", fix="Send `meaning`, or `metric` and `version`")
        if "metric" in said:
            return self._stored(said["metric"], said.get("version"))
        terms = TriedMeaning.draft(said["meaning"] | {"effective_at": timezone.now()}).terms("", 0)
        refuse_if(metric_errors(terms))
        return terms

    def _stored(self, key: str, number: int | None) -> MetricTerms:
        rows = MetricVersion.objects.filter(metric__environment=self.environment, metric__key=key)
        rows = rows.filter(number=number) if number else rows.filter(status="APPROVED")
        found = rows.select_related("metric").prefetch_related("measures", "dimensions").order_by("-number").first()
        if found is None:
            raise NotFound("There is no such version", field="metric", fix="See /api/v1/metrics")
        return as_terms(found)


def _days(first: date | None, last: date | None) -> Days | None:
    if first is None and last is None:
        return None
    if first is None or last is None or not 0 <= (last - first).days <= LONGEST_DAYS or not 2000 <= first.year < 2199:
        raise Invalid("The period can't be used", field="first", fix=f"Give both days, at most {LONGEST_DAYS} of them")
    return first, last


def _written(terms: MetricTerms, played: Played) -> dict[str, Any]:
    return {
        "meaning": sentence(terms),
        "events": [_tried(each) for each in played.tried],
        "totals": [_total(each) for each in played.totals],
    }


def _tried(each: Tried) -> dict[str, Any]:
    return {
        "number": each.number, "id": each.event.id if each.event else None, "account": each.owner.key,
        "status": each.verdict.value, "field": each.field, "detail": each.why, "fix": each.fix,
        "readings": [
            {"dimensions": dict(one.dims), "quantity": plain(one.quantity), "value": one.value}
            for one in each.readings
        ],
    }  # fmt: skip


def _total(each: Total) -> dict[str, Any]:
    return {
        "account": each.owner.key, "starts_at": each.period.starts_at, "ends_at": each.period.ends_at,
        "dimensions": None if each.dims is None else dict(each.dims), "events": each.events,
        "steps": [{"words": step.words, "value": plain(step.value)} for step in each.steps],
        "quantity": plain(each.quantity),
    }  # fmt: skip
