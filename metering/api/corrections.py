"""Corrections of events: made, listed, read, undone."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from metering.actions import corrections as actions
from metering.api.shared import READS, account_named, guard_sees_all
from metering.models import CorrectedEvent, Correction
from monetization.foundation.rest import Strict, requires
from monetization.foundation.rest.views import ListView, View
from monetization.values.errors import Invalid
from monetization.values.periods import Period

WRITES = requires("events:correct", actions.ABILITY)  # not the scope that every sender has
NEEDS = {
    "AMEND": ("events",),
    "DEPRECATE": ("events",),
    "REPLACE": ("account", "type", "starts_at", "ends_at", "events"),
}


class OrderBody(Strict):
    """A correction to make. `events` are whole events as they are sent; to deprecate, their `id` and `source` do."""

    kind = serializers.ChoiceField(list(NEEDS))
    reason = serializers.CharField(max_length=400)
    events = serializers.ListField(child=serializers.DictField(), required=False, max_length=10_000)
    account = serializers.CharField(required=False, help_text="REPLACE: whose events")
    type = serializers.CharField(required=False, help_text="REPLACE: events of this type only")
    starts_at = serializers.DateTimeField(required=False, help_text="REPLACE: inclusive")
    ends_at = serializers.DateTimeField(required=False, help_text="REPLACE: exclusive")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for what this kind needs, and for nothing else."""
        wanted = {"kind", "reason", *NEEDS[attrs["kind"]]}
        faults = {name: ["This is missing."] for name in sorted(wanted - attrs.keys())}
        faults |= {name: [f"{attrs['kind']} takes no {name}."] for name in sorted(attrs.keys() - wanted)}
        if faults:
            raise serializers.ValidationError(faults)
        return attrs


class UndoBody(Strict):
    """Why it is undone."""

    reason = serializers.CharField(max_length=400)


class CorrectionBody(serializers.ModelSerializer[Correction]):
    """A correction: what it took out and put in, who made it and why."""

    account = serializers.CharField(source="account.key", allow_null=True, default=None)
    made_by = serializers.CharField(source="made_by.email")
    undone_by = serializers.SerializerMethodField()

    class Meta:
        model = Correction
        fields = [
            "id", "kind", "reason", "account", "type", "starts_at", "ends_at", "taken_out", "put_in", "undoes",
            "undone_by", "made_by", "made_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_undone_by(self, row: Correction) -> int | None:
        """Name the correction that undid it."""
        undone: Correction | None = getattr(row, "undone_by", None)
        return undone.pk if undone else None


class CorrectedBody(serializers.ModelSerializer[CorrectedEvent]):
    """One event of a correction; null where nothing was taken out or put in."""

    id = serializers.CharField(source="event_id")
    taken_out = serializers.IntegerField(source="old_seq", allow_null=True)
    put_in = serializers.IntegerField(source="new_seq", allow_null=True)

    class Meta:
        model = CorrectedEvent
        fields = ["source", "id", "taken_out", "put_in", "revision"]
        read_only_fields = fields


def corrections_in(view: View) -> QuerySet[Correction]:
    """Find the corrections of the caller's environment; only for who sees all customers."""
    guard_sees_all(view.by)
    found = Correction.objects.filter(environment=view.environment)
    return found.select_related("account", "made_by", "undone_by")


class Corrections(ListView):
    """Correct events, or list what was corrected."""

    queryset = Correction.objects.none()
    serializer_class = CorrectionBody

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the writing one."""
        return [WRITES() if self.request is not None and self.request.method == "POST" else READS()]

    def get_queryset(self) -> QuerySet[Correction]:
        return corrections_in(self)

    @extend_schema(request=OrderBody, responses={201: CorrectionBody})
    def post(self, request: Request) -> Response:
        """Amend events, let them count no more, or replace a range; in one piece or not at all.

        Nothing is changed in place: what counted before is kept, so invoices made from it are still verified.
        """
        guard_sees_all(self.by)
        body = OrderBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = self._made(body.validated_data)
        return Response(CorrectionBody(made).data, status=201)

    def _made(self, asked: dict[str, Any]) -> Correction:
        common = {"environment": self.environment, "reason": asked["reason"], "by": self.by, "at": self.at}
        events = asked["events"]
        if asked["kind"] == "AMEND":
            return actions.amend(events=events, **common)
        if asked["kind"] == "DEPRECATE":
            return actions.deprecate(keys=[_key(each, n) for n, each in enumerate(events)], **common)
        period = Period(asked["starts_at"], asked["ends_at"])
        account = account_named(self.by, self.environment, asked["account"])
        return actions.replace(account=account, type=asked["type"], period=period, events=events, **common)


def _key(event: Any, number: int) -> tuple[str, str]:
    known = event if isinstance(event, dict) else {}
    id_, source = known.get("id"), known.get("source", "api")
    if not (isinstance(id_, str) and id_ and isinstance(source, str)):
        raise Invalid("An event is named by its id and source", field=f"events[{number}].id", fix="Send both as text")
    return source, id_


class OneCorrection(View):
    """One correction."""

    permission_classes = [READS]

    @extend_schema(responses=CorrectionBody)
    def get(self, request: Request, pk: int) -> Response:
        """Read a correction."""
        return Response(CorrectionBody(get_object_or_404(corrections_in(self), pk=pk)).data)


class Events(ListView, generics.ListAPIView[CorrectedEvent]):
    """List the events of a correction, newest first."""

    permission_classes = [READS]
    queryset = CorrectedEvent.objects.none()
    serializer_class = CorrectedBody

    def get_queryset(self) -> QuerySet[CorrectedEvent]:
        found: QuerySet[CorrectedEvent] = get_object_or_404(corrections_in(self), pk=self.kwargs["pk"]).events.all()
        return found


class Undo(View):
    """A correction taken back."""

    permission_classes = [WRITES]

    @extend_schema(request=UndoBody, responses={201: CorrectionBody})
    def post(self, request: Request, pk: int) -> Response:
        """Put back what it took out, by another correction; refused where a later one touched the same events."""
        body = UndoBody(data=request.data)
        body.is_valid(raise_exception=True)
        found = get_object_or_404(corrections_in(self), pk=pk)
        made = actions.undo(correction=found, by=self.by, at=self.at, **body.validated_data)
        return Response(CorrectionBody(made).data, status=201)
