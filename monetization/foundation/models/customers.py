"""Customers (who), billing accounts (who pays), their aliases, and the customers' people."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase
from simple_history.models import HistoricalRecords

from monetization.foundation.models.environments import Environment
from monetization.foundation.models.fields import key_field
from monetization.foundation.models.people import User
from monetization.foundation.rules.roles import MemberRole


class Customer(models.Model):
    """A company that uses the product; it has one or more accounts."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    key = key_field()
    name = models.CharField(max_length=160)
    segment = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField()

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="customer_key")]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class CustomerUserGrant(UserObjectPermissionBase):
    """A person's rights on one customer, with a real foreign key (guardian's direct table)."""

    content_object = models.ForeignKey(Customer, models.CASCADE)


class CustomerGroupGrant(GroupObjectPermissionBase):
    """A group's rights on one customer, with a real foreign key (guardian's direct table)."""

    content_object = models.ForeignKey(Customer, models.CASCADE)


class Account(models.Model):
    """Who pays: currency and terms come with its contract, place and time from here."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="accounts")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True)
    key = key_field()
    name = models.CharField(max_length=160)
    time_zone = models.CharField(max_length=64, help_text="IANA name; periods are cut in it")
    language = models.CharField(max_length=8, default="en")
    street = models.CharField(max_length=160, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2")
    tax_id = models.CharField(max_length=32, blank=True)
    billing_email = models.EmailField(blank=True)
    grace_days = models.PositiveSmallIntegerField(default=3)
    created_at = models.DateTimeField()

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "key"], name="account_key"),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=F("pk")),
                name="account_not_its_own_parent",
            ),
        ]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


def _dated() -> Func:
    return Func(
        F("starts_at"), F("ends_at"), RangeBoundary(), function="TSTZRANGE",
        output_field=DateTimeRangeField(),
    )  # fmt: skip


class AccountAlias(models.Model):
    """Another name by which events call an account, from an instant until another.

    The account's own key is not an alias; at one instant an alias names one account at most.
    """

    environment = models.ForeignKey(Environment, models.PROTECT)
    account = models.ForeignKey(Account, models.CASCADE, related_name="aliases")
    alias = models.CharField(max_length=200)
    starts_at = models.DateTimeField(null=True, blank=True, help_text="None: always was")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="None: open")

    history = HistoricalRecords()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="alias_names_one_account",
                expressions=[
                    ("environment", RangeOperators.EQUAL),
                    ("alias", RangeOperators.EQUAL),
                    (_dated(), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=models.Q(starts_at__isnull=True)
                | models.Q(ends_at__isnull=True)
                | models.Q(starts_at__lt=F("ends_at")),
                name="alias_starts_before_it_ends",
            ),
        ]
        verbose_name_plural = "account aliases"
        ordering = ["alias", "pk"]

    def __str__(self) -> str:
        return f"{self.alias} → {self.account}"


class Membership(models.Model):
    """A customer's person and what they may do in the portal."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=[(r.value, r.value) for r in MemberRole])

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "customer"], name="one_membership_a_customer")]
        ordering = ["customer", "user"]

    def __str__(self) -> str:
        return f"{self.user} at {self.customer}"
