"""Commits: what is bought or promised as one thing, in dated parts, and what is billed for it when.

The parts that may be drawn are its instruments, the access items; its purchases are what is billed. The two schedules
need not agree: what was invoiced ÷ what may be drawn is the cost basis of each item.
"""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from catalog.models.contracts import Contract
from catalog.models.products import Product
from catalog.models.scopes import Scoped
from monetization.foundation.models.fields import key_field, quantity_field

NOT_NEGATIVE = [MinValueValidator(0)]


def rollover_field() -> "models.DecimalField[Any, Any]":
    """Return the share of an amount that may roll over, in percent."""
    return models.DecimalField(
        max_digits=7, decimal_places=4, default=0, validators=[*NOT_NEGATIVE, MaxValueValidator(100)],
        help_text="Of the amount agreed, what may at most roll over on renewal",
    )  # fmt: skip


class Commit(Scoped):
    """Value paid for ahead, or spend promised."""

    class Kind(models.TextChoices):
        PREPAID = "PREPAID", "Prepaid commit"
        POSTPAID = "POSTPAID", "Postpaid commit"

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="commits")
    key = key_field()
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind)
    priority = models.PositiveSmallIntegerField(default=0, help_text="Lower is drawn first")
    rollover_percent = rollover_field()

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contract", "key"], name="commit_key")]
        ordering = ["contract", "pk"]

    def __str__(self) -> str:
        return self.name


class Purchase(models.Model):
    """What is billed for a prepaid commit on a day."""

    commit = models.ForeignKey(Commit, models.PROTECT, related_name="purchases")
    amount = quantity_field(validators=NOT_NEGATIVE)
    date = models.DateField()

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["commit", "date"], name="one_purchase_a_day"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="purchase_is_positive"),
        ]
        ordering = ["commit", "date"]

    def __str__(self) -> str:
        return f"{self.commit} on {self.date}"


class CommitPrice(models.Model):
    """What units of a product cost while the commit covers them: a price of its own, or a multiple of the row's."""

    commit = models.ForeignKey(Commit, models.PROTECT, related_name="prices")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    match = models.JSONField(default=dict, blank=True, help_text="Values that the price row must name")
    unit_price = quantity_field(null=True, blank=True, validators=NOT_NEGATIVE)
    multiplier = quantity_field(null=True, blank=True, validators=NOT_NEGATIVE)

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["commit", "product", "match"], name="one_commit_price_a_combination"),
            models.CheckConstraint(
                condition=Q(unit_price__gte=0, multiplier__isnull=True) | Q(unit_price__isnull=True, multiplier__gte=0),
                name="commit_price_or_multiplier",
            ),
        ]
        ordering = ["commit", "pk"]

    def __str__(self) -> str:
        return f"{self.product} in {self.commit}"
