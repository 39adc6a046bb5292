"""Events: the door (see `door.py`), the list, one event."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from metering.api import door
from metering.api.body import CLOUD_BATCH, CLOUD_ONE
from metering.api.receipts import LaterBody
from metering.api.shared import READS, account_named, cursor_of, event_body, exact_answer, limit_of
from metering.queries import counted_for, listed
from metering.queries.events import chain, shown_of
from metering.queries.revisions import removed_of
from metering.rules import places
from monetization.foundation.queries import accounts_for, sees_all_customers
from monetization.foundation.rest import requires
from monetization.foundation.rest.views import View
from monetization.values.errors import NotFound
from monetization.values.money import plain

SENDS = requires(door.SCOPE, door.ABILITY)


class EventBody(serializers.Serializer[Any]):
    """A usage event. CloudEvents 1.0 are taken as well; `account` or `customer` may be written for `subject`."""

    id = serializers.CharField(max_length=200, help_text="Unique within its source, for ever")
    source = serializers.CharField(max_length=200, default="api")  # type: ignore[assignment]
    type = serializers.CharField(max_length=120, help_text="What a metric reads, such as llm.request")
    subject = serializers.CharField(max_length=200, help_text="An account's key, or an alias of that time")
    time = serializers.DateTimeField(required=False, help_text="RFC 3339 with offset; else that of the first arrival")
    data = serializers.DictField(required=False)  # type: ignore[assignment]


class ItemBody(serializers.Serializer[Any]):
    """What became of one event."""

    id = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    status = serializers.ChoiceField(["accepted", "duplicate", "conflict", "quarantined", "rejected"])
    reason = serializers.CharField(required=False)
    field = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)


class ReceiptBody(serializers.Serializer[Any]):
    """Counts, and one item for each event in the order sent."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    conflicts = serializers.IntegerField()
    quarantined = serializers.IntegerField()
    rejected = serializers.IntegerField()
    items = ItemBody(many=True)


class CountedBody(serializers.Serializer[Any]):
    """What an event adds to a metric."""

    metric = serializers.CharField()
    version = serializers.IntegerField()
    dimensions = serializers.DictField(child=serializers.CharField())
    quantity = serializers.CharField()


class StoredBody(EventBody):
    """An event as it is stored."""

    received_at = serializers.DateTimeField()
    digest = serializers.CharField(help_text="SHA-256 of its canonical body")
    revision = serializers.IntegerField(help_text="0 as it was sent; higher by a correction")
    counts = serializers.BooleanField(help_text="False once it was taken out")


class OneBody(StoredBody):
    """An event and what it counted towards."""

    counted = CountedBody(many=True)


class EventsBody(serializers.Serializer[Any]):
    """A page of events, latest first."""

    next = serializers.CharField(allow_null=True, help_text="The cursor of the next page")
    results = StoredBody(many=True)


EXAMPLE = OpenApiExample(
    "One request to a model",
    value=[
        {
            "id": "req_8f3a", "type": "llm.request", "subject": "acme", "time": "2026-03-05T10:15:00.123Z",
            "data": {"provider": "openai", "model": "gpt-4o", "input_tokens": 4808, "output_tokens": 10},
        }
    ],
    request_only=True,
)  # fmt: skip
TEXTS = ("account", "type", "source", "id", "cursor")


class Events(View):
    """Send events, or list them."""

    permission_classes = [READS]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let a POST through the door without the rest of the framework."""
        return door.answer(request) if request.method == "POST" else super().dispatch(request, *args, **kwargs)

    @extend_schema(
        operation_id="events_list",
        parameters=[OpenApiParameter(name, str) for name in TEXTS] + [OpenApiParameter("limit", int)],
        responses=EventsBody,
    )
    def get(self, request: Request) -> HttpResponse:
        """List events, latest first; without account and id only recent arrivals are looked at."""
        query = request.query_params
        page = listed(
            environment=self.environment, accounts=self._accounts(query.get("account")), type=query.get("type", ""),
            source=query.get("source", ""), event_id=query.get("id", ""), before=cursor_of(query),
            limit=limit_of(query),
        )  # fmt: skip
        gone = removed_of(each.seq for each in page.events)
        results = [event_body(each, counts=each.seq not in gone) for each in page.events]
        return exact_answer({"next": places.written(page.next), "results": results})

    @extend_schema(
        request={kind: EventBody(many=True) for kind in ("application/json", "application/x-ndjson", CLOUD_BATCH)}
        | {CLOUD_ONE: EventBody},
        parameters=[OpenApiParameter("Prefer", str, OpenApiParameter.HEADER, description="respond-async: fold later")],
        responses={200: ReceiptBody, 202: LaterBody},
        examples=[EXAMPLE],
    )
    def post(self, request: Request) -> HttpResponse:
        """Send up to 10,000 events or 10 MB, gzip if you like; each is answered for itself.

        Accepted means stored and counted. Sending again changes nothing: the same content is a duplicate, another
        content under the same id a conflict. What no metric or account fits is quarantined, visible and replayable.
        422 only where not one event could be used. With `Prefer: respond-async` the body is kept, answered with 202 and
        a receipt, and taken within moments; 429 while too much waits.
        """
        return door.answer(request._request)

    def get_permissions(self) -> list[Any]:
        """Ask for the sending scope or the reading one."""
        return [SENDS() if self.request is not None and self.request.method == "POST" else READS()]

    def _accounts(self, key: str | None) -> list[int] | None:
        if key:
            return [account_named(self.by, self.environment, key).pk]
        if sees_all_customers(self.by):
            return None
        return list(accounts_for(self.by, self.environment).values_list("pk", flat=True))


class OneEvent(View):
    """Read one event."""

    permission_classes = [READS]

    @extend_schema(responses=OneBody)
    def get(self, request: Request, source: str, event_id: str) -> HttpResponse:
        """Read an event as it counts, or last counted, and towards what.

        In source and id write `/` as `~1` and `~` as `~0`."""
        found = chain(environment=self.environment, source=source, event_id=event_id)
        stored = shown_of(found)
        if not accounts_for(self.by, self.environment).filter(pk=stored.account_id).exists():
            raise NotFound("There is no such event", field="id", fix="Check its source and id")
        counted = [
            {
                "metric": metric.metric,
                "version": metric.number,
                "dimensions": dict(reading.dims),
                "quantity": plain(reading.quantity),
            }
            for metric, reading in counted_for(self.environment, stored)
        ]
        return exact_answer(event_body(stored, counts=found.counting is not None) | {"counted": counted})
