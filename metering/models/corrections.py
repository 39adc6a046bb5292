"""Corrections of events: amended, deprecated, a range replaced; each with its reason, each undone by another.

Nothing is changed in place. A correction takes events out (EventRemoval) and writes others in their stead, as rows
of the same key with a higher `revision`; undoing one does the same in the opposite direction. So what an invoice was
made from is still there, and evidence is verified as of its own instant.
"""

from django.db import models

from monetization.foundation.models import Account, Environment, User


class Correction(models.Model):
    """One correction. AMEND and DEPRECATE name events, REPLACE an account, a type and a half-open range of time."""

    class Kind(models.TextChoices):
        AMEND = "AMEND", "Amended"
        DEPRECATE = "DEPRECATE", "Deprecated"
        REPLACE = "REPLACE", "Range replaced"
        UNDO = "UNDO", "Undone"

    environment = models.ForeignKey(Environment, models.PROTECT)
    kind = models.CharField(max_length=9, choices=Kind)
    reason = models.CharField(max_length=400)
    account = models.ForeignKey(Account, models.PROTECT, null=True)
    type = models.TextField(blank=True)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    undoes = models.OneToOneField("self", models.PROTECT, null=True, related_name="undone_by")
    taken_out = models.PositiveIntegerField(default=0)
    put_in = models.PositiveIntegerField(default=0)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reason}"


class CorrectedEvent(models.Model):
    """One event that a correction took out (`old_seq`), put in (`new_seq`), or both. Append-only."""

    correction = models.ForeignKey(Correction, models.PROTECT, related_name="events")
    environment = models.ForeignKey(Environment, models.PROTECT, db_index=False)
    source = models.TextField()
    event_id = models.TextField()
    old_seq = models.BigIntegerField(null=True)
    new_seq = models.BigIntegerField(null=True)
    revision = models.PositiveIntegerField(null=True, help_text="Of the event that was put in")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "source", "event_id", "revision"], name="one_correction_a_revision"
            )
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.source}/{self.event_id}"
