"""Contracts: which terms an account agreed to, from which local day to which."""

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Value
from simple_history.models import HistoricalRecords

from catalog.models.plans import PlanVersion
from catalog.models.rate_cards import RateCard, RateCardVersion
from catalog.models.versions import Governed
from catalog.rules.overrides import Combine
from monetization.foundation.models import Account, Environment, LegalEntity
from monetization.foundation.models.fields import choices, currency_field, key_field


class Contract(Governed):
    """An account's agreement. Dates are local to the account; `end_date` is the last day served.

    Until contracts can name the products that they cover, an account has at most one at a time.
    """

    class Cadence(models.TextChoices):
        MONTHLY = "MONTHLY", "Monthly"
        QUARTERLY = "QUARTERLY", "Quarterly"
        ANNUAL = "ANNUAL", "Annual"

    class Anchor(models.TextChoices):
        CONTRACT_DAY = "contract_day", "Day the contract starts"
        FIRST = "first", "Calendar periods"
        DAY = "day", "A stated day"

    environment = models.ForeignKey(Environment, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT, related_name="contracts")
    key = key_field()
    name = models.CharField(max_length=120)
    legal_entity = models.ForeignKey(LegalEntity, models.PROTECT, help_text="Who sells")
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="contracts")
    pinned_version = models.ForeignKey(
        RateCardVersion, models.PROTECT, null=True, blank=True, help_text="None: follows the card"
    )
    pinned_until = models.DateField(null=True, blank=True, help_text="First day no longer pinned")
    currency = currency_field()
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True, help_text="Last day served; None: open")
    last_date = models.DateField(null=True, blank=True, help_text="Last day served, amendments counted; once approved")
    billed_until = models.DateField(null=True, blank=True, help_text="First day that no frozen invoice covers")
    cadence = models.CharField(max_length=10, choices=Cadence, default=Cadence.MONTHLY)
    anchor = models.CharField(max_length=12, choices=Anchor, default=Anchor.CONTRACT_DAY)
    anchor_day = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )
    discount_percent = models.DecimalField(
        max_digits=7, decimal_places=4, default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )  # fmt: skip
    combine_multipliers = models.CharField(
        max_length=8,
        choices=choices(Combine),
        default=Combine.COMPOUND.value,
        help_text="What several multipliers of one price come to",
    )
    net_days = models.PositiveSmallIntegerField(default=30)
    purchase_order = models.CharField(max_length=80, blank=True)
    plan_version = models.ForeignKey(
        PlanVersion, models.PROTECT, null=True, blank=True, related_name="contracts", help_text="What it was made from"
    )
    trial_until = models.DateField(null=True, blank=True, help_text="First day that is paid; None: no trial")

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "key"], name="contract_key"),
            ExclusionConstraint(
                name="one_contract_an_account_at_a_time",
                expressions=[
                    ("account", RangeOperators.EQUAL),
                    (
                        Func(
                            F("start_date"), F("last_date"), Value("[]"), function="DATERANGE",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=models.Q(status="APPROVED"),
            ),
            models.CheckConstraint(
                condition=models.Q(end_date__isnull=True)
                | models.Q(end_date__gte=F("start_date")),
                name="contract_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=models.Q(discount_percent__gte=0, discount_percent__lte=100),
                name="contract_discount_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=models.Q(anchor="day", anchor_day__isnull=False)
                | (~models.Q(anchor="day") & models.Q(anchor_day__isnull=True)),
                name="contract_anchor_day_where_stated",
            ),
            models.CheckConstraint(
                condition=models.Q(trial_until__isnull=True) | models.Q(trial_until__gt=F("start_date")),
                name="contract_trial_ends_after_it_starts",
            ),
        ]  # fmt: skip
        ordering = ["-start_date", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def served_until(self) -> date | None:
        """The last day served, by the amendments approved so far; None: open."""
        return self.last_date if self.status == "APPROVED" else self.end_date
