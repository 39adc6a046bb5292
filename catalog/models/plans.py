"""Plans: packages of everything that a self-serve contract agrees, in governed versions."""

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from catalog.models.rate_cards import RateCard, RateCardVersion
from catalog.models.versions import Governed
from monetization.foundation.models import Environment, LegalEntity, User
from monetization.foundation.models.fields import key_field


def empty_package() -> dict[str, object]:
    """Return a new package that says nothing yet; a named default keeps migrations stable."""
    return {}


class Plan(models.Model):
    """What customers sign up for; what it says is in its versions."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    key = key_field()
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    owner = models.ForeignKey(User, models.PROTECT, related_name="owned_plans")
    created_at = models.DateTimeField()

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="plan_key")]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class PlanVersion(Governed):
    """The whole package for sign-ups whose first day is on or after its effective date.

    `content` is one document, checked by `rules/plans`: what it says is frozen, compared and approved as a whole.
    """

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    based_on = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    notes = models.TextField(blank=True, help_text="What changes and why, for its readers")
    effective_date = models.DateField(null=True, blank=True, help_text="First day on which contracts may start")
    legal_entity = models.ForeignKey(LegalEntity, models.PROTECT, null=True, blank=True, help_text="Who sells")
    rate_card = models.ForeignKey(RateCard, models.PROTECT, null=True, blank=True, related_name="plan_versions")
    pinned_version = models.ForeignKey(
        RateCardVersion, models.PROTECT, null=True, blank=True, related_name="+", help_text="None: follows the card"
    )
    content = models.JSONField(default=empty_package)

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="plan_version_number"),
            models.UniqueConstraint(
                fields=["plan", "effective_date"], condition=Q(status="APPROVED"), name="one_plan_version_a_date"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["DRAFT", "WITHDRAWN"])
                | Q(effective_date__isnull=False, rate_card__isnull=False, legal_entity__isnull=False),
                name="plan_version_is_complete",
            ),
        ]
        ordering = ["plan", "-number"]

    def __str__(self) -> str:
        return f"{self.plan} v{self.number}"
