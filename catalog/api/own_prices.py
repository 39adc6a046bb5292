"""A contract's own prices and multipliers, and what they make of its price list."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import own_prices
from catalog.api.contracts import OfContracts
from catalog.api.parts import Parts, one_part, parts, product_field
from catalog.api.prices import AmountBody, Text, amounts_of
from catalog.models import PriceMultiplier, PriceOverride
from catalog.queries import effective_prices
from catalog.queries.cards import tariff_of_row
from catalog.rules.written import ALL, tariff_in
from monetization.foundation.rest import Exact, Strict, StrictModel
from monetization.values.money import plain

SHOWN = 1000


def match_field() -> serializers.DictField:
    """Make a field of dimension values by name."""
    return serializers.DictField(child=Text(max_length=200), required=False)


class OverrideBody(AmountBody):
    """A price before the list's; a dimension left out of `match` is any, without dates it stands throughout."""

    key = serializers.SlugField(max_length=63)
    name = serializers.CharField(max_length=120)
    product = product_field()
    match = match_field()
    start_date = serializers.DateField(required=False)
    end_date = serializers.DateField(required=False, allow_null=True)

    def to_representation(self, instance: PriceOverride) -> dict[str, Any]:
        """Write it with its numbers as exact text."""
        days = {"start_date": instance.start_date, "end_date": instance.end_date}
        return {
            "key": instance.key, "name": instance.name, "product": instance.product.key, "match": instance.match,
            **{name: day.isoformat() if day else None for name, day in days.items()},
            **amounts_of(tariff_of_row(instance)),
        }  # fmt: skip


class MultiplierBody(StrictModel):
    """A factor on list prices in scope: 0.82 is 18 % off. Only rows that name all of `match` are in scope."""

    products = product_field(many=True, required=False)
    factor = Exact(max_digits=9, decimal_places=6)
    match = match_field()
    start_date = serializers.DateField(required=False)

    class Meta:
        model = PriceMultiplier
        fields = ["key", "name", "factor", "priority", "products", "tags", "match", "start_date", "end_date"]
        validators: list[Any] = []


class Overrides(Parts):
    """A contract's own prices."""

    pagination_class = None
    serializer_class = OverrideBody  # type: ignore[assignment]
    body, rows = OverrideBody, "overrides"

    @extend_schema(responses=OverrideBody(many=True), description="List the contract's own prices.")
    def get(self, request: Request, key: str) -> Response:
        return self.listed()

    @extend_schema(request=OverrideBody, responses={201: OverrideBody}, description="Add an own price to a draft.")
    def post(self, request: Request, key: str) -> Response:
        return self.added(request)

    @staticmethod
    def add(**said: Any) -> PriceOverride:
        """Read what it costs, and agree it."""
        return own_prices.add_override(**with_tariff(said))


def with_tariff(said: Mapping[str, Any]) -> dict[str, Any]:
    """Read the members that say what a price costs. Raises Invalid."""
    plainly = {name: value for name, value in said.items() if name not in ("model", *ALL)}
    amounts = {name: value for name, value in said.items() if name in ("model", *ALL)}
    return plainly | {"tariff": tariff_in(amounts)}


Multipliers = parts(MultiplierBody, "multipliers", own_prices.add_multiplier, "multiplier")
OneOverride = one_part("override", "own price")
OneMultiplier = one_part("multiplier", "multiplier")
KINDS = (("overrides", Overrides, OneOverride), ("multipliers", Multipliers, OneMultiplier))


class EffectivePriceBody(Strict):
    """A price as the list has it, and as the contract makes it."""

    product = serializers.CharField()
    match = serializers.DictField(child=serializers.CharField())
    listed = serializers.CharField(allow_blank=True, help_text="In words; empty where the list has none")
    override = serializers.CharField(allow_blank=True, help_text="The contract's own price by key, or its multipliers")
    effective = serializers.CharField(help_text="In words")
    discount_percent = serializers.CharField(
        allow_null=True, help_text="Off the list, to hundredths; null where no one number says it"
    )


class EffectivePricesBody(serializers.Serializer[Any]):
    """The first prices of a contract, and how many there are."""

    count = serializers.IntegerField()
    prices = EffectivePriceBody(many=True)


class EffectivePrices(OfContracts):
    """What a contract's prices are now."""

    @extend_schema(responses=EffectivePricesBody)
    def get(self, request: Request, key: str) -> Response:
        """List prices beside their list prices, those that the contract changes first; at most a thousand."""
        found = effective_prices(self.get_object(), self.at)
        found.sort(key=lambda each: not each.is_own)
        return Response({"count": len(found), "prices": [_effective(each) for each in found[:SHOWN]]})


def _effective(each: Any) -> dict[str, Any]:
    percent = each.discount_percent
    return {
        "product": each.product, "match": dict(each.match), "listed": each.list_words,
        "override": each.override_words, "effective": each.effective_words,
        "discount_percent": None if percent is None else plain(percent),
    }  # fmt: skip
