"""Hourly usage, kept exactly equal to the events behind it, in the transaction that adds them."""

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


class HourlyUsage(models.Model):
    """What an account used in one UTC hour, for one metric version and combination."""

    account = models.ForeignKey(Account, models.PROTECT)
    metric_version = models.ForeignKey(MetricVersion, models.PROTECT)
    dimensions = models.ForeignKey(DimensionSet, models.PROTECT)
    hour = models.DateTimeField(help_text="Start of the UTC hour")
    # Wider than one event's quantity, so that no sum of events can fail a batch.
    quantity = models.DecimalField(max_digits=48, decimal_places=18)
    events = models.BigIntegerField()
    mark = models.BigIntegerField(default=0, help_text="The account's UsageMark when it last changed")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "metric_version", "hour", "dimensions"], name="one_bucket")
        ]
        verbose_name_plural = "hourly usage"
        ordering = ["-hour", "pk"]

    def __str__(self) -> str:
        return f"{self.account} {self.hour:%Y-%m-%d %H}h"


class UsageMark(models.Model):
    """A number that grows whenever an account's usage changes, so that drafts know they are stale."""

    account = models.OneToOneField(Account, models.PROTECT, primary_key=True)
    number = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.account}: {self.number}"
