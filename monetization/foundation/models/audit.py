"""The audit log: entries, the chain over them, and the anchors of its head.

Entries are written in the action's own transaction; one chainer links them within seconds. Links
are rows of their own, so that all three tables are append-only for everybody.
"""

from django.db import models

from monetization.foundation.models.environments import Environment
from monetization.foundation.models.people import User


class AuditEntry(models.Model):
    """Who did what to which subject, when and why; append-only by trigger."""

    environment = models.ForeignKey(Environment, models.PROTECT, null=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=64, help_text="Dotted, past tense: invoice.issued")
    subject = models.CharField(max_length=80)
    reason = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="audit_subject"),
            models.Index(fields=["environment", "-id"], name="audit_newest"),
        ]
        verbose_name_plural = "audit entries"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class AuditLink(models.Model):
    """A link of the chain: SHA-256 over the previous hash and the entry in canonical form."""

    number = models.BigIntegerField(primary_key=True, help_text="1, 2, 3 …, without gaps")
    entry = models.OneToOneField(AuditEntry, models.PROTECT, related_name="link")
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"link {self.number}"


class AuditAnchor(models.Model):
    """A head of the chain that was also written outside the database."""

    link = models.ForeignKey(AuditLink, models.PROTECT)
    at = models.DateTimeField()
    place = models.CharField(max_length=200)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"anchor at link {self.link_id}"
