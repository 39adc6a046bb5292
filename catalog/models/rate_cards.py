"""Rate cards: versions, charges (one a product), price rows (one a combination), tiers."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase
from simple_history.models import HistoricalRecords

from catalog.models.metrics import Metric
from catalog.models.products import Product
from catalog.models.tariffs import Priced, Step, step_constraints, tariff_constraints
from catalog.models.versions import Governed
from catalog.rules.drafts import Cut
from catalog.rules.terms import Reset
from monetization.foundation.models import Environment, User
from monetization.foundation.models.fields import choices, currency_field, empty_list, key_field, quantity_field


class RateCard(models.Model):
    """A price list that contracts follow or pin; what it says is in its versions."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    key = key_field()
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    owner = models.ForeignKey(User, models.PROTECT, related_name="owned_rate_cards")
    created_at = models.DateTimeField()

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="rate_card_key")]
        permissions = [("draft_on_rate_card", "May draft versions of this rate card")]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class RateCardUserGrant(UserObjectPermissionBase):
    """A person's rights on one rate card (its owner), with a real foreign key."""

    content_object = models.ForeignKey(RateCard, models.CASCADE)


class RateCardGroupGrant(GroupObjectPermissionBase):
    """A group's rights on one rate card, with a real foreign key."""

    content_object = models.ForeignKey(RateCard, models.CASCADE)


class RateCardVersion(Governed):
    """All prices of a card from an effective date (midnight in each account's zone) or instant."""

    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    based_on = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    notes = models.TextField(blank=True, help_text="What changes and why, for its readers")
    effective_date = models.DateField(null=True, blank=True)
    effective_at = models.DateTimeField(null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rate_card", "number"], name="rate_card_version_number"),
            models.UniqueConstraint(
                fields=["rate_card", "effective_at"],
                condition=Q(status="APPROVED"),
                name="one_card_version_an_instant",
            ),
            models.UniqueConstraint(
                fields=["rate_card", "effective_date"],
                condition=Q(status="APPROVED"),
                name="one_card_version_a_date",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["DRAFT", "WITHDRAWN"])
                | Q(effective_at__isnull=False, effective_date__isnull=True)
                | Q(effective_at__isnull=True, effective_date__isnull=False),
                name="card_version_has_one_effective_time",
            ),
        ]
        ordering = ["rate_card", "-number"]

    def __str__(self) -> str:
        return f"{self.rate_card} v{self.number}"


class Charge(models.Model):
    """How a product is priced on a version: by which metric, with which price rows, counted how."""

    version = models.ForeignKey(RateCardVersion, models.CASCADE, related_name="charges")
    product = models.ForeignKey(Product, models.PROTECT)
    metric = models.ForeignKey(Metric, models.PROTECT)
    pricing_unit = models.ForeignKey("catalog.PricingUnit", models.PROTECT, null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    free_units = quantity_field(default=0, help_text="Of each period; they move no tier")
    flat_at_zero = models.BooleanField(default=False, help_text="The first flat fee is due without usage too")
    tier_by = ArrayField(models.CharField(max_length=63), default=empty_list, blank=True)
    cut = models.CharField(max_length=16, choices=choices(Cut), blank=True, default="")
    tier_reset = models.CharField(max_length=16, choices=choices(Reset), default=Reset.BILLING_PERIOD.value)
    highest_of = models.CharField(max_length=63, blank=True, default="", help_text="Group that bills its dearest only")
    rounds_as_one = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "product"], name="one_charge_a_product"),
            models.CheckConstraint(condition=Q(free_units__gte=0), name="free_units_are_a_quantity"),
            models.CheckConstraint(condition=Q(cut__in=[each.value for each in Cut]), name="charge_cut_is_known"),
            models.CheckConstraint(
                condition=Q(tier_reset__in=[each.value for each in Reset]), name="charge_reset_is_known"
            ),
        ]
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return f"{self.version}: {self.product}"


class PriceRow(Priced):
    """The price of a combination of dimension values in a currency or its charge's unit; a value left out is any."""

    charge = models.ForeignKey(Charge, models.CASCADE, related_name="prices")
    currency = currency_field(blank=True, default="", help_text="Empty where the charge is in a pricing unit")
    match = models.JSONField(default=dict, help_text='{"model": "gpt-4o", "token_type": "input"}')

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["charge", "currency", "match"], name="one_price_a_combination"),
            *tariff_constraints("price"),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.currency} {self.match or 'any'}"


class PriceTier(Step):
    """A step of a row."""

    price = models.ForeignKey(PriceRow, models.CASCADE, related_name="tiers")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["price", "position"], name="one_tier_a_position"),
            *step_constraints("price"),
        ]
        ordering = ["position", "pk"]
