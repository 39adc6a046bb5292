"""Metrics by key, their versions by number: read, drafted, edited, submitted."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import metrics
from catalog.api.meaning import MeaningBody, MetricVersionBody
from catalog.api.shared import Either, NoBody, RequestedBody, Staff, SubmitBody
from catalog.models import Metric, MetricVersion
from monetization.foundation.rest import Strict, StrictModel
from monetization.foundation.rest.views import ListView


class MetricBody(StrictModel):
    """A thing worth paying for."""

    owner = Staff()

    class Meta:
        model = Metric
        fields = ["id", "key", "name", "description", "owner", "first_seen_at", "unseen_reason", "created_at"]
        read_only_fields = ["id", "first_seen_at", "created_at"]


class UnseenBody(Strict):
    """Why the metric is priced before an event was seen."""

    reason = serializers.CharField(max_length=200)


class Metrics(Either, ListView):
    """List the environment's metrics, newest first."""

    queryset = Metric.objects.none()
    serializer_class = MetricBody

    def get_queryset(self) -> QuerySet[Metric]:
        return Metric.objects.filter(environment=self.environment).select_related("owner")

    @extend_schema(request=MetricBody, responses={201: MetricBody})
    def post(self, request: Request) -> Response:
        """Make a metric; its meaning is drafted as a version."""
        body = MetricBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = metrics.create(environment=self.environment, by=self.by, at=self.at, **body.validated_data)
        return Response(MetricBody(made).data, status=201)


class OfMetrics(Either, generics.GenericAPIView[Any]):
    """Something of one metric."""

    def metric(self) -> Metric:
        """Find the metric in the caller's environment."""
        return get_object_or_404(Metric, environment=self.environment, key=self.kwargs["key"])

    def version(self) -> MetricVersion:
        """Find the version of it."""
        found = MetricVersion.objects.select_related("metric").prefetch_related("measures", "dimensions")
        return get_object_or_404(found, metric=self.metric(), number=self.kwargs["number"])


class OneMetric(Either, generics.RetrieveAPIView[Metric]):
    """Read one metric."""

    queryset = Metric.objects.none()
    serializer_class = MetricBody
    lookup_field = "key"

    def get_queryset(self) -> QuerySet[Metric]:
        return Metric.objects.filter(environment=self.environment).select_related("owner")


class PriceUnseen(OfMetrics):
    """The owner's reason."""

    @extend_schema(request=UnseenBody, responses=MetricBody)
    def post(self, request: Request, key: str) -> Response:
        """Say why the metric is priced before an event was seen."""
        body = UnseenBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = metrics.price_unseen(metric=self.metric(), by=self.by, at=self.at, **body.validated_data)
        return Response(MetricBody(made).data)


class Versions(OfMetrics, ListView):
    """List a metric's versions, newest first."""

    queryset = MetricVersion.objects.none()
    serializer_class = MetricVersionBody

    def get_queryset(self) -> QuerySet[MetricVersion]:
        return self.metric().versions.select_related("metric").prefetch_related("measures", "dimensions")

    @extend_schema(request=MeaningBody, responses={201: MetricVersionBody})
    def post(self, request: Request, key: str) -> Response:
        """Draft a version."""
        body = MeaningBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = metrics.draft_version(metric=self.metric(), content=body.content(), by=self.by, at=self.at)
        return Response(MetricVersionBody(made).data, status=201)


class OneVersion(OfMetrics):
    """One version of a metric."""

    @extend_schema(responses=MetricVersionBody)
    def get(self, request: Request, key: str, number: int) -> Response:
        """Read one version."""
        return Response(MetricVersionBody(self.version()).data)

    @extend_schema(request=MeaningBody, responses=MetricVersionBody)
    def put(self, request: Request, key: str, number: int) -> Response:
        """Replace a draft's whole meaning."""
        body = MeaningBody(data=request.data)
        body.is_valid(raise_exception=True)
        metrics.edit_version(version=self.version(), content=body.content(), by=self.by, at=self.at)
        return Response(MetricVersionBody(self.version()).data)


class Submit(OfMetrics):
    """A metric version on its way."""

    @extend_schema(request=SubmitBody, responses=RequestedBody)
    def post(self, request: Request, key: str, number: int) -> Response:
        """Ask for decisions; nobody edits the version from here on."""
        body = SubmitBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = metrics.submit(version=self.version(), by=self.by, at=self.at, **body.validated_data)
        return Response({"request": asked.pk, "status": asked.status})


class Discard(OfMetrics):
    """A draft given up."""

    @extend_schema(request=NoBody, responses=MetricVersionBody)
    def post(self, request: Request, key: str, number: int) -> Response:
        """Give up a draft."""
        NoBody(data=request.data).is_valid(raise_exception=True)
        metrics.discard(version=self.version(), by=self.by, at=self.at)
        return Response(MetricVersionBody(self.version()).data)
