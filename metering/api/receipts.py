"""Receipts of what was accepted to be folded later, and reading the bodies that wait."""

from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from metering.api.body import items_in, unpacked
from metering.models import Inbox
from monetization.foundation.rest import Problem, requires
from monetization.foundation.rest.views import View
from monetization.values.errors import Invalid, NotFound

READS = requires("events:write", "metering.send_events")


class ReceiptItem(serializers.Serializer[Any]):
    """What became of one event that was not simply accepted."""

    place = serializers.IntegerField(help_text="Its place in the body, from 0")
    status = serializers.ChoiceField(["duplicate", "conflict", "quarantined", "rejected"])
    id = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    reason = serializers.CharField(required=False)
    field = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)


class LaterBody(serializers.Serializer[Any]):
    """A receipt: waiting, folded, or failed (nothing of the body could be read)."""

    receipt = serializers.UUIDField()
    status = serializers.ChoiceField(["waiting", "folded", "failed"])
    address = serializers.CharField(help_text="Where this receipt is asked for")
    received_at = serializers.DateTimeField()
    folded_at = serializers.DateTimeField(allow_null=True)
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    conflicts = serializers.IntegerField()
    quarantined = serializers.IntegerField()
    rejected = serializers.IntegerField()
    items = ReceiptItem(many=True, help_text="Those that were not simply accepted")


class OneReceipt(View):
    """Ask what became of a body."""

    permission_classes = [READS]

    @extend_schema(responses=LaterBody)
    def get(self, request: Request, receipt: UUID) -> HttpResponse:
        """Read the receipt of events that were sent with `Prefer: respond-async`; it is kept for 35 days."""
        row = Inbox.objects.filter(environment=self.environment, receipt=receipt).defer("body").first()
        if row is None:
            raise NotFound("There is no such receipt", field="receipt", fix="Receipts are kept for 35 days")
        return HttpResponse(msgspec.json.encode(described(row)), content_type="application/json")


def described(row: Inbox) -> dict[str, Any]:
    """Write a receipt for an answer."""
    return {
        "receipt": row.receipt,
        "status": row.status.lower(),
        "address": address_of(row),
        "received_at": row.received_at,
        "folded_at": row.folded_at,
        "accepted": row.accepted,
        "duplicates": row.duplicates,
        "conflicts": row.conflicts,
        "quarantined": row.quarantined,
        "rejected": row.rejected,
        "items": row.outcome or [],
    }


def address_of(row: Inbox) -> str:
    """Give the address of a receipt."""
    return f"/api/v1/events/receipts/{row.receipt}"


def items_of(row: Inbox) -> list[Any]:
    """Read a waiting body as the door reads one. Raises Invalid where nothing of it can be read."""
    try:
        return items_in(unpacked(bytes(row.body), row.encoding), row.media_type, row.attributes)
    except Problem as problem:
        fault = problem.faults[0]
        raise Invalid(str(problem.detail), field=fault["field"], fix=fault["fix"]) from problem
