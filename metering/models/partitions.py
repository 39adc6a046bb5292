"""The months of events: open, sealed, dropped; and the keys that outlive a dropped month."""

from django.db import models

from monetization.foundation.models import Environment


class EventPartition(models.Model):
    """One month's leaf of `metering_event`.

    OPEN takes events and is found by key and by blocks of time; SEALED (some days after its end) has the index by
    account too and still takes late events; DROPPED is gone, its keys are kept in EventKey.
    """

    class Status(models.TextChoices):
        OPEN = "OPEN", "Open"
        SEALED = "SEALED", "Sealed"
        DROPPED = "DROPPED", "Dropped"

    month = models.DateField(primary_key=True, help_text="Its first day")
    status = models.CharField(max_length=7, choices=Status, default=Status.OPEN)
    events = models.BigIntegerField(null=True, help_text="Counted when it was sealed or dropped")
    sealed_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)
    kept_seq = models.BigIntegerField(default=0, help_text="The keys of its events up to this `seq` are kept")

    class Meta:
        ordering = ["-month"]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class EventKey(models.Model):
    """The hash of a dropped event's key, so that it is never counted again.

    `key` is the first 16 bytes of SHA-256 of source, NUL, id; `digest` that of the body, to tell a duplicate from a
    conflict.
    """

    # Without a constraint: checking it for each of a month's keys would take longer than writing them.
    environment = models.ForeignKey(Environment, models.PROTECT, db_index=False, db_constraint=False)
    key = models.BinaryField(max_length=16)
    digest = models.BinaryField(max_length=32)
    time = models.DateTimeField()
    is_time_given = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="one_event_key")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return bytes(self.key).hex()
