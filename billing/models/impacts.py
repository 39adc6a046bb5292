"""Impacts of change requests: what accounts were billed on the terms of now, and would have been on the proposed ones.

An impact is made in chunks of accounts, each of which a worker does by itself and writes down at once, so a run that
was cut short goes on where it stopped. `inputs` digests all that it rests on: where that has moved, it is stale.
"""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models

from catalog.models import Contract
from monetization.foundation.models import Account, ChangeRequest, Environment, User
from monetization.foundation.models.fields import amount_field, currency_field
from monetization.values.money import EXACT


class Impact(models.Model):
    """One reckoning of a request. RUNNING → DONE, CANCELLED or FAILED."""

    class Status(models.TextChoices):
        RUNNING = "RUNNING", "Running"
        DONE = "DONE", "Done"
        CANCELLED = "CANCELLED", "Cancelled"
        FAILED = "FAILED", "Failed"

    environment = models.ForeignKey(Environment, models.PROTECT)
    request = models.ForeignKey(ChangeRequest, models.PROTECT, related_name="impacts")
    status = models.CharField(max_length=9, choices=Status, default=Status.RUNNING)
    first_day = models.DateField(help_text="Of the calendar months looked at, in each account's zone")
    months = models.PositiveSmallIntegerField()
    threshold_percent = models.DecimalField(max_digits=6, decimal_places=2, help_text="Larger changes are flagged")
    inputs = models.BinaryField(max_length=32, help_text="SHA-256 of all that it rests on")
    accounts = models.PositiveIntegerField(help_text="How many are looked at")
    accounts_done = models.PositiveIntegerField(default=0)
    fault = models.CharField(max_length=300, blank=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=models.Q(status="RUNNING"), name="one_impact_of_a_request_at_work"
            )
        ]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Impact of {self.request}"

    @property
    def is_running(self) -> bool:
        """Say whether workers are at it."""
        return self.status == self.Status.RUNNING

    @property
    def percent_done(self) -> int:
        """Say how much is done, in whole percent."""
        return 100 * self.accounts_done // self.accounts if self.accounts else 100


class ImpactChunk(models.Model):
    """Some accounts that one worker looks at in one go."""

    impact = models.ForeignKey(Impact, models.CASCADE, related_name="chunks")
    account_ids = ArrayField(models.BigIntegerField())
    claimed_at = models.DateTimeField(null=True, help_text="When a worker took it last")
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=models.Q(done_at=None), name="impact_chunk_waiting")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.impact}, {len(self.account_ids)} accounts"


class AccountImpact(models.Model):
    """What an account's contracts of one currency came to, before tax: as billed, and as covered by balances."""

    impact = models.ForeignKey(Impact, models.CASCADE, related_name="rows", db_index=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    currency = currency_field()
    segment = models.CharField(max_length=32, blank=True, help_text="The customer's, then")
    before = amount_field()
    after = amount_field()
    covered_before = amount_field()
    covered_after = amount_field()
    change_percent = models.DecimalField(max_digits=24, decimal_places=2, null=True, help_text="None: from nothing")
    is_flagged = models.BooleanField(default=False, help_text="Changes by more than the threshold")
    caps_before = models.PositiveSmallIntegerField(default=0, help_text="Invoices that a cap lowers")
    caps_after = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True, help_text="What could not be reckoned, and why")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["impact", "account", "currency"], name="one_impact_an_account")]
        indexes = [models.Index(fields=["impact", "is_flagged"], name="impact_flagged")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.account}: {self.before} → {self.after} {self.currency}"

    @property
    def change(self) -> Decimal:
        """How much more is billed."""
        return EXACT.subtract(self.after, self.before)


class ImpactFigure(models.Model):
    """The same of one contract, month and product (empty: of the whole invoice)."""

    row = models.ForeignKey(AccountImpact, models.CASCADE, related_name="figures")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    month = models.DateField(help_text="First day of the month in which its period ends")
    product = models.CharField(max_length=63, blank=True, help_text="Its key")
    before = amount_field()
    after = amount_field()
    covered_before = amount_field()
    covered_after = amount_field()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.product} in {self.month:%B %Y}: {self.before} → {self.after}"


class ImpactBalance(models.Model):
    """A commit or credit that is used up in another period than before; None: not in the time looked at."""

    row = models.ForeignKey(AccountImpact, models.CASCADE, related_name="balances")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=160)
    ends_before = models.DateField(null=True, help_text="Last day of the period in which it is used up")
    ends_after = models.DateField(null=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.name}: {self.ends_before or 'not'} → {self.ends_after or 'not'}"

    @property
    def is_earlier(self) -> bool:
        """Say whether the proposal uses it up sooner."""
        return self.ends_after is not None and (self.ends_before is None or self.ends_after < self.ends_before)
