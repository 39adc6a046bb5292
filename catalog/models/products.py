"""Products: what an invoice line is called, and how it is taxed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from simple_history.models import HistoricalRecords

from monetization.foundation.models import Environment
from monetization.foundation.models.fields import empty_list, key_field


class Product(models.Model):
    """A thing sold; its prices stand on rate cards, its usage comes from a metric."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    key = key_field()
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=200, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=empty_list, blank=True)
    tax_category = models.CharField(max_length=40, default="standard", help_text="What tax rates are looked up by")
    created_at = models.DateTimeField()

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="product_key")]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name
