"""Value metrics: what is counted, from which events, by which dimensions; versioned for ever."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from simple_history.models import HistoricalRecords

from catalog.models.versions import Governed
from monetization.foundation.models import Environment, User
from monetization.foundation.models.fields import empty_list, key_field, quantity_field


class Metric(models.Model):
    """A thing worth paying for, such as tokens; its meaning is in its versions."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    key = key_field()
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    first_seen_at = models.DateTimeField(
        null=True, blank=True, help_text="When the first live event for it was counted"
    )
    unseen_reason = models.CharField(
        max_length=200, blank=True, help_text="Why it may be priced before any event was seen"
    )
    created_at = models.DateTimeField()

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="metric_key")]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class MetricVersion(Governed):
    """How a metric reads events from an instant on. Never edited once submitted."""

    class Aggregation(models.TextChoices):
        SUM = "SUM", "Sum of a field"
        COUNT = "COUNT", "Count of events"
        MAX = "MAX", "Largest value"
        MIN = "MIN", "Smallest value"
        LATEST = "LATEST", "Latest value"
        UNIQUE = "UNIQUE", "Distinct values"
        AVERAGE = "AVERAGE", "Average of a field"
        TIME_WEIGHTED = "TIME_WEIGHTED", "Level over time"

    class Window(models.TextChoices):
        NONE = "", "The whole period"
        HOUR = "hour", "Each hour (UTC)"
        DAY = "day", "Each day of the account"

    class Again(models.TextChoices):
        NONE = "", "–"
        SUM = "sum", "Sum of the windows"
        MAX = "max", "Largest window"
        AVERAGE = "average", "Average of the windows"
        P95 = "p95", "95th percentile of the windows"

    class Rounding(models.TextChoices):
        NONE = "", "None"
        UP = "up", "Up"
        DOWN = "down", "Down"
        HALF_UP = "half_up", "Half away from zero"

    metric = models.ForeignKey(Metric, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    event_type = models.CharField(max_length=120)
    aggregation = models.CharField(max_length=16, choices=Aggregation)
    measure_dimension = models.CharField(
        max_length=63, blank=True, help_text="Dimension that tells its measures apart: token_type"
    )
    filters = models.JSONField(
        default=list, blank=True, help_text='[{"field": "status", "op": "in", "values": ["ok"]}]'
    )
    unit = models.CharField(max_length=40, help_text="What one priced unit is: 1M tokens")
    divisor = quantity_field(default=1, help_text="Quantity conversion: 1,000,000 for 1M tokens")
    rounding = models.CharField(max_length=8, choices=Rounding, blank=True, default="")
    rounding_digits = models.SmallIntegerField(default=0)
    carry = models.BooleanField(default=False, help_text="Latest: start from the value that earlier events left")
    of_level = models.BooleanField(default=False, help_text="Level over time: events carry readings, not changes")
    per = ArrayField(
        models.CharField(max_length=63), default=empty_list, blank=True, help_text="Aggregate each value, then add"
    )
    window = models.CharField(max_length=4, choices=Window, blank=True, default="")
    again = models.CharField(max_length=7, choices=Again, blank=True, default="")
    effective_at = models.DateTimeField()
    backfilled_until = models.DateTimeField(
        null=True, blank=True, help_text="Set by a finished backfill: usage is there from the effective time on"
    )

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["metric", "number"], name="metric_version_number"),
            models.UniqueConstraint(
                fields=["metric", "effective_at"],
                condition=models.Q(status="APPROVED"),
                name="one_metric_version_an_instant",
            ),
            models.CheckConstraint(condition=models.Q(divisor__gt=0), name="metric_divisor_above_zero"),
        ]
        indexes = [models.Index(fields=["event_type"], name="metric_version_event_type")]
        ordering = ["metric", "-number"]

    def __str__(self) -> str:
        return f"{self.metric} v{self.number}"


class MetricMeasure(models.Model):
    """A field that the metric reads; with several, each is a value of `measure_dimension`."""

    version = models.ForeignKey(MetricVersion, models.CASCADE, related_name="measures")
    position = models.PositiveSmallIntegerField(default=0)
    value = models.CharField(max_length=63, blank=True, help_text="input, output …")
    field = models.CharField(max_length=120, help_text="Path in the event's data; empty for count")
    less = ArrayField(models.CharField(max_length=120), default=empty_list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "value"], name="one_measure_a_value")]
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.value or self.field


class MetricDimension(models.Model):
    """A dimension: a text field, or ranges of a numeric one (lower bound exclusive)."""

    version = models.ForeignKey(MetricVersion, models.CASCADE, related_name="dimensions")
    position = models.PositiveSmallIntegerField(default=0)
    key = models.CharField(max_length=63)
    field = models.CharField(max_length=120)
    thresholds = ArrayField(quantity_field(), default=empty_list, blank=True)
    is_required = models.BooleanField(default=True, help_text="Quarantine events without it")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "key"], name="one_dimension_a_key")]
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.key
