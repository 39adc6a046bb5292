"""How machines get in: API keys, and the remembered answers that make a repeat harmless."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from monetization.foundation.models.environments import Environment
from monetization.foundation.models.fields import empty_list
from monetization.foundation.models.people import User


class ApiKey(models.Model):
    """A secret shown once. It acts for its owner: its rights are the owner's within `scopes`.

    Stored is only the SHA-256 of the secret: 256 random bits need no slow hash.
    Two keys of one name may be alive at a time, so that a key can be rotated without a gap.
    """

    environment = models.ForeignKey(Environment, models.PROTECT)
    owner = models.ForeignKey(User, models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=24, unique=True, help_text="The part that may be shown")
    secret_hash = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=32), default=empty_list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["environment", "name"], name="api_key_name")]
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class IdempotentAnswer(models.Model):
    """The first answer to a POST with an Idempotency-Key; the same key and body get it again.

    A row without a status is a call under way; `request_digest` is that of method, path and body.
    """

    environment = models.ForeignKey(Environment, models.PROTECT)
    owner = models.CharField(max_length=64, help_text="key:<id> or user:<id>")
    key = models.CharField(max_length=200)
    request_digest = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=80, blank=True)
    body = models.BinaryField(default=bytes)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "owner", "key"], name="one_answer_a_key")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_answer_age")]

    def __str__(self) -> str:
        return f"{self.owner} {self.key}"
