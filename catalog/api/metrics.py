"""Metrics by key, their versions by number: read, drafted, edited, submitted."""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import metrics
from catalog.api.shared import Either, NoBody, RequestedBody, Staff, SubmitBody
from catalog.models import Metric, MetricVersion
from catalog.rules.drafts import MetricDraft
from catalog.rules.terms import Aggregation, Dimension, Filter, FilterOp, Measure, Rounding
from monetization.foundation.rest import Exact, Strict, StrictModel
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


class MeasureBody(Strict):
    """A field that is read; with several, each has its value of the measure dimension."""

    value = serializers.CharField(max_length=63, allow_blank=True, default="")
    field = serializers.CharField(max_length=120)
    less = serializers.ListField(child=serializers.CharField(max_length=120), default=list)


class DimensionBody(Strict):
    """A field as it stands, or ranges of a number (lower bound exclusive)."""

    key = serializers.CharField(max_length=63)
    field = serializers.CharField(max_length=120)
    thresholds = serializers.ListField(child=Exact(), default=list, max_length=64)
    required = serializers.BooleanField(default=True)  # type: ignore[assignment]  # a field, by DRF's metaclass


class FilterBody(Strict):
    """A condition on a field of the event."""

    field = serializers.CharField(max_length=120)
    op = serializers.ChoiceField(choices=[op.value for op in FilterOp])
    values = serializers.ListField(child=serializers.CharField(max_length=200), default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a comparison without its one number."""
        if FilterOp(attrs["op"]) in (FilterOp.GT, FilterOp.GE, FilterOp.LT, FilterOp.LE):
            if len(attrs["values"]) != 1:
                raise serializers.ValidationError({"values": ["A comparison takes one number."]})
            Exact().run_validation(attrs["values"][0])
        return attrs


class MeaningBody(Strict):
    """How a metric reads events from an instant on."""

    event_type = serializers.CharField(max_length=120)
    aggregation = serializers.ChoiceField(choices=[each.value for each in Aggregation])
    unit = serializers.CharField(max_length=40)
    effective_at = serializers.DateTimeField()
    measures = MeasureBody(many=True, default=list)
    measure_dimension = serializers.CharField(max_length=63, allow_blank=True, default="")
    dimensions = DimensionBody(many=True, default=list)
    filters = FilterBody(many=True, default=list)
    divisor = Exact(default=Decimal(1))
    rounding = serializers.ChoiceField(choices=["", *(each.value for each in Rounding)], default="")
    digits = serializers.IntegerField(min_value=-18, max_value=18, default=0)

    def content(self) -> MetricDraft:
        """Give what was asked for as a draft."""
        said: dict[str, Any] = dict(self.validated_data)
        said |= {
            "aggregation": Aggregation(said["aggregation"]),
            "rounding": Rounding(said["rounding"]) if said["rounding"] else None,
            "measures": tuple(Measure(m["field"], m["value"] or None, tuple(m["less"])) for m in said["measures"]),
            "dimensions": tuple(
                Dimension(d["key"], d["field"], tuple(d["thresholds"]), d["required"]) for d in said["dimensions"]
            ),
            "filters": tuple(Filter(f["field"], FilterOp(f["op"]), tuple(f["values"])) for f in said["filters"]),
        }
        return MetricDraft(**said)


class MetricVersionBody(serializers.ModelSerializer[MetricVersion]):
    """A version of a metric."""

    metric = serializers.CharField(source="metric.key")
    digits = serializers.IntegerField(source="rounding_digits")
    divisor = Exact()
    measures = MeasureBody(many=True)
    dimensions = serializers.SerializerMethodField()

    class Meta:
        model = MetricVersion
        fields = [
            "id", "metric", "number", "status", "request", "event_type", "aggregation", "unit", "effective_at",
            "measures", "measure_dimension", "dimensions", "filters", "divisor", "rounding", "digits",
            "backfilled_until", "created_at", "edited_at",
        ]  # fmt: skip

    @extend_schema(responses=DimensionBody(many=True))
    def get_dimensions(self, version: MetricVersion) -> list[dict[str, Any]]:
        """Write the dimensions as they were sent."""
        return [
            {
                "key": each.key, "field": each.field, "required": each.is_required,
                "thresholds": [Exact().to_representation(bound) for bound in each.thresholds],
            }
            for each in version.dimensions.all()
        ]  # fmt: skip


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
