"""Parts of a contract that stand from a day to a day; without them as long as the contract."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from catalog.models.amendments import Amendment


class Dated(models.Model):
    """A row with its own days, local to the account; `end_date` is the last one."""

    start_date = models.DateField(null=True, blank=True, help_text="None: the contract's first day")
    end_date = models.DateField(null=True, blank=True, help_text="Last day; None: as long as the contract")

    class Meta:
        abstract = True


def amendment_field() -> "models.ForeignKey[Any, Any]":
    """Return the column of the amendment that agreed a part; None: it was agreed with the contract."""
    return models.ForeignKey(Amendment, models.PROTECT, null=True, blank=True, related_name="+")


def ends_after_it_starts() -> models.CheckConstraint:
    """Refuse a last day before the first."""
    return models.CheckConstraint(
        condition=Q(start_date__isnull=True) | Q(end_date__isnull=True) | Q(end_date__gte=F("start_date")),
        name="%(class)s_ends_after_it_starts",
    )
