"""Quarantine: what could not be counted and why; sending it through the door again; saying that it need not count."""

from typing import Any

import msgspec
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from metering.actions import quarantine as actions
from metering.api.door import described
from metering.api.events import ReceiptBody
from metering.api.shared import READS, guard_sees_all
from metering.models import Quarantined
from monetization.foundation.rest import Strict, requires
from monetization.foundation.rest.views import ListView, View
from monetization.values.errors import Invalid

SEARCHED = ("source", "event_id", "type", "subject")
SETTLES = requires("events:write", actions.ABILITY)


class QuarantinedBody(serializers.ModelSerializer[Quarantined]):
    """An event that could not be counted."""

    class Meta:
        model = Quarantined
        fields = [
            "id", "reason", "field", "detail", "source", "event_id", "type", "subject", "body", "repeats",
            "received_at", "status", "settled_at",
        ]  # fmt: skip
        read_only_fields = fields


class Ids(Strict):
    """Some rows, or all open rows of a reason."""

    ids = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=1000, required=False)
    reason = serializers.ChoiceField(Quarantined.Reason.choices, required=False, help_text="All open rows of it")
    after = serializers.IntegerField(min_value=0, required=False, help_text="With a reason: rows beyond this id")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for exactly one of the two."""
        if ("ids" in attrs) == ("reason" in attrs):
            raise serializers.ValidationError({"ids": ["Give either ids or a reason."]})
        return attrs


class ReplayBody(ReceiptBody):
    """What became of the rows; with a reason, where to go on."""

    last_id = serializers.IntegerField(allow_null=True, help_text="Send it as `after` to go on")
    left = serializers.IntegerField(help_text="Open rows of the reason beyond it")


class Dismissal(Strict):
    """Rows that need not count, and why."""

    ids = serializers.ListField(child=serializers.IntegerField(min_value=1), min_length=1, max_length=1000)
    reason = serializers.CharField(max_length=400)


class Quarantine(ListView):
    """List quarantined events, newest first."""

    permission_classes = [READS]
    queryset = Quarantined.objects.none()
    serializer_class = QuarantinedBody

    @extend_schema(parameters=[OpenApiParameter(name, str) for name in ("status", "reason", *SEARCHED)])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List them; if you like of one status, reason, source, event id, type or subject (each in full)."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Quarantined]:
        guard_sees_all(self.by)
        found = Quarantined.objects.filter(environment=self.environment)
        for name, choices in (("status", Quarantined.Status.values), ("reason", Quarantined.Reason.values)):
            wanted = self.request.query_params.get(name)
            if wanted is not None and wanted not in choices:
                raise Invalid(f"There is no {name} “{wanted}”", field=name, fix=f"Use: {', '.join(choices)}")
            found = found.filter(**{name: wanted}) if wanted else found
        searched = {name: self.request.query_params.get(name, "") for name in SEARCHED}
        return found.filter(**{name: text for name, text in searched.items() if text})


class Replay(View):
    """Send quarantined events through the door again."""

    permission_classes = [SETTLES]

    @extend_schema(request=Ids, responses=ReplayBody)
    def post(self, request: Request) -> Response:
        """Replay some rows, or the oldest 10,000 open rows of a reason."""
        body = Ids(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        reason, after = asked.get("reason", ""), asked.get("after", 0)
        ids = asked.get("ids") or actions.open_ids(environment=self.environment, reason=reason, after=after)
        receipt = actions.replay(environment=self.environment, ids=ids, by=self.by, at=self.at)
        last = ids[-1] if ids else None
        left = actions.left(environment=self.environment, reason=reason, after=last or 0)
        return Response(msgspec.to_builtins(described(receipt)) | {"last_id": last, "left": left})


class Dismiss(View):
    """Say that quarantined events need not count."""

    permission_classes = [SETTLES]

    @extend_schema(request=Dismissal, responses={204: None})
    def post(self, request: Request) -> Response:
        """Dismiss some rows, with a reason; they stay visible."""
        body = Dismissal(data=request.data)
        body.is_valid(raise_exception=True)
        actions.dismiss(environment=self.environment, by=self.by, at=self.at, **body.validated_data)
        return Response(status=204)
