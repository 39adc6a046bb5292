"""The columns in which a tariff is kept, wherever it stands: in a row of a rate card, or in a contract's own price.

One number is in `unit_price`, tables and packages are steps, a price of transactions is in the fees.
"""

from typing import Any

from django.db import models
from django.db.models import Q

from catalog.rules.tariffs import WrittenModel
from catalog.rules.written import FEES
from monetization.foundation.models.fields import choices, quantity_field

PACKAGES = [("up", "Rounded up"), ("down", "Rounded down"), ("exact", "In exact parts")]
MODELS = [model.value for model in WrittenModel]
SINGLE = [model.value for model in WrittenModel if model.is_single]


class Priced(models.Model):
    """A row with a tariff; its steps are rows of their own."""

    model = models.CharField(max_length=24, choices=choices(WrittenModel))
    unit_price = quantity_field(
        null=True, blank=True, help_text="One price per unit, or what amounts are multiplied by"
    )
    packages = models.CharField(max_length=8, choices=PACKAGES, blank=True, default="")
    retroactive = models.BooleanField(default=False)
    percent = quantity_field(null=True, blank=True)
    fixed_fee = quantity_field(null=True, blank=True)
    free_events = quantity_field(null=True, blank=True)
    free_amount = quantity_field(null=True, blank=True)
    minimum_fee = quantity_field(null=True, blank=True)
    maximum_fee = quantity_field(null=True, blank=True)

    tiers: Any

    class Meta:
        abstract = True


class Step(models.Model):
    """A step of a tariff: units above the step before, up to and including `up_to` (None: open).

    With a block size its price is that of a block; a package is one open step with one.
    """

    position = models.PositiveSmallIntegerField()
    up_to = quantity_field(null=True, blank=True)
    unit_price = quantity_field()
    flat_fee = quantity_field(default=0)
    block_size = quantity_field(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"up to {self.up_to}" if self.up_to is not None else "above"


def either(chosen: Q, then: Q, otherwise: Q) -> Q:
    """Give a condition for rows of a kind, and another for all others."""
    return (chosen & then) | (~chosen & otherwise)


def tariff_constraints(noun: str) -> list[models.CheckConstraint]:
    """Let each model have its own numbers and no others."""
    conditions = {
        "model_is_known": Q(model__in=MODELS),
        "has_one_number_where_it_says_all": either(
            Q(model__in=SINGLE), Q(unit_price__isnull=False), Q(unit_price__isnull=True)
        ),
        "rounds_packages_alone": either(
            Q(model="PACKAGE"), Q(packages__in=[key for key, _ in PACKAGES]), Q(packages="")
        ),
        "looks_back_with_volume_alone": Q(model="VOLUME") | Q(retroactive=False),
        "has_fees_of_percentages_alone": either(
            Q(model="PERCENTAGE"),
            Q(percent__isnull=False, fixed_fee__isnull=False),
            Q(**{f"{name}__isnull": True for name in FEES}),
        ),
    }
    return [models.CheckConstraint(condition=each, name=f"{noun}_{name}") for name, each in conditions.items()]


def step_constraints(noun: str) -> list[models.CheckConstraint]:
    """Let a block have a size."""
    some = Q(block_size__isnull=True) | Q(block_size__gt=0)
    return [models.CheckConstraint(condition=some, name=f"{noun}_block_has_more_than_no_units")]
