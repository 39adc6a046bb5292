"""Recurring grants: a credit for each period, which is a new instrument each time and never a refill."""

from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from catalog.models.contracts import Contract
from catalog.models.scopes import Scoped
from monetization.foundation.models.fields import key_field, quantity_field


class RecurringGrant(Scoped):
    """A free amount of each period; what is left of it lives on for `rollover_periods`, then it is lost."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="recurring_grants")
    key = key_field()
    name = models.CharField(max_length=120)
    amount = quantity_field(help_text="Of a full period; a stub grants its share by days")
    cadence = models.CharField(
        max_length=10, choices=Contract.Cadence, blank=True, help_text="Empty: as the contract's"
    )
    rollover_periods = models.PositiveSmallIntegerField(default=0, help_text="How many more periods its rest serves")
    priority = models.PositiveSmallIntegerField(default=0, help_text="Lower is drawn first")
    start_date = models.DateField(null=True, blank=True, help_text="None: the contract's first day")
    end_date = models.DateField(null=True, blank=True, help_text="Last day on which it is granted; None: open")

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "key"], name="recurring_grant_key"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="recurring_grant_is_positive"),
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(start_date__isnull=True) | Q(end_date__gte=F("start_date")),
                name="recurring_grant_ends_after_it_starts",
            ),
        ]
        ordering = ["contract", "pk"]

    def __str__(self) -> str:
        return self.name
