"""Backfills of metric versions: begun, watched, paused, resumed, cancelled; what each account would have."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import MetricVersion
from metering import tasks
from metering.actions import backfill as actions
from metering.api.shared import READS
from metering.models import Backfill, BackfillAccount
from metering.queries.progress import percent_done
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest import Exact, Strict, requires
from monetization.foundation.rest.views import ListView, View
from monetization.values.errors import NotFound

WRITES = requires("catalog:write", actions.ABILITY)
VERBS = {"pause": actions.pause, "resume": actions.resume, "cancel": actions.cancel}


class BackfillOrder(Strict):
    """Why usage is computed again; a range only where the version is in force."""

    reason = serializers.CharField(max_length=400)
    starts_at = serializers.DateTimeField(required=False, help_text="Only to mend a part of a version in force")
    ends_at = serializers.DateTimeField(required=False, help_text="Exclusive")


class BackfillBody(serializers.ModelSerializer[Backfill]):
    """A backfill and how far it has come."""

    metric = serializers.CharField(source="metric_version.metric.key")
    version = serializers.IntegerField(source="metric_version.number")
    percent_done = serializers.SerializerMethodField()
    made_by = serializers.CharField(source="made_by.email")

    class Meta:
        model = Backfill
        fields = [
            "id", "metric", "version", "status", "is_mend", "starts_at", "ends_at", "reason", "percent_done",
            "events_read", "unreadable", "days_changed", "fault", "made_by", "made_at", "started_at", "ended_at",
            "settled_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_percent_done(self, row: Backfill) -> int:
        """Say how much of it is done, in whole percent."""
        return percent_done(row)


class NoOrder(Strict):
    """Nothing needs to be said."""


class BackfilledBody(serializers.ModelSerializer[BackfillAccount]):
    """An account's usage in the range, in priced units: under the versions in force, and under this one."""

    account = serializers.CharField(source="account.key")
    before = Exact(max_digits=48)
    after = Exact(max_digits=48)

    class Meta:
        model = BackfillAccount
        fields = ["account", "before", "after", "events_before", "events_after"]
        read_only_fields = fields


class OfVersion(View):
    """Something of one metric version."""

    def version(self) -> MetricVersion:
        """Find the version in the caller's environment."""
        found = MetricVersion.objects.filter(metric__environment=self.environment).select_related("metric")
        return get_object_or_404(found, metric__key=self.kwargs["key"], number=self.kwargs["number"])

    def backfill(self) -> Backfill:
        """Find the version's latest backfill. Raises NotFound."""
        found = Backfill.objects.filter(metric_version=self.version()).select_related(
            "metric_version__metric", "made_by"
        )
        row = found.first()
        if row is None:
            raise NotFound("This version has no backfill", fix="Begin one by POST")
        return row


class OneBackfill(OfVersion):
    """The latest backfill of a version."""

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the writing one."""
        return [WRITES() if self.request is not None and self.request.method == "POST" else READS()]

    @extend_schema(responses=BackfillBody)
    def get(self, request: Request, key: str, number: int) -> Response:
        """Read how far it has come."""
        return Response(BackfillBody(self.backfill()).data)

    @extend_schema(request=BackfillOrder, responses={201: BackfillBody})
    def post(self, request: Request, key: str, number: int) -> Response:
        """Compute a draft's usage of the past from events, or mend that of a version in force; a worker does it."""
        body = BackfillOrder(data=request.data)
        body.is_valid(raise_exception=True)
        row = actions.begin(version=self.version(), by=self.by, at=self.at, **body.validated_data)
        tasks.run_backfill.delay_on_commit(row.pk)
        return Response(BackfillBody(row).data, status=201)


class Turn(OfVersion):
    """A backfill paused, resumed or cancelled."""

    permission_classes = [WRITES]
    verb = ""

    @extend_schema(request=NoOrder, responses=BackfillBody)
    def post(self, request: Request, key: str, number: int) -> Response:
        """Change its state: pause keeps what is done, resume goes on, cancel forgets it."""
        NoOrder(data=request.data).is_valid(raise_exception=True)
        row = VERBS[self.verb](backfill=self.backfill(), by=self.by, at=self.at)
        tasks.run_backfill.delay_on_commit(row.pk)
        return Response(BackfillBody(row).data)


class BackfillAccounts(OfVersion, ListView):
    """List what each account had and would have, of the accounts that the caller sees."""

    permission_classes = [READS]
    queryset = BackfillAccount.objects.none()
    serializer_class = BackfilledBody

    def get_queryset(self) -> QuerySet[BackfillAccount]:
        seen = accounts_for(self.by, self.environment)
        return BackfillAccount.objects.filter(backfill=self.backfill(), account__in=seen).select_related("account")
