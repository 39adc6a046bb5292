"""What a metric version says, as JSON: sent as a whole, answered with its sentence."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from catalog.models import MetricVersion
from catalog.queries.metrics import as_terms
from catalog.rules.drafts import MetricDraft
from catalog.rules.meaning import sentence
from catalog.rules.surprises import metric_surprises
from catalog.rules.terms import Again, Aggregation, Dimension, Filter, FilterOp, Measure, Rounding, Window
from monetization.foundation.rest import Exact, Strict


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
    aggregation = serializers.ChoiceField(choices=MetricVersion.Aggregation.choices)
    unit = serializers.CharField(max_length=40)
    effective_at = serializers.DateTimeField()
    measures = MeasureBody(many=True, default=list)
    measure_dimension = serializers.CharField(max_length=63, allow_blank=True, default="")
    dimensions = DimensionBody(many=True, default=list)
    filters = FilterBody(many=True, default=list)
    divisor = Exact(default=Decimal(1))
    rounding = serializers.ChoiceField(choices=MetricVersion.Rounding.choices, default="")
    digits = serializers.IntegerField(min_value=-18, max_value=18, default=0)
    carry = serializers.BooleanField(default=False, help_text="LATEST starts from the value that earlier events left")
    of_level = serializers.BooleanField(default=False, help_text="TIME_WEIGHTED: readings of the level, not changes")
    per = serializers.ListField(
        child=serializers.CharField(max_length=63), default=list, help_text="Aggregate each value apart, then add"
    )
    window = serializers.ChoiceField(
        choices=MetricVersion.Window.choices, default="", help_text="Aggregate each stretch first …"
    )
    again = serializers.ChoiceField(
        choices=MetricVersion.Again.choices, default="", help_text="… and then make this of them"
    )

    def content(self) -> MetricDraft:
        """Give what was asked for as a draft."""
        return self.draft(self.validated_data)

    @staticmethod
    def draft(said: Mapping[str, Any]) -> MetricDraft:
        """Give checked data as a draft."""
        read: dict[str, Any] = {
            "aggregation": Aggregation(said["aggregation"]),
            "rounding": Rounding(said["rounding"]) if said["rounding"] else None,
            "per": tuple(said["per"]),
            "window": Window(said["window"]) if said["window"] else None,
            "again": Again(said["again"]) if said["again"] else None,
            "measures": tuple(Measure(m["field"], m["value"] or None, tuple(m["less"])) for m in said["measures"]),
            "dimensions": tuple(
                Dimension(d["key"], d["field"], tuple(d["thresholds"]), d["required"]) for d in said["dimensions"]
            ),
            "filters": tuple(Filter(f["field"], FilterOp(f["op"]), tuple(f["values"])) for f in said["filters"]),
        }
        return MetricDraft(**{**said, **read})


class SurpriseBody(serializers.Serializer[Any]):
    """What somebody should know before publishing."""

    field = serializers.CharField()
    message = serializers.CharField()


class MetricVersionBody(serializers.ModelSerializer[MetricVersion]):
    """A version of a metric."""

    metric = serializers.CharField(source="metric.key")
    digits = serializers.IntegerField(source="rounding_digits")
    divisor = Exact()
    measures = MeasureBody(many=True)
    dimensions = serializers.SerializerMethodField()
    meaning = serializers.SerializerMethodField(help_text="What it counts, in words")
    surprises = serializers.SerializerMethodField(help_text="What is allowed and not what everybody expects")

    class Meta:
        model = MetricVersion
        fields = [
            "id", "metric", "number", "status", "request", "event_type", "aggregation", "unit", "effective_at",
            "measures", "measure_dimension", "dimensions", "filters", "divisor", "rounding", "digits",
            "backfilled_until",
            "carry", "of_level", "per", "window", "again", "meaning", "surprises", "created_at", "edited_at",
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

    def get_meaning(self, version: MetricVersion) -> str:
        """Say what it counts."""
        return sentence(as_terms(version))

    @extend_schema(responses=SurpriseBody(many=True))
    def get_surprises(self, version: MetricVersion) -> list[dict[str, str]]:
        """Say what may surprise."""
        return [{"field": each.field, "message": each.message} for each in metric_surprises(as_terms(version))]
