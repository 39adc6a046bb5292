"""Limits of use, their counters, and what is held of them: the quota that can't be passed.

`Counter` is one row per limit, account and window; a reservation is one conditional UPDATE of it, so any number of
callers can't hold more than is left. Spent is metered usage (the fold adds to it in the transaction that counts the
event); spend and balance counters are written by billing, together with the usage mark that they reflect. What a
reservation holds of them in money stays held until billing has written a counter that knows its event.
"""

from decimal import Decimal

from django.db import models

from catalog.models import Metric, Product
from monetization.foundation.models import Account, Environment, User
from monetization.foundation.models.fields import quantity_field


class Limit(models.Model):
    """How much of something an account (or each account) may use in a window."""

    class Kind(models.TextChoices):
        QUANTITY = "QUANTITY", "Quantity of a metric"
        SPEND = "SPEND", "Spend"
        BALANCE = "BALANCE", "Balance left"

    class Window(models.TextChoices):
        DAY = "DAY", "Day"
        BILLING_PERIOD = "BILLING_PERIOD", "Billing period"

    class SetBy(models.TextChoices):
        CONTRACT = "CONTRACT", "Contract"
        CUSTOMER = "CUSTOMER", "Customer"

    environment = models.ForeignKey(Environment, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT, null=True, help_text="Empty: each account of its own")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.QUANTITY)
    metric = models.ForeignKey(Metric, models.PROTECT, null=True, help_text="Of a quantity")
    product = models.ForeignKey(Product, models.PROTECT, null=True, help_text="Of spend and balance; empty: all")
    match = models.JSONField(default=dict, help_text='Dimension values that count: {"model": "gpt-4o"}; all if empty')
    currency = models.CharField(max_length=3, blank=True, help_text="Of spend and balance")
    window = models.CharField(max_length=14, choices=Window, default=Window.BILLING_PERIOD)
    most = quantity_field(help_text="In priced units of the metric, or money; of a balance: how much must stay")
    is_hard = models.BooleanField(default=True, help_text="A soft limit warns and admits")
    fails_open = models.BooleanField(default=False, help_text="Admit when the limit can't be asked")
    thresholds = models.JSONField(default=list, help_text="Percent of the limit at which somebody is told: [80, 100]")
    hold_seconds = models.PositiveIntegerField(default=300, help_text="How long a reservation holds if not settled")
    emails = models.JSONField(default=list, help_text="Who is told besides the customer's admins")
    set_by = models.CharField(max_length=8, choices=SetBy, default=SetBy.CONTRACT)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="No longer in force since")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(most__gte=0), name="limit_not_negative")]
        indexes = [models.Index(fields=["environment", "metric"], name="limit_metric")]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


class Counter(models.Model):
    """How much of a limit is spent and held in one window of one account, in the limit's units.

    ``most``: how much of a balance may be spent, where that is the limit. ``as_of`` and ``mark``: when billing read
    what it wrote, and which usage it reflects; empty where usage itself is counted.
    """

    limit = models.ForeignKey(Limit, models.PROTECT, related_name="counters", db_index=False)
    account = models.ForeignKey(Account, models.PROTECT)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    spent = models.DecimalField(max_digits=48, decimal_places=18, default=0)
    held = models.DecimalField(max_digits=48, decimal_places=18, default=0)
    most = models.DecimalField(max_digits=48, decimal_places=18, null=True)
    as_of = models.DateTimeField(null=True)
    mark = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["limit", "account", "starts_at"], name="one_counter_a_window"),
            models.CheckConstraint(condition=models.Q(held__gte=0), name="held_not_negative"),
        ]
        indexes = [models.Index(fields=["changed_at"], name="counter_changed")]
        ordering = ["-starts_at", "pk"]

    def __str__(self) -> str:
        return f"{self.limit} {self.account} {self.starts_at:%Y-%m-%d}"

    def allowed(self, limit: Limit) -> Decimal:
        """Give what may be spent of its limit in all."""
        return limit.most if self.most is None else self.most


class Hold(models.Model):
    """A reservation under the caller's key: HELD → SETTLED (its event counted), RELEASED, or EXPIRED."""

    class Status(models.TextChoices):
        HELD = "HELD", "Held"
        SETTLED = "SETTLED", "Settled"
        RELEASED = "RELEASED", "Released"
        EXPIRED = "EXPIRED", "Expired"

    environment = models.ForeignKey(Environment, models.PROTECT, db_index=False)
    key = models.CharField(max_length=200, help_text="The caller's name for it; a repeat is the same hold")
    account = models.ForeignKey(Account, models.PROTECT, db_index=False)
    metric = models.ForeignKey(Metric, models.PROTECT, db_index=False)
    dimensions = models.JSONField(default=dict)
    amount = quantity_field()
    counters = models.JSONField(default=list, help_text="Ids of the counters that hold it")
    spend = models.DecimalField(max_digits=48, decimal_places=18, default=0, help_text="Money that it holds")
    currency = models.CharField(max_length=3, blank=True)
    spend_counters = models.JSONField(default=list, help_text="Ids of the counters that hold its money")
    holds_spend = models.BooleanField(default=False, help_text="Its money isn't written by billing or given back yet")
    status = models.CharField(max_length=8, choices=Status, default=Status.HELD)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    event_source = models.TextField(blank=True)
    event_id = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="one_hold_a_key")]
        indexes = [
            models.Index(fields=["expires_at"], condition=models.Q(status="HELD"), name="hold_expiring"),
            models.Index(
                fields=["account"],
                condition=models.Q(status="HELD") & ~models.Q(event_id=""),
                name="hold_awaiting_event",
            ),
            models.Index(fields=["account"], condition=models.Q(holds_spend=True), name="hold_of_money"),
        ]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.key


class Breach(models.Model):
    """A time at which a limit was met: a reservation refused, or use recorded beyond it."""

    class Kind(models.TextChoices):
        REFUSED = "REFUSED", "Reservation refused"
        OVERRUN = "OVERRUN", "Used beyond the limit or its hold"
        WARNED = "WARNED", "Soft limit passed"

    counter = models.ForeignKey(Counter, models.PROTECT, related_name="breaches")
    kind = models.CharField(max_length=7, choices=Kind)
    amount = models.DecimalField(max_digits=48, decimal_places=18, help_text="What was asked for, or by how much")
    spent = models.DecimalField(max_digits=48, decimal_places=18)
    held = models.DecimalField(max_digits=48, decimal_places=18)
    hold_key = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["counter", "kind", "hold_key"], condition=~models.Q(hold_key=""), name="one_breach_a_hold"
            )
        ]
        indexes = [models.Index(fields=["-at"], name="breach_newest")]
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.counter}"


class LimitAlert(models.Model):
    """That a threshold was reached, told once a window."""

    counter = models.ForeignKey(Counter, models.PROTECT, related_name="alerts")
    percent = models.PositiveSmallIntegerField()
    spent = models.DecimalField(max_digits=48, decimal_places=18)
    most = quantity_field()
    at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["counter", "percent"], name="one_alert_a_threshold")]
        indexes = [models.Index(fields=["at"], condition=models.Q(mailed_at=None), name="alert_to_mail")]
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.counter}"
