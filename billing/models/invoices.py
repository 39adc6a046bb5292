"""Invoices and their lines. A draft is recomputed; from IN_REVIEW on its lines are frozen (trigger).

Every line says its kind. One of usage points at the price row and metric version that made it, and carries its steps,
so that each number on paper can be walked back to usage and events; one that discounts, caps or covers another points
at that one and, where it draws on a balance, at the commit or credit.
"""

from decimal import Decimal

from django.db import models
from django.db.models import F
from simple_history.models import HistoricalRecords

from billing.rules.lifecycle import Kind, Status
from billing.rules.scopes import LineKind
from catalog.models import Contract, Instrument, MetricVersion, PriceOverride, PriceRow, Product
from monetization.foundation.models import Account, Environment, LegalEntity, User
from monetization.foundation.models.fields import amount_field, choices, currency_field, quantity_field
from monetization.values.money import EXACT
from monetization.values.periods import Period

LOWERING = (LineKind.DISCOUNT, LineKind.CAP, LineKind.DRAWDOWN)


class Invoice(models.Model):
    """What an account owes under a contract for a period."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT, related_name="invoices")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="invoices")
    legal_entity = models.ForeignKey(LegalEntity, models.PROTECT)
    kind = models.CharField(max_length=10, choices=choices(Kind))
    status = models.CharField(
        max_length=10,
        choices=choices(Status),
        default=Status.DRAFT.value,
    )
    number = models.CharField(max_length=40, blank=True, help_text="Gapless; given on issue")
    currency = currency_field()
    period_starts_at = models.DateTimeField()
    period_ends_at = models.DateTimeField()
    net = amount_field(default=0)
    tax = amount_field(default=0)
    total = amount_field(default=0)
    paid = amount_field(default=0)
    usage_mark = models.BigIntegerField(default=-1, help_text="UsageMark that the lines reflect")
    terms_digest = models.BinaryField(max_length=32, null=True)
    rated_at = models.DateTimeField(null=True)
    content_digest = models.BinaryField(max_length=32, null=True, help_text="Set on review")
    prepared_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, help_text="When inputs were frozen")
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    issued_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField(null=True)
    due_date = models.DateField(null=True)
    revision = models.PositiveIntegerField(default=1, help_text="Grows with each change")

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "period_starts_at", "kind"],
                condition=~models.Q(status="VOID"),
                name="one_invoice_a_period_and_kind",
            ),
            models.UniqueConstraint(
                fields=["legal_entity", "number"],
                condition=~models.Q(number=""),
                name="invoice_number_once",
            ),
            models.CheckConstraint(condition=models.Q(total=F("net") + F("tax")), name="invoice_total_is_net_plus_tax"),
            models.CheckConstraint(
                condition=models.Q(approved_by__isnull=True) | ~models.Q(approved_by=F("prepared_by")),
                name="invoice_checker_is_not_preparer",
            ),
            models.CheckConstraint(
                condition=models.Q(period_starts_at__lt=F("period_ends_at")),
                name="invoice_period_is_not_empty",
            ),
        ]
        indexes = [
            models.Index(fields=["environment", "status", "-id"], name="invoice_queue"),
            models.Index(fields=["account", "-period_starts_at"], name="invoice_of_account"),
        ]
        ordering = ["-period_starts_at", "-pk"]

    def __str__(self) -> str:
        return self.number or f"{self.get_kind_display()} draft {self.pk}"

    @property
    def period(self) -> Period:
        """The stretch of time that it bills."""
        return Period(self.period_starts_at, self.period_ends_at)

    @property
    def still_open(self) -> Decimal:
        """What is asked for and not yet paid; nothing before it is issued and after it is void."""
        return EXACT.subtract(self.total, self.paid) if self.status == Status.ISSUED.value else Decimal(0)


class InvoiceLine(models.Model):
    """A charge and price row: quantity and the amount rounded once; `steps` explain it.

    ``product`` is None where a line is for several: a minimum of the whole invoice.
    """

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=9, choices=choices(LineKind), default=LineKind.USAGE.value)
    charge = models.CharField(max_length=80, blank=True, help_text="recurring:seats; a product's key for its usage")
    of = models.ForeignKey("self", models.CASCADE, null=True, related_name="lowered_by", help_text="What it lowers")
    instrument = models.ForeignKey(Instrument, models.PROTECT, null=True, related_name="+")
    lowers_tax = models.BooleanField(default=True, help_text="Whether a negative line lowers the taxed base")
    product = models.ForeignKey(Product, models.PROTECT, null=True)
    price = models.ForeignKey(PriceRow, models.PROTECT, null=True)
    override = models.ForeignKey(PriceOverride, models.PROTECT, null=True, help_text="Own price of the contract")
    metric_version = models.ForeignKey(MetricVersion, models.PROTECT, null=True)
    description = models.CharField(max_length=300)
    match = models.JSONField(default=dict)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    quantity = quantity_field()
    unit = models.CharField(max_length=40)
    exact = models.CharField(max_length=120, help_text="Amount before rounding, as a fraction n/d")
    amount = amount_field()
    tax_category = models.CharField(max_length=40)
    events = models.BigIntegerField(default=0)
    steps = models.JSONField(default=list)
    source = models.JSONField(default=dict, help_text="Card, version, owner, approval")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="one_line_a_position"),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in LOWERING], of__isnull=False, amount__lte=0)
                | (~models.Q(kind__in=[kind.value for kind in LOWERING]) & models.Q(of__isnull=True)),
                name="what_lowers_names_its_line",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind=LineKind.DRAWDOWN.value) | models.Q(instrument__isnull=False),
                name="what_draws_names_its_balance",
            ),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.invoice} line {self.position}"

    @property
    def heading(self) -> str:
        """Under which name it stands on paper: its product's, or what is for all of them."""
        return self.product.name if self.product is not None else "All products"


class InvoiceTax(models.Model):
    """Tax on the sum of rounded lines of one category and rate, rounded once."""

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="taxes")
    category = models.CharField(max_length=2, help_text="EN 16931: S, Z, E, AE, K, G, O")
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    base = amount_field()
    amount = amount_field()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "category", "percent"], name="one_tax_a_category_and_rate")
        ]
        ordering = ["category", "-percent"]

    def __str__(self) -> str:
        return f"{self.category} {self.percent} %"


class Flag(models.Model):
    """Something about an invoice that a reviewer should look at, with its reason."""

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="flags")
    line = models.ForeignKey(InvoiceLine, models.CASCADE, null=True, related_name="flags")
    code = models.CharField(max_length=32)
    severity = models.CharField(max_length=8, help_text="INFO, WARN or BLOCK")
    sentence = models.CharField(max_length=300)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.sentence


class Evidence(models.Model):
    """What a frozen line rests on: the events counted, and a digest over their digests."""

    line = models.OneToOneField(InvoiceLine, models.CASCADE, related_name="evidence")
    event_count = models.BigIntegerField()
    quantity = quantity_field(help_text="Before conversion")
    digest = models.BinaryField(max_length=32)
    buckets = models.JSONField(help_text="[[hour, dimensions, digest hex], …] in order")

    class Meta:
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return f"evidence of {self.line}"
