"""Environments (LIVE and sandboxes), the companies that sell, and their number series."""

from django.db import models
from simple_history.models import HistoricalRecords

from monetization.foundation.models.fields import currency_field, key_field


class Environment(models.Model):
    """A world of its own: every root row, key and number belongs to exactly one."""

    class Kind(models.TextChoices):
        LIVE = "LIVE", "Live"
        SANDBOX = "SANDBOX", "Sandbox"

    key = key_field(unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class LegalEntity(models.Model):
    """A company that sells: what an invoice prints about its sender."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    key = key_field()
    name = models.CharField(max_length=160)
    street = models.CharField(max_length=160)
    postal_code = models.CharField(max_length=20)
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")
    tax_id = models.CharField(max_length=32, blank=True, help_text="VAT id, with its prefix")
    registration = models.CharField(max_length=80, blank=True)
    bank_details = models.CharField(max_length=160, blank=True)
    reporting_currency = currency_field()
    number_prefix = models.CharField(max_length=12, help_text="Printed before the number")

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="legal_entity_key")]
        verbose_name_plural = "legal entities"
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class NumberSeries(models.Model):
    """The counter row of a gapless series: locked in the transaction that takes a number.

    Never a database sequence: sequences don't roll back, so they leave gaps.
    """

    legal_entity = models.ForeignKey(LegalEntity, models.PROTECT, related_name="series")
    kind = models.CharField(max_length=16, help_text="INVOICE, later CREDIT_NOTE")
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["legal_entity", "kind", "year"], name="one_series_a_year")]
        ordering = ["legal_entity", "year"]

    def __str__(self) -> str:
        return f"{self.legal_entity} {self.kind} {self.year}"
