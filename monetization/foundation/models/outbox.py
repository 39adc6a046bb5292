"""Messages out: nothing leaves the system except through these rows.

A message is written in the action's transaction. Deliveries, one for each endpoint, or one by mail to the person that
a message is meant for, are claimed and retried by a worker until done, so a dead broker or receiver delays a message
and never loses it.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from monetization.foundation.models.environments import Environment
from monetization.foundation.models.fields import empty_list
from monetization.foundation.models.people import User


class Message(models.Model):
    """A fact to tell: topic (dotted, past tense), subject, and a payload without secrets.

    With a recipient it is a mail to that person (payload: `subject` and `text`) and goes to no endpoint.
    """

    environment = models.ForeignKey(Environment, models.PROTECT)
    topic = models.CharField(max_length=64)
    subject = models.CharField(max_length=80)
    payload = models.JSONField()
    recipient = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    spread_at = models.DateTimeField(null=True, help_text="When its deliveries were made")

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="message_to_spread", condition=models.Q(spread_at__isnull=True)),
            models.Index(fields=["environment", "-id"], name="message_newest"),
        ]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.topic} {self.subject}"


class Endpoint(models.Model):
    """A receiver of messages by webhook (Standard Webhooks signature)."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    name = models.CharField(max_length=80)
    url = models.URLField(max_length=400)
    topics = ArrayField(models.CharField(max_length=64), default=empty_list, blank=True)
    secret = models.CharField(max_length=200, help_text="Encrypted; whsec_… when shown once")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One message on its way to one endpoint, or by mail to its recipient."""

    class Status(models.TextChoices):
        PENDING = "PENDING", "Pending"
        DELIVERED = "DELIVERED", "Delivered"
        FAILED = "FAILED", "Failed"

    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_answer = models.CharField(max_length=200, blank=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "endpoint"], name="one_delivery_each", nulls_distinct=False)
        ]
        indexes = [models.Index(fields=["next_attempt_at"], name="delivery_due", condition=models.Q(status="PENDING"))]
        verbose_name_plural = "deliveries"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.message} → {self.endpoint or self.message.recipient}"
