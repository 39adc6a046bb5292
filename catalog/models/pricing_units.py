"""Pricing units: what prices may be written in instead of a currency, such as credits or tokens."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from catalog.models.rate_cards import RateCardVersion
from monetization.foundation.models import Environment
from monetization.foundation.models.fields import currency_field, key_field, quantity_field

MOST_DIGITS = 18


class PricingUnit(models.Model):
    """A unit of prices; what it is worth stands on each version of a rate card, so it is fixed with the prices."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    key = key_field()
    name = models.CharField(max_length=120)
    digits = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(MOST_DIGITS)],
        help_text="Decimal places of amounts in it; prices keep all",
    )
    created_at = models.DateTimeField()

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="pricing_unit_key")]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class UnitRate(models.Model):
    """What one pricing unit is worth in a currency, by a version of a rate card; frozen with the version."""

    version = models.ForeignKey(RateCardVersion, models.CASCADE, related_name="unit_rates")
    unit = models.ForeignKey(PricingUnit, models.PROTECT, related_name="rates")
    currency = currency_field()
    rate = quantity_field()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "unit", "currency"], name="one_rate_a_currency"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="a_pricing_unit_is_worth_something"),
        ]
        ordering = ["unit_id", "currency", "pk"]

    def __str__(self) -> str:
        return f"1 {self.unit} = {self.rate} {self.currency}"
