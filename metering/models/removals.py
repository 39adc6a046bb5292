"""Events taken out of usage after they were accepted, and how far the sweep has looked.

An event row never changes and never goes away; that it no longer counts is a row here. The sweep writes
them for repeats that the door could not see (times in different months), corrections for what they replace.
"""

from django.db import models

from monetization.foundation.models import Account, Environment


class EventRemoval(models.Model):
    """One event that no longer counts. Append-only; `event_seq` names the row in `metering_event`."""

    class Reason(models.TextChoices):
        REPEAT = "REPEAT", "Same id, same content, sent before"
        CONFLICT = "CONFLICT", "Same id, other content, sent before"
        CORRECTED = "CORRECTED", "Taken out by a correction"

    event_seq = models.BigIntegerField(unique=True)
    kept_seq = models.BigIntegerField(null=True, help_text="The event of that id which counts instead; none if empty")
    correction = models.ForeignKey("metering.Correction", models.PROTECT, null=True, related_name="removals")
    environment = models.ForeignKey(Environment, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT)
    source = models.TextField()
    event_id = models.TextField()
    time = models.DateTimeField()
    reason = models.CharField(max_length=10, choices=Reason)
    removed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["account", "time"], name="removal_account_time")]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.source}/{self.event_id}: {self.get_reason_display()}"


class SweepMark(models.Model):
    """The one row (pk 1) that says up to which `seq` repeats were looked for."""

    seq = models.BigIntegerField(default=0)
    swept_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_sweep_mark")]

    def __str__(self) -> str:
        return f"swept to {self.seq}"
