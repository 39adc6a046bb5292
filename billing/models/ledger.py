"""The ledger: transfers from one account to another, and the payments behind some of them."""

from django.db import models
from django.db.models import F

from billing.models.invoices import Invoice
from monetization.foundation.models import Environment, LegalEntity, User
from monetization.foundation.models.fields import amount_field, currency_field


class LedgerAccount(models.Model):
    """An account of the books: receivable, cash, revenue:<product>, tax_payable …"""

    legal_entity = models.ForeignKey(LegalEntity, models.PROTECT)
    code = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["legal_entity", "code"], name="ledger_account_code")]
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Transfer(models.Model):
    """A positive amount from the credit to the debit account. Append-only; `source` happens once.

    Unbalanced cannot be written down: a transfer has two sides by its columns.
    """

    environment = models.ForeignKey(Environment, models.PROTECT)
    legal_entity = models.ForeignKey(LegalEntity, models.PROTECT)
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="transfers")
    debit = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="+")
    credit = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="+")
    amount = amount_field()
    currency = currency_field()
    code = models.CharField(max_length=40, help_text="Why: invoice_issued, payment_recorded …")
    source = models.CharField(max_length=120, help_text="invoice:17:issued:line:3")
    booked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source"], name="transfer_happens_once"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="transfer_is_positive"),
            models.CheckConstraint(condition=~models.Q(debit=F("credit")), name="transfer_has_two_sides"),
        ]
        indexes = [
            models.Index(fields=["debit", "currency"], name="transfer_debit"),
            models.Index(fields=["credit", "currency"], name="transfer_credit"),
        ]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.source


class Payment(models.Model):
    """Money that arrived for an invoice; its reference is recorded once."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payments")
    amount = amount_field()
    currency = currency_field()
    received_date = models.DateField()
    reference = models.CharField(max_length=120)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "reference"], name="payment_reference_once"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_is_positive"),
        ]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.reference
