"""Bodies of events that were accepted before they were read: durable when answered, folded later."""

from uuid import uuid4

from django.db import models

from monetization.foundation.models import ApiKey, Environment


class Inbox(models.Model):
    """One request's body as it came (compressed too), and what became of it.

    WAITING → FOLDED (`outcome` holds what the receipt says) or FAILED (nothing of it could be read, with why).
    `number` is the order in which they came; `receipt` is what the sender asks by.
    """

    class Status(models.TextChoices):
        WAITING = "WAITING", "Waiting"
        FOLDED = "FOLDED", "Folded"
        FAILED = "FAILED", "Failed"

    number = models.BigAutoField(primary_key=True)
    receipt = models.UUIDField(default=uuid4, unique=True)
    environment = models.ForeignKey(Environment, models.PROTECT, db_index=False)
    received_with = models.ForeignKey(ApiKey, models.PROTECT, null=True, db_index=False)
    received_at = models.DateTimeField()
    media_type = models.CharField(max_length=60)
    encoding = models.CharField(max_length=10, blank=True)
    attributes = models.JSONField(default=dict, help_text="The ce- headers of a binary CloudEvent")
    body = models.BinaryField(help_text="Emptied some days after it was folded")
    size = models.PositiveIntegerField(help_text="Bytes of the body as it came")
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    folded_at = models.DateTimeField(null=True)
    accepted = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    conflicts = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    outcome = models.JSONField(null=True, help_text="The items that were not simply accepted, with their place")

    class Meta:
        indexes = [
            models.Index(fields=["number"], condition=models.Q(status="WAITING"), name="inbox_waiting"),
            models.Index(fields=["folded_at"], condition=models.Q(status="FOLDED"), name="inbox_folded"),
        ]
        verbose_name_plural = "inbox"
        ordering = ["-number"]

    def __str__(self) -> str:
        return str(self.receipt)
