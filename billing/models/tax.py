"""Dated tax rates by country and product tax category."""

from django.db import models
from simple_history.models import HistoricalRecords

from monetization.foundation.models import Environment


class TaxRate(models.Model):
    """A rate from a local date until the next one of the same country and category."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")
    tax_category = models.CharField(max_length=40, default="standard")
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    start_date = models.DateField()
    source = models.CharField(max_length=200, help_text="Where the rate was published")

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "country", "tax_category", "start_date"],
                name="one_tax_rate_a_date",
            ),
            models.CheckConstraint(condition=models.Q(percent__gte=0, percent__lte=100), name="tax_rate_is_percentage"),
        ]
        ordering = ["country", "tax_category", "-start_date"]

    def __str__(self) -> str:
        return f"{self.country} {self.percent} %"
