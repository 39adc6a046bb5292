"""The prices of a rate card version: read in pages, replaced as a whole, changed one by one while it is a draft."""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import rate_cards
from catalog.api.charges import ChargeTermsBody, terms_in
from catalog.api.rate_cards import OfRateCards, RateCardVersionBody
from catalog.models import Charge, PriceRow
from catalog.queries.cards import tariff_of_row
from catalog.rules.drafts import ChargeDraft, PriceDraft
from catalog.rules.tariffs import Tariff, WrittenModel
from catalog.rules.written import MEMBERS, ROUNDINGS, said_of, tariff_in
from monetization.foundation.models.fields import choices
from monetization.foundation.rest import Cursor, Exact, Strict
from monetization.foundation.rest.views import ListView
from monetization.values.money import plain

MOST_ROWS = 50_000
OF_CHARGE = ("charge__product", "charge__metric", "charge__pricing_unit", "charge__version__rate_card")


class InOrder(Cursor):
    """Rows in the order in which they were written."""

    ordering = "pk"


class Text(serializers.CharField):
    """Text only: the number 1.0 and the text "1.0" are not the same dimension value."""

    def to_internal_value(self, data: Any) -> str:
        """Read it. Raises ValidationError for numbers."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TierBody(Strict):
    """Units above the tier before, up to and including `up_to` (null: open); the price is that of a block, if any."""

    up_to = Exact(allow_null=True, default=None)
    unit_price = Exact(required=False, allow_null=True)
    flat_fee = Exact(default=Decimal(0))
    percent = Exact(required=False, allow_null=True, help_text="With GRADUATED_PERCENTAGE, in place of unit_price")
    block_size = Exact(required=False, allow_null=True)


class AmountBody(Strict):
    """What a row costs: a `model` with its numbers; without one `unit_price` alone, or `tiers`."""

    model = serializers.ChoiceField(choices=choices(WrittenModel), required=False)
    unit_price = Exact(required=False, allow_null=True)
    tiers = TierBody(many=True, required=False)
    retroactive = serializers.BooleanField(required=False, help_text="VOLUME: reprices earlier periods' units too")
    package_size = Exact(required=False, allow_null=True)
    package_price = Exact(required=False, allow_null=True)
    rounding = serializers.ChoiceField(choices=list(ROUNDINGS), required=False)
    percent = Exact(required=False, allow_null=True)
    fixed_fee = Exact(required=False, allow_null=True)
    free_events = Exact(required=False, allow_null=True)
    free_amount = Exact(required=False, allow_null=True)
    minimum_fee = Exact(required=False, allow_null=True)
    maximum_fee = Exact(required=False, allow_null=True)
    multiplier = Exact(required=False, allow_null=True)


class PriceBody(AmountBody):
    """A price row: a dimension left out of `match` is any. In a pricing unit it has no currency."""

    currency = serializers.CharField(max_length=3, allow_blank=True, default="")
    match = serializers.DictField(child=Text(max_length=200), default=dict)


class NewPriceBody(PriceBody):
    """A row on a product's charge."""

    product = serializers.CharField(max_length=63)


class ChargeBody(ChargeTermsBody):
    """A product with its metric, how it counts, and all its prices."""

    product = serializers.CharField(max_length=63)
    metric = serializers.CharField(max_length=63)
    prices = PriceBody(many=True)


class ContentBody(Strict):
    """Everything on a version."""

    charges = ChargeBody(many=True)

    def validate_charges(self, charges: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Bound the number of rows."""
        if sum(len(charge["prices"]) for charge in charges) > MOST_ROWS:
            raise serializers.ValidationError(f"At most {MOST_ROWS} prices")
        return charges

    def drafts(self) -> list[ChargeDraft]:
        """Give what was asked for as drafts."""
        return [
            ChargeDraft(
                each["product"], each["metric"],
                tuple(_draft(row, f"charges[{i}].prices[{n}]") for n, row in enumerate(each["prices"])), terms_in(each),
            )
            for i, each in enumerate(self.validated_data["charges"])
        ]  # fmt: skip


class PriceRowBody(AmountBody):
    """A price row of a version; beside `unit_price` and `tiers` it shows the members that its model has."""

    id = serializers.IntegerField(read_only=True)
    product = serializers.CharField(source="charge.product.key")
    metric = serializers.CharField(source="charge.metric.key")
    currency = serializers.CharField(allow_blank=True)
    pricing_unit = serializers.CharField(allow_null=True)
    match = serializers.DictField(child=serializers.CharField())

    def to_representation(self, instance: PriceRow) -> dict[str, Any]:
        """Write a row with its numbers as exact text."""
        charge = instance.charge
        place = {"id": instance.pk, "product": charge.product.key, "metric": charge.metric.key}
        said = amounts_of(tariff_of_row(instance))
        unit = charge.pricing_unit.key if charge.pricing_unit is not None else None
        return {**place, "currency": instance.currency, "pricing_unit": unit, "match": instance.match, **said}


class OfPrices(OfRateCards):
    """Something about the prices of one version."""

    def rows(self) -> QuerySet[PriceRow]:
        """Return the version's rows, narrowed by the query."""
        found = PriceRow.objects.filter(charge__version=self.version()).prefetch_related("tiers")
        found = found.select_related(*OF_CHARGE)
        asked = self.request.query_params
        for name, column in (("currency", "currency"), ("product", "charge__product__key")):
            if asked.get(name):
                found = found.filter(**{column: asked[name]})
        return found

    def row(self) -> PriceRow:
        """Find one of them."""
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])


class Prices(OfPrices, ListView):
    """List a version's price rows in the order in which they were written."""

    queryset = PriceRow.objects.none()
    serializer_class = PriceRowBody
    pagination_class = InOrder

    @extend_schema(parameters=[OpenApiParameter("currency"), OpenApiParameter("product")])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[PriceRow]:
        return self.rows()

    @extend_schema(operation_id="prices_replace", request=ContentBody, responses=RateCardVersionBody)
    def put(self, request: Request, key: str, number: int) -> Response:
        """Replace all charges and prices of a draft."""
        body = ContentBody(data=request.data)
        body.is_valid(raise_exception=True)
        rate_cards.replace_content(version=self.version(), charges=body.drafts(), by=self.by, at=self.at)
        return self.shown()

    @extend_schema(request=NewPriceBody, responses={201: PriceRowBody})
    def post(self, request: Request, key: str, number: int) -> Response:
        """Add a price row to a product that is on the draft."""
        body = NewPriceBody(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        charge = get_object_or_404(Charge, version=self.version(), product__key=said["product"])
        made = rate_cards.add_price(
            charge=charge, currency=said["currency"], match=said["match"], by=self.by, at=self.at,
            tariff=tariff_in(said),
        )  # fmt: skip
        return Response(PriceRowBody(made).data, status=201)


class OnePrice(OfPrices):
    """One price row."""

    @extend_schema(responses=PriceRowBody)
    def get(self, request: Request, key: str, number: int, pk: int) -> Response:
        """Read one row."""
        return Response(PriceRowBody(self.row()).data)

    @extend_schema(request=AmountBody, responses=PriceRowBody)
    def put(self, request: Request, key: str, number: int, pk: int) -> Response:
        """Change what a draft's row costs."""
        body = AmountBody(data=request.data)
        body.is_valid(raise_exception=True)
        rate_cards.set_price(price=self.row(), tariff=tariff_in(body.validated_data), by=self.by, at=self.at)
        return Response(PriceRowBody(self.row()).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, key: str, number: int, pk: int) -> Response:
        """Take a row off a draft."""
        rate_cards.remove_price(price=self.row(), by=self.by, at=self.at)
        return Response(status=204)


def amounts_of(tariff: Tariff) -> dict[str, Any]:
    """Write what a row costs: its model's members, as exact text."""
    shown = {"unit_price", *MEMBERS[tariff.model]}
    said = {name: _text(value) for name, value in said_of(tariff).items() if name in {"model", "tiers", *shown}}
    return said | {"tiers": [_tier(tier) for tier in said["tiers"]]}


def _tier(said: dict[str, Any]) -> dict[str, Any]:
    return {name: _text(value) for name, value in said.items() if value is not None or name == "up_to"}


def _text(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value


def _draft(said: dict[str, Any], field: str) -> PriceDraft:
    return PriceDraft(said["currency"], said["match"], tariff_in(said, field))
