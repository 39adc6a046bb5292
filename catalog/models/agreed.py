"""What a contract agrees beside its rate card: fees, discounts, minimums and maximums.

Each row is a part of its contract: free while that is a draft, frozen from submission on, and in the digest that the
approval binds to. A row is added or taken away, never edited, so its scope and its dates are what they were. Dates
are local to the account, the last one is served; without them a part stands as long as its contract. A scope without
products covers everything.
"""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from catalog.models.contracts import Contract
from catalog.models.dated import Dated, amendment_field, ends_after_it_starts
from catalog.models.products import Product
from monetization.foundation.models.fields import key_field, quantity_field

NOT_NEGATIVE = [MinValueValidator(0)]


class RecurringCharge(Dated):
    """A fee for each period of its cadence: quantity × unit price, by days where something changes inside."""

    class Timing(models.TextChoices):
        ADVANCE = "ADVANCE", "In advance"
        ARREARS = "ARREARS", "In arrears"

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="recurring_charges")
    amendment = amendment_field()
    key = key_field()
    name = models.CharField(max_length=120)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    unit_price = quantity_field(validators=NOT_NEGATIVE)
    quantity = quantity_field(default=1, validators=NOT_NEGATIVE, help_text="From the first day on")
    timing = models.CharField(max_length=8, choices=Timing, default=Timing.ADVANCE)
    cadence = models.CharField(
        max_length=10, choices=Contract.Cadence, blank=True, help_text="Empty: as the contract's"
    )

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "key"], name="recurring_charge_key"),
            models.CheckConstraint(
                condition=Q(unit_price__gte=0, quantity__gte=0), name="recurring_charge_is_not_negative"
            ),
            ends_after_it_starts(),
        ]
        ordering = ["contract", "pk"]

    def __str__(self) -> str:
        return self.name


class QuantityChange(models.Model):
    """Another quantity of a recurring charge from a day on, such as seats."""

    charge = models.ForeignKey(RecurringCharge, models.PROTECT, related_name="changes")
    amendment = amendment_field()
    start_date = models.DateField()
    quantity = quantity_field(validators=NOT_NEGATIVE)

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["charge", "start_date"], name="one_quantity_a_day"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="quantity_is_not_negative"),
        ]
        ordering = ["charge", "start_date"]

    def __str__(self) -> str:
        return f"{self.quantity} from {self.start_date}"


class OneTimeCharge(models.Model):
    """A fee that is due once, with the period that holds its day."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="one_time_charges")
    amendment = amendment_field()
    key = key_field()
    name = models.CharField(max_length=120)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    unit_price = quantity_field(validators=NOT_NEGATIVE)
    quantity = quantity_field(default=1, validators=NOT_NEGATIVE)
    date = models.DateField(null=True, blank=True, help_text="None: the first day that is paid")

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "key"], name="one_time_charge_key"),
            models.CheckConstraint(
                condition=Q(unit_price__gte=0, quantity__gte=0), name="one_time_charge_is_not_negative"
            ),
        ]
        ordering = ["contract", "pk"]

    def __str__(self) -> str:
        return self.name


class AgreedDiscount(Dated):
    """A percentage, or a fixed amount a period, off what the named products cost."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="discounts")
    amendment = amendment_field()
    key = key_field()
    name = models.CharField(max_length=120)
    percent = models.DecimalField(
        max_digits=7, decimal_places=4, null=True, blank=True, validators=[*NOT_NEGATIVE, MaxValueValidator(100)]
    )
    amount = quantity_field(null=True, blank=True, validators=NOT_NEGATIVE)
    periods = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Billing periods; 1: once, None: for ever"
    )
    carry_rest = models.BooleanField(default=False, help_text="What a period leaves of the amount comes off the next")
    counts_for_minimum = models.BooleanField(default=False, help_text="What it takes off still counts as spend")
    products: "models.ManyToManyField[Product, models.Model]" = models.ManyToManyField(
        Product, blank=True, related_name="+"
    )

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "key"], name="agreed_discount_key"),
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100, amount__isnull=True)
                | Q(percent__isnull=True, amount__gt=0),
                name="discount_is_a_percentage_or_an_amount",
            ),
            ends_after_it_starts(),
            models.CheckConstraint(
                condition=Q(carry_rest=False) | Q(amount__isnull=False), name="only_an_amount_leaves_a_rest"
            ),
            models.CheckConstraint(condition=Q(periods__isnull=True) | Q(periods__gt=0), name="discount_has_a_period"),
        ]
        ordering = ["contract", "pk"]

    def __str__(self) -> str:
        return self.name


class AgreedBound(Dated):
    """A minimum or a maximum of what the named products come to in a full period."""

    class Kind(models.TextChoices):
        MINIMUM = "MINIMUM", "Minimum"
        MAXIMUM = "MAXIMUM", "Maximum"

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="bounds")
    amendment = amendment_field()
    key = key_field()
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind)
    amount = quantity_field(validators=NOT_NEGATIVE)
    prorates = models.BooleanField(default=True, help_text="A stub of a period counts by its days")
    products: "models.ManyToManyField[Product, models.Model]" = models.ManyToManyField(
        Product, blank=True, related_name="+"
    )

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "key"], name="agreed_bound_key"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="bound_is_not_negative"),
            ends_after_it_starts(),
        ]
        ordering = ["contract", "pk"]

    def __str__(self) -> str:
        return self.name
