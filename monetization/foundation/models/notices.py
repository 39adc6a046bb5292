"""What people are told: notices in the inbox, how they want them by mail, and what is said about a request."""

from django.db import models

from monetization.foundation.models.approvals import ChangeRequest
from monetization.foundation.models.environments import Environment
from monetization.foundation.models.fields import choices
from monetization.foundation.models.people import User
from monetization.foundation.rules.notices import By, Telling


class Notice(models.Model):
    """One thing that one person is told. `source` says what it came from, so that nobody is told twice."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    user = models.ForeignKey(User, models.CASCADE, related_name="notices")
    telling = models.CharField(max_length=10, choices=choices(Telling))
    request = models.ForeignKey(ChangeRequest, models.CASCADE, related_name="notices")
    words = models.CharField(max_length=400)
    source = models.CharField(max_length=120)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True, help_text="When its mail was written down to be sent")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "source"], name="told_once")]
        indexes = [
            models.Index(fields=["user", "environment", "-id"], name="notice_newest"),
            models.Index(fields=["user"], name="notice_unread", condition=models.Q(read_at__isnull=True)),
            models.Index(fields=["user"], name="notice_to_mail", condition=models.Q(mailed_at__isnull=True)),
        ]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.words


class MailPreference(models.Model):
    """How a person wants notices by mail; who has none is told at once."""

    user = models.OneToOneField(User, models.CASCADE, related_name="mail_preference")
    by = models.CharField(max_length=8, choices=choices(By), default=By.AT_ONCE.value)
    digest_date = models.DateField(null=True, blank=True, help_text="Local date of the last digest")

    def __str__(self) -> str:
        return f"{self.user}: {self.by}"


class Comment(models.Model):
    """What somebody said about a request; `@name` in it tells that person. Append-only."""

    request = models.ForeignKey(ChangeRequest, models.PROTECT, related_name="comments")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.TextField(max_length=4000)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:80]
