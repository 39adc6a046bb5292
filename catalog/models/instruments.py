"""Commits and credits: what a contract agrees, or a grant gives, that may be drawn."""

from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from catalog.models.commits import NOT_NEGATIVE, Commit, rollover_field
from catalog.models.contracts import Contract
from catalog.models.dated import amendment_field
from catalog.models.grants import CreditGrant
from catalog.models.recurring_grants import RecurringGrant
from catalog.models.scopes import Scoped
from monetization.foundation.models import Account
from monetization.foundation.models.fields import currency_field, key_field, quantity_field


class Instrument(Scoped):
    """A commit or a credit: ``amount`` may be drawn from its first to its last day; ``invoiced`` is what it costs.

    It is agreed in a contract, or granted to an account outside of one; then it serves each contract of the account
    that has its currency. Its balance is the sum of billing's movements.

    An access item of a commit and a period of a recurring grant have the scope of that. ``rolled_from``: ``amount`` is
    the most that may roll over; what does is known when the earlier contract's last invoice is frozen.
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
    rollover_percent = rollover_field()
    commit = models.ForeignKey(Commit, models.PROTECT, null=True, blank=True, related_name="items")
    recurring = models.ForeignKey(RecurringGrant, models.PROTECT, null=True, blank=True, related_name="items")
    rolled_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="rolled_into")

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
            models.UniqueConstraint(fields=["recurring", "start_date"], name="one_grant_a_period"),
            models.CheckConstraint(
                condition=Q(commit=None, recurring=None)
                | Q(commit=None, rolled_from=None, contract__isnull=False, kind="CREDIT")
                | Q(recurring=None, rolled_from=None, contract__isnull=False),
                name="instrument_has_one_origin",
            ),
        ]
        ordering = ["account", "start_date", "pk"]

    @property
    def agreed_as(self) -> Scoped:
        """The row whose scope it has."""
        return self.commit or self.recurring or self

    def __str__(self) -> str:
        return self.name
