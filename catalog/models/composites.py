"""Composites that a contract agrees: a percentage of what other lines come to, such as support at 10 % of usage."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from catalog.models.contracts import Contract
from catalog.models.dated import Dated, amendment_field, ends_after_it_starts
from catalog.models.products import Product
from monetization.foundation.models.fields import empty_list, key_field

LEAST, MOST = Decimal("0.0001"), 1000


class AgreedComposite(Dated):
    """A fee of each period: a percentage of the rounded lines of what it is for; of all, where it names nothing."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="composites")
    amendment = amendment_field()
    key = key_field()
    name = models.CharField(max_length=120)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", help_text="As which it is sold and taxed")
    percent = models.DecimalField(
        max_digits=8, decimal_places=4, validators=[MinValueValidator(LEAST), MaxValueValidator(MOST)]
    )
    products: "models.ManyToManyField[Product, models.Model]" = models.ManyToManyField(
        Product, blank=True, related_name="+"
    )
    tags = ArrayField(models.CharField(max_length=40), default=empty_list, blank=True)

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "key"], name="agreed_composite_key"),
            models.CheckConstraint(condition=Q(percent__gt=0, percent__lte=MOST), name="composite_is_a_percentage"),
            ends_after_it_starts(),
        ]
        ordering = ["contract", "pk"]

    def __str__(self) -> str:
        return self.name
