"""Bodies of amendments: what changes from a day on, with the parts that it adds and ends."""

from typing import Any

from rest_framework import serializers

from catalog.api.agreed import BoundBody, DiscountBody, OneTimeBody, RecurringBody
from catalog.api.composites import CompositeBody
from catalog.api.instruments import InstrumentBody
from catalog.api.own_prices import MultiplierBody, OverrideBody
from catalog.api.parts import amount_field
from catalog.api.shared import ByKey
from catalog.models import Amendment, PartEnd, RateCard
from monetization.foundation.rest import Strict, StrictModel

SETTINGS = [
    "end_date",
    "is_open",
    "rate_card",
    "pinned_version",
    "pinned_until",
    "unpins",
    "net_days",
    "purchase_order",
]


class QuantityBody(Strict):
    """Another quantity of a recurring charge from a day on."""

    key = serializers.CharField(source="charge.key", help_text="The charge's key")
    quantity = amount_field()
    start_date = serializers.DateField(required=False, help_text="Without it: when the amendment takes effect")


class EndBody(StrictModel):
    """A part that ends; without a day on the day before the amendment takes effect."""

    part = serializers.CharField(max_length=12, help_text="recurring, one_time, discount, bound, override …")
    last_date = serializers.DateField(required=False, help_text="Last day on which it stands")

    class Meta:
        model = PartEnd
        fields = ["part", "key", "last_date"]
        validators: list[Any] = []


class AmendmentBody(StrictModel):
    """A dated change of an approved contract. What is left out stays; nothing before its day changes."""

    rate_card = ByKey(
        lambda view: RateCard.objects.filter(environment=view.environment), empty=RateCard.objects.none(),
        required=False, allow_null=True,
    )  # fmt: skip
    pinned_version = serializers.IntegerField(
        source="pinned_version.number", required=False, allow_null=True, help_text="A version's number"
    )
    recurring_charges = RecurringBody(many=True, required=False)
    one_time_charges = OneTimeBody(many=True, required=False)
    discounts = DiscountBody(many=True, required=False)
    bounds = BoundBody(many=True, required=False)
    composites = CompositeBody(many=True, required=False)
    instruments = InstrumentBody(many=True, required=False)
    overrides = OverrideBody(many=True, required=False)
    multipliers = MultiplierBody(many=True, required=False)
    quantities = QuantityBody(many=True, required=False)
    ends = EndBody(many=True, required=False)

    class Meta:
        model = Amendment
        fields = [
            "number", "kind", "status", "request", "effective_date", "reason", *SETTINGS, "recurring_charges",
            "one_time_charges", "discounts", "bounds", "composites", "instruments", "overrides", "multipliers",
            "quantities", "ends", "created_at", "edited_at",
        ]  # fmt: skip
        read_only_fields = ["number", "status", "request", "created_at", "edited_at"]
        validators: list[Any] = []
