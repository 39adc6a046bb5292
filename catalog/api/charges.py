"""How the products of a rate card version count, beside their prices: free units, tiers, cuts, rounding."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import rate_cards
from catalog.api.rate_cards import OfRateCards
from catalog.models import Charge
from catalog.queries.cards import terms_of
from catalog.rules.drafts import ChargeTerms, Cut
from catalog.rules.terms import Reset
from monetization.foundation.rest import Exact, Strict
from monetization.values.money import plain

LINE, CHARGE = "line", "charge"


class ChargeTermsBody(Strict):
    """How a product counts."""

    free_units = Exact(default=Decimal(0), help_text="Of each period; they move no tier")
    flat_at_zero = serializers.BooleanField(default=False)
    tier_by = serializers.ListField(child=serializers.CharField(max_length=63), default=list, max_length=20)
    cut = serializers.ChoiceField(choices=[each.value for each in Cut if each.value], allow_null=True, default=None)
    highest_of = serializers.CharField(max_length=63, allow_blank=True, default="")
    round = serializers.ChoiceField(choices=[LINE, CHARGE], default=LINE)
    tier_reset = serializers.ChoiceField(
        choices=[each.value for each in Reset], default=Reset.BILLING_PERIOD.value,
        help_text="What tiers accumulate over, before they start again at zero",
    )  # fmt: skip
    pricing_unit = serializers.CharField(
        max_length=63, allow_null=True, default=None, help_text="What its prices are in, instead of currencies"
    )


class OneChargeBody(ChargeTermsBody):
    """A product on a version, with its metric."""

    product = serializers.CharField(read_only=True)
    metric = serializers.CharField(read_only=True)

    def to_representation(self, instance: Charge) -> dict[str, Any]:
        """Write a charge with numbers as exact text."""
        terms = terms_of(instance)
        return {
            "product": instance.product.key,
            "metric": instance.metric.key,
            "free_units": plain(terms.free_units),
            "flat_at_zero": terms.flat_at_zero,
            "tier_by": list(terms.tier_by),
            "cut": terms.cut.value or None,
            "highest_of": terms.highest_of,
            "round": CHARGE if terms.rounds_as_one else LINE,
            "tier_reset": terms.tier_reset.value,
            "pricing_unit": terms.pricing_unit or None,
        }


class ChargesBody(serializers.Serializer[Any]):
    """All products of a version."""

    charges = OneChargeBody(many=True)


class Charges(OfRateCards):
    """The products of a version."""

    @extend_schema(responses=ChargesBody)
    def get(self, request: Request, key: str, number: int) -> Response:
        """List how each product of a version counts."""
        found = self.version().charges.select_related("product", "metric", "pricing_unit").order_by("position", "pk")
        return Response({"charges": OneChargeBody(found, many=True).data})


class OneCharge(OfRateCards):
    """One product of a version."""

    def charge(self) -> Charge:
        """Find it by the product's key."""
        found = Charge.objects.select_related("product", "metric", "pricing_unit", "version__rate_card")
        return get_object_or_404(found, version=self.version(), product__key=self.kwargs["product"])

    @extend_schema(request=ChargeTermsBody, responses=OneChargeBody)
    def put(self, request: Request, key: str, number: int, product: str) -> Response:
        """Say how a draft's product counts."""
        body = ChargeTermsBody(data=request.data)
        body.is_valid(raise_exception=True)
        rate_cards.set_terms(charge=self.charge(), terms=terms_in(body.validated_data), by=self.by, at=self.at)
        return Response(OneChargeBody(self.charge()).data)


def terms_in(said: Mapping[str, Any]) -> ChargeTerms:
    """Read what a body says about how a product counts."""
    return ChargeTerms(
        said["free_units"], said["flat_at_zero"], tuple(said["tier_by"]), Cut(said["cut"] or ""), said["highest_of"],
        said["round"] == CHARGE, Reset(said["tier_reset"]), said["pricing_unit"] or "",
    )  # fmt: skip
