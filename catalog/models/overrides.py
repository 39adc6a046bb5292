"""What a contract makes of its price list: prices of its own, and factors on what the list says.

Both are parts of the contract as those in `agreed` are, dated by local days of which the last is served. Which of
several prices counts, and what several factors come to, says `catalog.rules.overrides`.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from catalog.models.contracts import Contract
from catalog.models.dated import amendment_field
from catalog.models.products import Product
from catalog.models.tariffs import Priced, Step, step_constraints, tariff_constraints
from monetization.foundation.models.fields import empty_list, key_field


class PriceOverride(Priced):
    """A contract's own price of a product for a combination of dimension values; a value left out is any."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="overrides")
    amendment = amendment_field()
    key = key_field()
    name = models.CharField(max_length=120)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    match = models.JSONField(default=dict, blank=True, help_text='{"model": "gpt-4o", "token_type": "input"}')
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True, help_text="Last day; None: open")

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "key"], name="price_override_key"),
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gte=F("start_date")),
                name="override_ends_after_it_starts",
            ),
            *tariff_constraints("override"),
        ]
        ordering = ["contract", "pk"]

    def __str__(self) -> str:
        return self.name


class OverrideTier(Step):
    """A step of a contract's own price."""

    override = models.ForeignKey(PriceOverride, models.PROTECT, related_name="tiers")

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["override", "position"], name="one_override_tier_a_position"),
            *step_constraints("override"),
        ]
        ordering = ["position", "pk"]


class PriceMultiplier(models.Model):
    """A factor on list prices in scope: 0.82 is 18 % off. Rows must name the `match` that it is for."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="multipliers")
    amendment = amendment_field()
    key = key_field()
    name = models.CharField(max_length=120)
    factor = models.DecimalField(max_digits=9, decimal_places=6)
    priority = models.PositiveSmallIntegerField(default=0, help_text="Lower is first")
    products: "models.ManyToManyField[Product, models.Model]" = models.ManyToManyField(
        Product, blank=True, related_name="+"
    )
    tags = ArrayField(models.CharField(max_length=40), default=empty_list, blank=True)
    match = models.JSONField(default=dict, blank=True, help_text='{"model": "gpt-4o"}')
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True, help_text="Last day; None: open")

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "key"], name="price_multiplier_key"),
            models.CheckConstraint(condition=Q(factor__gte=0, factor__lte=100), name="multiplier_is_a_factor"),
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gte=F("start_date")),
                name="multiplier_ends_after_it_starts",
            ),
        ]
        ordering = ["contract", "pk"]

    def __str__(self) -> str:
        return self.name
