"""Bodies of plans and their versions. What a package says is described by the types that read it."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.api.shared import ByKey, Staff
from catalog.models import Plan, PlanVersion, RateCard, RateCardVersion
from catalog.queries.plans import package_of
from catalog.rules.plans.package import Package
from catalog.rules.plans.reading import written
from monetization.foundation.models import LegalEntity
from monetization.foundation.rest import Strict, StrictModel
from monetization.foundation.rest.structs import described
from monetization.values.errors import Invalid


class PlanBody(StrictModel):
    """What customers sign up for."""

    owner = Staff()

    class Meta:
        model = Plan
        fields = ["id", "key", "name", "description", "owner", "created_at"]
        read_only_fields = ["id", "created_at"]


@extend_schema_field(described(Package))
class PackageField(serializers.DictField):
    """All that a contract made from the plan agrees, as one document; see docs/plans.md."""


class PlanVersionBody(serializers.ModelSerializer[PlanVersion]):
    """A version of a plan: who sells, by which prices, and the package."""

    plan = serializers.CharField(source="plan.key")
    based_on = serializers.IntegerField(source="based_on.number", allow_null=True, default=None)
    legal_entity = serializers.CharField(source="legal_entity.key", allow_null=True, default=None)
    rate_card = serializers.CharField(source="rate_card.key", allow_null=True, default=None)
    pinned_version = serializers.IntegerField(
        source="pinned_version.number", allow_null=True, default=None, help_text="A card's version; null follows it"
    )
    content = serializers.SerializerMethodField()

    class Meta:
        model = PlanVersion
        fields = [
            "id", "plan", "number", "status", "request", "based_on", "notes", "effective_date", "legal_entity",
            "rate_card", "pinned_version", "content", "created_at", "edited_at",
        ]  # fmt: skip

    @extend_schema_field(described(Package))
    def get_content(self, version: PlanVersion) -> dict[str, Any]:
        """Give the package with every member."""
        return written(package_of(version))


class PlanDraftBody(Strict):
    """Which version to start from."""

    based_on = serializers.IntegerField(
        required=False, allow_null=True, help_text="A version's number; the newest approved if left out"
    )


class PlanVersionChange(Strict):
    """What may change on a draft; what is left out stays."""

    notes = serializers.CharField(max_length=20_000, allow_blank=True, required=False)
    effective_date = serializers.DateField(required=False, help_text="First day on which contracts may start")
    legal_entity = ByKey(
        lambda view: LegalEntity.objects.filter(environment=view.environment), empty=LegalEntity.objects.none(),
        required=False,
    )  # fmt: skip
    rate_card = ByKey(
        lambda view: RateCard.objects.filter(environment=view.environment), empty=RateCard.objects.none(),
        required=False,
    )  # fmt: skip
    pinned_version = serializers.IntegerField(
        required=False, allow_null=True, help_text="Of the rate card; null follows"
    )
    content = PackageField(required=False, help_text="The whole package; amounts as text, by currency")


def changes_in(said: Mapping[str, Any], version: PlanVersion) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Split a change into the package (None: it stays) and columns."""
    columns = dict(said)
    content = columns.pop("content", None)
    if columns.get("pinned_version") is not None:
        card = columns.get("rate_card", version.rate_card)
        number = columns["pinned_version"]
        columns["pinned_version"] = RateCardVersion.objects.filter(rate_card=card, number=number).first()
        if columns["pinned_version"] is None:
            fix = "Name one of the rate card by its number"
            raise Invalid("There is no such version", field="pinned_version", fix=fix)
    return content, columns
