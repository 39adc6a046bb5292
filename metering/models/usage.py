"""Usage by hour and by day, kept exactly equal to the events behind it, in the transaction that adds them.

What a row holds depends on the metric's aggregation (`metering.rules.states` says how rows are merged):

==============  =======================================  ============================================
aggregation     `quantity`                               beside it
==============  =======================================  ============================================
SUM, COUNT      what was added up                        –
AVERAGE         the sum; `events` is what divides it     –
MAX, MIN        the extreme                              –
LATEST          the latest value                         `last_at`, `last_key`: of which event
UNIQUE          0                                        rows of `HourlyValue`, one a distinct value
TIME_WEIGHTED   the net change of the level              `weighted`: Σ change × time to the hour's end
… of a level    the last reading                         `first_at`, `last_at`, `last_key`, `weighted`
==============  =======================================  ============================================

`weighted` is in units × microseconds. Days are UTC days; a row of a day is made once the day is over
(`DailyMark`), later changes of that day go into both.
"""

from typing import Any

from django.db import models

from catalog.models import MetricVersion
from monetization.foundation.models import Account


class DimensionSet(models.Model):
    """A combination of dimension values, written once for each metric version."""

    metric_version = models.ForeignKey(MetricVersion, models.PROTECT)
    values = models.JSONField(help_text='{"model": "gpt-4o", "token_type": "input"}')

    class Meta:
        constraints = [models.UniqueConstraint(fields=["metric_version", "values"], name="one_set_a_combination")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return " · ".join(map(str, self.values.values()))


def _of(model: Any) -> Any:
    """Point at a row without a constraint: three checks for each new bucket would be a third of a fold's time."""
    return models.ForeignKey(model, models.PROTECT, db_constraint=False, db_index=False)


class Bucket(models.Model):
    """What an account used in a stretch of time, for one metric version and combination."""

    account = _of(Account)
    metric_version = _of(MetricVersion)
    dimensions = _of(DimensionSet)
    # Wider than one event's quantity, so that no sum of events can fail a batch.
    quantity = models.DecimalField(max_digits=48, decimal_places=18)
    events = models.BigIntegerField()
    weighted = models.DecimalField(max_digits=68, decimal_places=18, null=True)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    last_key = models.TextField(null=True, help_text="Source and id of the latest event, apart by a tab")

    class Meta:
        abstract = True


class HourlyUsage(Bucket):
    """A bucket of one UTC hour."""

    hour = models.DateTimeField(help_text="Start of the UTC hour")
    mark = models.BigIntegerField(default=0, help_text="The account's UsageMark when it last changed")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "metric_version", "hour", "dimensions"], name="one_bucket")
        ]
        verbose_name_plural = "hourly usage"
        ordering = ["-hour", "pk"]

    def __str__(self) -> str:
        return f"{self.account} {self.hour:%Y-%m-%d %H}h"


class DailyUsage(Bucket):
    """A bucket of one UTC day that is over: exactly what its hours come to."""

    date = models.DateField(help_text="UTC day")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "metric_version", "date", "dimensions"], name="one_daily_bucket")
        ]
        verbose_name_plural = "daily usage"
        ordering = ["-date", "pk"]

    def __str__(self) -> str:
        return f"{self.account} {self.date:%Y-%m-%d}"


class DailyMark(models.Model):
    """The one row (pk 1) that says which days have rows in DailyUsage: all before `date`."""

    date = models.DateField(help_text="The first day that is only in hours")
    built_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_daily_mark")]

    def __str__(self) -> str:
        return f"days before {self.date}"


class HourlyValue(models.Model):
    """A distinct value that events of an hour carried, for metrics that count distinct values."""

    account = _of(Account)
    metric_version = _of(MetricVersion)
    dimensions = _of(DimensionSet)
    hour = models.DateTimeField()
    value = models.TextField()
    events = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "metric_version", "hour", "dimensions", "value"], name="one_value_a_bucket"
            )
        ]
        ordering = ["-hour", "pk"]

    def __str__(self) -> str:
        return f"{self.account} {self.hour:%Y-%m-%d %H}h {self.value}"


class UsageMark(models.Model):
    """A number that grows whenever an account's usage changes, so that drafts know they are stale."""

    account = models.OneToOneField(Account, models.PROTECT, primary_key=True)
    number = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.account}: {self.number}"
