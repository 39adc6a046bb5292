"""Commits and credits: what a contract agrees, or a grant gives, that may be drawn."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from catalog.models.contracts import Contract
from catalog.models.dated import amendment_field
from catalog.models.grants import CreditGrant
from catalog.models.products import Product
from monetization.foundation.models import Account
from monetization.foundation.models.fields import currency_field, key_field, quantity_field

NOT_NEGATIVE = [MinValueValidator(0)]


class Instrument(models.Model):
    """A commit or a credit: ``amount`` may be drawn from its first to its last day; ``invoiced`` is what it costs.

    It is agreed in a contract, or granted to an account outside of one; then it serves each contract of the account
    that has its currency. Its balance is the sum of billing's movements.
    """

    class Kind(models.TextChoices):
        CREDIT = "CREDIT", "Credit"
        PREPAID = "PREPAID", "Prepaid commit"
        POSTPAID = "POSTPAID", "Postpaid commit"

    account = models.ForeignKey(Account, models.PROTECT, related_name="instruments")
    contract = models.ForeignKey(Contract, models.PROTECT, null=True, blank=True, related_name="instruments")
    amendment = amendment_field()
    grant = models.OneToOneField(CreditGrant, models.PROTECT, null=True, blank=True, related_name="instrument")
    key = key_field()
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind)
    currency = currency_field()
    amount = quantity_field(help_text="What may be drawn in all")
    invoiced = quantity_field(default=0, validators=NOT_NEGATIVE, help_text="What is billed for it; a credit is free")
    priority = models.PositiveSmallIntegerField(default=0, help_text="Lower is drawn first")
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True, help_text="Last day; None: open")
    products: "models.ManyToManyField[Product, models.Model]" = models.ManyToManyField(
        Product, blank=True, related_name="+"
    )

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="instrument_key"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="instrument_is_positive"),
            models.CheckConstraint(
                condition=Q(invoiced=0) | Q(kind="PREPAID", invoiced__gt=0, invoiced__lte=F("amount")),
                name="only_prepaid_is_bought",
            ),
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gte=F("start_date")),
                name="instrument_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=~Q(kind="POSTPAID") | Q(end_date__isnull=False),
                name="a_promise_of_spend_ends",
            ),
            models.CheckConstraint(
                condition=Q(contract__isnull=False, grant__isnull=True)
                | Q(contract__isnull=True, grant__isnull=False, kind="CREDIT"),
                name="instrument_is_agreed_or_granted",
            ),
        ]
        ordering = ["account", "start_date", "pk"]

    def __str__(self) -> str:
        return self.name
