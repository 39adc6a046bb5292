"""Amendments: what changes in an approved contract from a day on. Nothing before that day changes.

An amendment is free while it is a draft, frozen from submission on, and in force once it is approved. It changes terms
of the contract as a whole, adds parts (rows that name it) and ends others.
"""

from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from catalog.models.contracts import Contract
from catalog.models.rate_cards import RateCard, RateCardVersion
from catalog.models.versions import Governed


class Amendment(Governed):
    """A dated change of a contract. What isn't stated stays; dates are local to the account."""

    class Kind(models.TextChoices):
        CHANGE = "CHANGE", "Change of terms"
        UPSELL = "UPSELL", "Upsell"
        CO_TERM = "CO_TERM", "Co-term"
        RENEWAL = "RENEWAL", "Renewal"
        CANCELLATION = "CANCELLATION", "Cancellation"

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="amendments")
    number = models.PositiveSmallIntegerField(help_text="Counted from 1 within its contract")
    kind = models.CharField(max_length=12, choices=Kind)
    effective_date = models.DateField(help_text="First day that it changes")
    reason = models.CharField(max_length=1000, blank=True)
    end_date = models.DateField(null=True, blank=True, help_text="New last day served; None: stays")
    is_open = models.BooleanField(default=False, help_text="Serves until further notice from then on")
    rate_card = models.ForeignKey(RateCard, models.PROTECT, null=True, blank=True, related_name="+")
    pinned_version = models.ForeignKey(RateCardVersion, models.PROTECT, null=True, blank=True, related_name="+")
    pinned_until = models.DateField(null=True, blank=True, help_text="First day no longer pinned")
    unpins = models.BooleanField(default=False, help_text="Follows its rate card from then on")
    net_days = models.PositiveSmallIntegerField(null=True, blank=True)
    purchase_order = models.CharField(max_length=80, null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "number"], name="amendment_number"),
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gte=F("effective_date"), is_open=False),
                name="amendment_ends_after_it_takes_effect",
            ),
            models.CheckConstraint(
                condition=Q(unpins=False) | Q(pinned_version__isnull=True), name="amendment_pins_or_unpins"
            ),
        ]
        ordering = ["contract", "effective_date", "number"]

    def __str__(self) -> str:
        return f"{self.contract} · amendment {self.number}"

    @property
    def moves_end(self) -> bool:
        """Say whether it moves the contract's last day."""
        return self.is_open or self.end_date is not None


class PartEnd(models.Model):
    """A part of the contract that an amendment ends: `last_date` is the last day on which it stands."""

    amendment = models.ForeignKey(Amendment, models.PROTECT, related_name="ends")
    part = models.CharField(max_length=12, help_text="Its kind, as in addresses: recurring, bound …")
    key = models.CharField(max_length=63)
    last_date = models.DateField()

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["amendment", "part", "key"], name="a_part_ends_once")]
        ordering = ["amendment", "part", "key"]

    def __str__(self) -> str:
        return f"{self.part} {self.key} ends {self.last_date}"
