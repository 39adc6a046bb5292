"""How ingestion does, minute by minute; written in the transaction of each batch."""

from django.db import models

from monetization.foundation.models import Environment


class IngestMinute(models.Model):
    """What arrived in one minute. Several writers share a minute in `shard`s, so that none waits for another."""

    environment = models.ForeignKey(Environment, models.PROTECT, db_index=False)
    minute = models.DateTimeField(help_text="Start of the minute in which the events were counted")
    shard = models.PositiveSmallIntegerField()
    batches = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    conflicts = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    late = models.PositiveIntegerField(default=0, help_text="Accepted more than an hour after their time")
    lag_ms_sum = models.BigIntegerField(default=0, help_text="Σ (counted − event's time) of accepted events, ≥ 0 each")
    lag_ms_max = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "minute", "shard"], name="one_ingest_minute_a_shard")
        ]
        ordering = ["-minute", "shard"]

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} {self.accepted}"
