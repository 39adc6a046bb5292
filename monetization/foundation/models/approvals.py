"""Change requests with items, and decisions about texts.

A decision names its subject as text (`foundation.change_request:5`, `billing.invoice:17`) and the
digest of the content that was seen; edit the content and the digest no longer fits. So this app
never learns what it approved, and imports stay downward.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from simple_history.models import HistoricalRecords

from monetization.foundation.models.environments import Environment
from monetization.foundation.models.fields import choices, empty_list
from monetization.foundation.models.people import User
from monetization.foundation.rules.approvals import RequestStatus, Verdict
from monetization.foundation.rules.roles import Role


class ChangeRequest(models.Model):
    """A proposal to change governed things: what, why, from when, and where it stands."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    title = models.CharField(max_length=160)
    reason = models.TextField(blank=True)
    notes = models.TextField(blank=True, help_text="What was found out before: interviews, tests, competitors")
    links = ArrayField(models.URLField(max_length=400), default=empty_list, blank=True)
    kind = models.CharField(max_length=40, help_text="rate_card, contract …; several, where it holds different things")
    status = models.CharField(
        max_length=12,
        choices=[(s.value, s.label) for s in RequestStatus],
        default=RequestStatus.DRAFT.value,
    )
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    last_edited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    submitted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    effective_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True, help_text="Approved, rejected or vetoed")
    revision = models.PositiveIntegerField(default=1, help_text="Grows with each edit")
    rolls_back = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="rolled_back_by", help_text="What it takes back"
    )
    editor_ids = ArrayField(models.BigIntegerField(), default=empty_list, help_text="Who opened, edited, submitted")

    history = HistoricalRecords()

    class Meta:
        indexes = [models.Index(fields=["environment", "status", "-id"], name="change_request_inbox")]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title


class ChangeItem(models.Model):
    """One thing that a request changes, and the digest of its content when it was submitted."""

    request = models.ForeignKey(ChangeRequest, models.CASCADE, related_name="items")
    subject = models.CharField(max_length=80, help_text="catalog.rate_card_version:17")
    label = models.CharField(max_length=160, help_text="How people call it")
    kind = models.CharField(max_length=40, blank=True, help_text="What policies look at; empty: the request's")
    digest = models.BinaryField(max_length=32, null=True)
    facts = models.JSONField(default=dict, help_text="What policies' conditions look at")
    maker_ids = ArrayField(models.BigIntegerField(), default=empty_list, help_text="Everybody who wrote its content")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "subject"], name="one_item_a_subject")]
        indexes = [models.Index(fields=["subject"], name="change_item_subject")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.label


class Decision(models.Model):
    """What one person said about one content. Append-only; never by one of its makers.

    The database refuses a decision whose decider is among `maker_ids` (constraint in 0002).
    """

    environment = models.ForeignKey(Environment, models.PROTECT)
    subject = models.CharField(max_length=80)
    digest = models.BinaryField(max_length=32)
    maker_ids = ArrayField(models.BigIntegerField(), default=empty_list)
    by = models.ForeignKey(User, models.PROTECT, related_name="decisions")
    role = models.CharField(max_length=24, choices=choices(Role), help_text="The asked role that it fills")
    held_role = models.CharField(max_length=24, choices=choices(Role), blank=True, help_text="Where it is another one")
    in_name_of = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    verdict = models.CharField(max_length=12, choices=choices(Verdict))
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "digest", "by"], name="one_decision_a_person_and_content"),
            models.UniqueConstraint(fields=["subject", "digest", "in_name_of"], name="one_decision_in_a_name"),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.verdict} {self.subject} by {self.by}"

    @property
    def words(self) -> str:
        """Say as what it was made: Finance; Head of monetization instead of Finance; Finance, in the name of Chen."""
        held = f"{Role(self.held_role).label} instead of " if self.held_role else ""
        return f"{held}{Role(self.role).label}" + (f", in the name of {self.in_name_of}" if self.in_name_of else "")
