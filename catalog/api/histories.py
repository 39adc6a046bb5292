"""The history of one thing with all that belongs to it."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.shared import READS
from catalog.queries.histories import KINDS, thing
from monetization.foundation.queries.told import Told, entries_about, told
from monetization.foundation.rest import Cursor
from monetization.foundation.rest.views import View


class MovedBody(serializers.Serializer[Any]):
    """A field that changed."""

    field = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class ToldBody(serializers.Serializer[Any]):
    """One entry: who, what, when, why, what it changed, and in which request."""

    at = serializers.DateTimeField()
    actor = serializers.CharField(allow_null=True)
    action = serializers.CharField()
    subject = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, by DRF's metaclass
    reason = serializers.CharField()
    changes = MovedBody(many=True)
    request = serializers.IntegerField(allow_null=True)


class HistoryBody(serializers.Serializer[Any]):
    """A page of a history, newest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ToldBody(many=True)


class Newest(Cursor):
    """Entries, newest first."""

    ordering = "-pk"


class History(View):
    """What was done to a thing."""

    permission_classes = (READS,)

    @extend_schema(
        responses=HistoryBody,
        parameters=[
            OpenApiParameter("thing_kind", str, OpenApiParameter.PATH, enum=list(KINDS)), OpenApiParameter("cursor"),
        ],
    )  # fmt: skip
    def get(self, request: Request, thing_kind: str, pk: int) -> Response:
        """Tell who did what to it and to what belongs to it, when, why, and in which request."""
        _, rows = thing(thing_kind, pk, self.by, self.environment)
        pages = Newest()
        found = pages.paginate_queryset(entries_about(rows, self.environment), request, view=self) or []
        return pages.get_paginated_response([_said(each) for each in told(found, rows)])


def _said(each: Told) -> dict[str, Any]:
    entry = each.entry
    return {
        "at": entry.at, "actor": entry.actor.email if entry.actor else None, "action": entry.action,
        "subject": entry.subject, "label": each.label, "reason": entry.reason,
        "changes": [{"field": one.field, "before": one.before, "after": one.after} for one in each.changes],
        "request": each.request.pk if each.request else None,
    }  # fmt: skip
