"""Events as they were accepted, and those set aside with a reason.

`metering_event` is partitioned by month of `time`; each leaf is unique on (environment, source, event id) among
events as they were sent (revision 0), so a repeat cannot be written there. A correction writes a row of the same
key with a higher revision and takes the one before out. The table and its leaves are made by SQL in `0002_walls`
(Django knows the columns only): the database has no primary key over all leaves, so nothing may point at an event
by foreign key. App roles may INSERT and SELECT, nothing else.
"""

import json
from decimal import Decimal
from typing import Any

from django.db import models

from monetization.foundation.models import Account, ApiKey, Environment, User


class Exact(json.JSONDecoder):
    """Read JSON numbers as int or Decimal: a float would have lost the sender's digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"parse_float": Decimal})


class Event(models.Model):
    """One accepted event. `digest` is SHA-256 of its canonical body (type, subject, time, data).

    Where the sender gave no time, it is that of the first arrival and repeats are not compared by it.
    """

    seq = models.BigAutoField(primary_key=True)
    environment = models.ForeignKey(Environment, models.DO_NOTHING, db_constraint=False)
    account = models.ForeignKey(Account, models.DO_NOTHING, db_constraint=False)
    source = models.TextField()
    event_id = models.TextField()
    type = models.TextField()
    subject = models.TextField(help_text="As sent; `account` is what it meant at `time`")
    time = models.DateTimeField()
    is_time_given = models.BooleanField(default=True)
    received_at = models.DateTimeField()
    data = models.JSONField(decoder=Exact)
    digest = models.BinaryField(max_length=32)
    revision = models.PositiveIntegerField(default=0, help_text="0 as it was sent; higher by a correction")

    class Meta:
        managed = False
        db_table = "metering_event"
        ordering = ["-time"]

    def __str__(self) -> str:
        return f"{self.source}/{self.event_id}"


class Quarantined(models.Model):
    """An event that could not be counted: why, which field, and all that was sent.

    A repeat of the same bad body grows `repeats` instead of the table.
    """

    class Reason(models.TextChoices):
        UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT", "Unknown account"
        UNKNOWN_TYPE = "UNKNOWN_TYPE", "No metric reads this type"
        MISSING_FIELD = "MISSING_FIELD", "A field is missing"
        INVALID_FIELD = "INVALID_FIELD", "A field is not usable"
        TOO_FAR_AHEAD = "TOO_FAR_AHEAD", "Time lies in the future"
        TOO_LATE = "TOO_LATE", "Time lies before the first contract"
        CONFLICT = "CONFLICT", "Same id, other content"

    class Status(models.TextChoices):
        OPEN = "OPEN", "Open"
        REPLAYED = "REPLAYED", "Replayed"
        DISMISSED = "DISMISSED", "Dismissed"

    environment = models.ForeignKey(Environment, models.PROTECT)
    reason = models.CharField(max_length=16, choices=Reason)
    field = models.CharField(max_length=120, blank=True)
    detail = models.CharField(max_length=300)
    source = models.TextField()
    event_id = models.TextField()
    type = models.TextField(blank=True)
    subject = models.TextField(blank=True)
    body = models.JSONField(decoder=Exact, help_text="The event as sent")
    digest = models.BinaryField(max_length=32)
    repeats = models.PositiveIntegerField(default=0)
    received_at = models.DateTimeField()
    received_with = models.ForeignKey(ApiKey, models.PROTECT, null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "source", "event_id", "digest", "reason"],
                name="one_quarantine_row_a_body",
            )
        ]
        indexes = [
            models.Index(fields=["environment", "status", "-id"], name="quarantine_newest"),
            models.Index(fields=["environment", "reason", "-id"], name="quarantine_reason"),
        ]
        verbose_name_plural = "quarantined events"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.source}/{self.event_id}: {self.get_reason_display()}"
