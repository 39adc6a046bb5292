"""Lines of an invoice, and the way back from a line to its usage and its events."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.invoices import Amount, OfInvoices
from billing.models import InvoiceLine
from billing.queries import line_trail
from billing.queries.trail import Trail, events_of
from metering.rules import places
from monetization.foundation.rest import Cursor, Exact, requires
from monetization.foundation.rest.views import ListView
from monetization.values.errors import Invalid, NotFound

USAGE = requires("usage:read", "metering.read")
MOST = 200


class InOrder(Cursor):
    """Lines as they are printed."""

    ordering = "position"


class LineBody(serializers.ModelSerializer[InvoiceLine]):
    """A line: quantity, amount rounded once, and the steps that explain it."""

    product = serializers.CharField(source="product.key", default=None, allow_null=True)
    of = serializers.IntegerField(
        source="of.position", default=None, allow_null=True, help_text="Position of the line that it lowers"
    )
    instrument = serializers.CharField(
        source="instrument.key", default=None, allow_null=True, help_text="Key of the commit or credit that it draws on"
    )
    quantity = Exact()
    amount = Amount()

    class Meta:
        model = InvoiceLine
        fields = [
            "position", "kind", "charge", "of", "instrument", "product", "description", "match", "starts_at", "ends_at",
            "quantity", "unit", "exact",
            "amount", "tax_category", "events", "steps", "source",
        ]  # fmt: skip


class UsedBody(serializers.Serializer[Any]):
    """Usage of one set of dimension values, before conversion."""

    dims = serializers.DictField(child=serializers.CharField())
    quantity = Exact()
    events = serializers.IntegerField()


class HourBody(serializers.Serializer[Any]):
    """A UTC hour of the line's usage."""

    hour = serializers.DateTimeField()
    quantity = Exact()
    events = serializers.IntegerField()


class TrailBody(serializers.Serializer[Any]):
    """A line and what it rests on."""

    line = LineBody()
    used = UsedBody(many=True)
    hours = HourBody(many=True)
    evidence = serializers.SerializerMethodField(help_text="SHA-256 over the events' digests, once under review")

    def get_evidence(self, trail: Trail) -> str | None:
        """Write the digest as text."""
        found = getattr(trail.line, "evidence", None)
        return bytes(found.digest).hex() if found else None


class LineEventBody(serializers.Serializer[Any]):
    """An event behind a line."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field, by DRF's metaclass
    id = serializers.CharField(source="event_id")
    type = serializers.CharField()
    subject = serializers.CharField()
    time = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    data = serializers.JSONField()  # type: ignore[assignment]


class LineEventsBody(serializers.Serializer[Any]):
    """A page of events in order of time."""

    events = LineEventBody(many=True)
    next = serializers.CharField(allow_null=True, help_text="Send it as `after` for the next page")


class OfLines(OfInvoices):
    """Reads the lines of an invoice."""

    def line(self) -> InvoiceLine:
        """Return the line of this address. Raises NotFound."""
        lines = self.invoice().lines.select_related(
            "invoice", "product", "of", "instrument", "metric_version__metric", "evidence"
        )
        found = lines.filter(position=self.kwargs["position"]).first()
        if found is None:
            raise NotFound("There is no such line")
        return found


class Lines(OfInvoices, ListView):
    """List an invoice's lines in their order."""

    serializer_class = LineBody
    pagination_class = InOrder

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return InvoiceLine.objects.none()
        return self.invoice().lines.select_related("invoice", "product", "of", "instrument")


class OneLine(OfLines):
    """Read a line with the usage behind it."""

    @extend_schema(responses=TrailBody)
    def get(self, request: Request, pk: int, position: int) -> Response:
        """Read a line, its steps, the usage that it bills by dimension values and by hour, and its evidence."""
        return Response(TrailBody(line_trail(self.line())).data)


class Events(OfLines):
    """Read the events behind a line."""

    permission_classes = [*OfInvoices.permission_classes, USAGE]

    @extend_schema(
        responses=LineEventsBody,
        parameters=[
            OpenApiParameter("used", int, description="Which of the line's `used` entries, from 0 (default)"),
            OpenApiParameter("after", str, description="`next` of the page before"),
            OpenApiParameter("limit", int, description="At most 200, default 50"),
        ],
    )
    def get(self, request: Request, pk: int, position: int) -> Response:
        """List the events that one of the line's sets of dimension values was added up from."""
        trail = line_trail(self.line())
        index, limit = _number(request, "used", 0, len(trail.used) - 1), _number(request, "limit", 50, MOST)
        after = places.read(request.query_params.get("after"))
        page = events_of(trail, index, after=after, limit=max(limit, 1))
        if page is None:
            return Response({"events": [], "next": None})
        return Response(LineEventsBody({"events": page.events, "next": places.written(page.next)}).data)


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= max(most, 0)):
        raise Invalid(f"“{text}” is not a number from 0 to {max(most, 0)}", field=name, fix="Leave it out")
    return int(text)
