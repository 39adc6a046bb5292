"""Balances of commits and credits: what moved them, and what an invoice draws.

A balance is the sum of movements, as of any instant. Movements are append-only, each source happens once, and the
database refuses one that would leave a balance below zero, whoever writes at the same time.
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.models.invoices import Invoice
from catalog.models import Instrument
from monetization.foundation.models import User
from monetization.foundation.models.fields import quantity_field
from monetization.values.money import EXACT


class Movement(models.Model):
    """A change of a balance: granted and returned raise it, drawn and expired lower it, a correction does either.

    What rolls over lowers one balance and raises another.
    """

    class Kind(models.TextChoices):
        GRANTED = "GRANTED", "Granted"
        DRAWN = "DRAWN", "Drawn"
        EXPIRED = "EXPIRED", "Expired"
        ROLLED = "ROLLED", "Rolled over"
        RETURNED = "RETURNED", "Given back"
        CORRECTED = "CORRECTED", "Corrected"

    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="movements")
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="movements")
    kind = models.CharField(max_length=9, choices=Kind)
    amount = quantity_field(help_text="Signed: what it adds to the balance")
    at = models.DateTimeField(help_text="From when it counts")
    source = models.CharField(max_length=120, help_text="instrument:4:granted, invoice:17:3:drawn:4")
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    booked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source"], name="movement_happens_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["GRANTED", "RETURNED"], amount__gt=0)
                | Q(kind__in=["DRAWN", "EXPIRED"], amount__lt=0)
                | (Q(kind__in=["ROLLED", "CORRECTED"]) & ~Q(amount=0)),
                name="movement_has_its_sign",
            ),
            models.CheckConstraint(
                condition=Q(invoice__isnull=False) | Q(kind__in=["GRANTED", "ROLLED", "CORRECTED", "EXPIRED"]),
                name="drawn_by_an_invoice",
            ),
        ]
        indexes = [models.Index(fields=["instrument", "at"], name="movement_of_instrument")]
        ordering = ["instrument", "at", "pk"]

    def __str__(self) -> str:
        return self.source


class Drawdown(models.Model):
    """What an invoice makes of a balance: ``opening`` before it, ``drawn`` by it, ``rolled`` and ``expired`` with it.

    An opening below zero is a mistake of earlier bookings: nothing is drawn then, and the books say so.
    Computed with the draft, frozen with its lines; the movements are written when it goes under review.
    """

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="drawdowns")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="drawdowns")
    period_starts_at = models.DateTimeField(help_text="The invoice's: balances are drawn in the order of periods")
    is_booked = models.BooleanField(default=False, help_text="Its movements are written")
    opening = quantity_field()
    drawn = quantity_field(default=0)
    expired = quantity_field(default=0)
    rolled = quantity_field(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "instrument"], name="one_drawdown_an_instrument"),
            models.CheckConstraint(
                condition=Q(drawn__gte=0, expired__gte=0, rolled__gte=0)
                & (
                    Q(opening__gte=models.F("drawn") + models.F("expired") + models.F("rolled"))
                    | Q(opening__lt=0, drawn=0, expired=0, rolled=0)
                ),
                name="drawdown_within_balance",
            ),
        ]
        indexes = [models.Index(fields=["instrument", "period_starts_at"], name="drawdown_in_order")]
        ordering = ["invoice", "pk"]

    @property
    def used(self) -> Decimal:
        """What the balance loses by the invoice."""
        return EXACT.add(EXACT.add(self.drawn, self.expired), self.rolled)

    def __str__(self) -> str:
        return f"{self.instrument} on {self.invoice}"
