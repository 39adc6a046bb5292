"""Pricing units by key, and what they are worth by a version of a rate card."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import pricing_units, unit_rates
from catalog.api.rate_cards import OfRateCards
from catalog.api.shared import Either
from catalog.models import PricingUnit
from catalog.rules.units import RateDraft
from monetization.foundation.rest import Exact, Strict, StrictModel
from monetization.foundation.rest.views import ListView

MOST = 1000


class PricingUnitBody(StrictModel):
    """A unit that prices may be in instead of a currency."""

    class Meta:
        model = PricingUnit
        fields = ["id", "key", "name", "digits", "created_at"]
        read_only_fields = ["id", "created_at"]


class PricingUnitChange(Strict):
    """What may change."""

    name = serializers.CharField(max_length=120)


class UnitRateBody(Strict):
    """What one pricing unit is worth in a currency."""

    pricing_unit = serializers.CharField(max_length=63, source="unit.key")
    currency = serializers.CharField(max_length=3)
    rate = Exact(help_text="Currency per unit")


class UnitRatesBody(Strict):
    """All rates of a version."""

    rates = UnitRateBody(many=True)

    def validate_rates(self, rates: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Bound their number."""
        if len(rates) > MOST:
            raise serializers.ValidationError(f"At most {MOST} rates")
        return rates


class PricingUnits(Either, ListView):
    """List the environment's pricing units, newest first."""

    queryset = PricingUnit.objects.none()
    serializer_class = PricingUnitBody

    def get_queryset(self) -> QuerySet[PricingUnit]:
        return PricingUnit.objects.filter(environment=self.environment)

    @extend_schema(request=PricingUnitBody, responses={201: PricingUnitBody})
    def post(self, request: Request) -> Response:
        """Make a pricing unit."""
        body = PricingUnitBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = pricing_units.create(environment=self.environment, by=self.by, at=self.at, **body.validated_data)
        return Response(PricingUnitBody(made).data, status=201)


class OnePricingUnit(Either, generics.RetrieveAPIView[PricingUnit]):
    """Read one pricing unit."""

    queryset = PricingUnit.objects.none()
    serializer_class = PricingUnitBody
    lookup_field = "key"

    def get_queryset(self) -> QuerySet[PricingUnit]:
        return PricingUnit.objects.filter(environment=self.environment)

    @extend_schema(request=PricingUnitChange, responses=PricingUnitBody)
    def patch(self, request: Request, key: str) -> Response:
        """Change how a pricing unit is called."""
        unit = self.get_object()
        body = PricingUnitChange(data=request.data)
        body.is_valid(raise_exception=True)
        made = pricing_units.describe(unit=unit, by=self.by, at=self.at, **body.validated_data)
        return Response(PricingUnitBody(made).data)


class UnitRates(OfRateCards):
    """What pricing units are worth by a version."""

    @extend_schema(responses=UnitRatesBody)
    def get(self, request: Request, key: str, number: int) -> Response:
        """List a version's rates."""
        return self._rates()

    @extend_schema(operation_id="unit_rates_replace", request=UnitRatesBody, responses=UnitRatesBody)
    def put(self, request: Request, key: str, number: int) -> Response:
        """Replace all rates of a draft."""
        body = UnitRatesBody(data=request.data)
        body.is_valid(raise_exception=True)
        said: list[dict[str, Any]] = body.validated_data["rates"]
        rates = [RateDraft(each["unit"]["key"], each["currency"], each["rate"]) for each in said]
        unit_rates.set_rates(version=self.version(), rates=rates, by=self.by, at=self.at)
        return self._rates()

    def _rates(self) -> Response:
        found = self.version().unit_rates.select_related("unit").order_by("unit__key", "currency")
        return Response({"rates": UnitRateBody(found, many=True).data})
