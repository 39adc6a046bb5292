"""Free units that a contract agrees beyond those of its rate card."""

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from catalog.models.agreed import RecurringCharge
from catalog.models.contracts import Contract
from catalog.models.dated import amendment_field
from catalog.models.products import Product
from monetization.foundation.models.fields import key_field, quantity_field


class AgreedAllowance(models.Model):
    """Units of a product that cost nothing in a full period; with `per`, for each unit of that fee, in one pool."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="allowances")
    amendment = amendment_field()
    key = key_field()
    name = models.CharField(max_length=120)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    units = quantity_field(help_text="Priced units of the metric, of each full period")
    per = models.ForeignKey(
        RecurringCharge, models.PROTECT, null=True, blank=True, related_name="allowances",
        help_text="None: they don't depend on a quantity",
    )  # fmt: skip

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "key"], name="agreed_allowance_key"),
            models.CheckConstraint(condition=Q(units__gt=0), name="allowance_is_positive"),
        ]
        ordering = ["contract", "pk"]

    def __str__(self) -> str:
        return self.name
