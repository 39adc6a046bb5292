"""Quotes as OpenAPI describes them. What is asked is described by the types that read it, so the two can't differ."""

from typing import Any

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from billing.own_terms import AccountBody
from billing.rules.quotes.bodies import QuoteBody
from billing.rules.scopes import LineKind
from monetization.foundation.rest.structs import described

ASKED = {"application/json": described(QuoteBody, AccountBody)}


class DaysBody(serializers.Serializer[Any]):
    """Two local days, both served."""

    start_date = serializers.DateField()
    end_date = serializers.DateField()


class QuotedStepBody(serializers.Serializer[Any]):
    """What a line costs in one tier."""

    over = serializers.CharField()
    up_to = serializers.CharField(allow_null=True)
    quantity = serializers.CharField()
    unit_price = serializers.CharField()
    flat_fee = serializers.CharField()
    share_of_period = serializers.CharField(help_text="Of a recurring charge")
    exact = serializers.CharField(help_text="A fraction that never ends as 1/31")
    amount = serializers.CharField(help_text="Its share of the line's rounded amount")


class AppliedBody(serializers.Serializer[Any]):
    """A multiplier that a price went through."""

    id = serializers.CharField()
    factor = serializers.CharField()


class QuotedLineBody(serializers.Serializer[Any]):
    """A line of the invoice."""

    kind = serializers.ChoiceField(choices=[each.value for each in LineKind])
    charge = serializers.CharField()
    product = serializers.CharField()
    name = serializers.CharField()
    tax_category = serializers.CharField()
    row = serializers.IntegerField(
        allow_null=True, help_text="Which price row; the row's id where the terms are an account's"
    )
    override = serializers.CharField(allow_null=True, help_text="Which of the contract's own prices, in place of a row")
    multipliers = AppliedBody(many=True, help_text="Of the contract; the steps' prices have them in")
    dimensions = serializers.DictField(child=serializers.CharField())
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    measured = serializers.CharField(allow_null=True)
    free = serializers.CharField(allow_null=True)
    quantity = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    list_exact = serializers.CharField()
    exact = serializers.CharField()
    amount = serializers.CharField(help_text="Rounded once")
    steps = QuotedStepBody(many=True)
    pricing_unit = serializers.CharField(allow_null=True, help_text="What the steps' prices are in, if no currency")
    rate = serializers.CharField(help_text="What one of that unit is in the currency")
    discounts = serializers.ListField(child=serializers.CharField())
    instrument = serializers.CharField(allow_null=True)
    of = serializers.IntegerField(allow_null=True, help_text="Index of the line that this one lowers")


class QuotedBalanceBody(serializers.Serializer[Any]):
    """A credit or commit before and after."""

    id = serializers.CharField()
    before = serializers.CharField()
    drawn = serializers.CharField()
    expired = serializers.CharField()
    after = serializers.CharField()


class TaxedBody(serializers.Serializer[Any]):
    """Tax of a category and rate."""

    category = serializers.CharField()
    percent = serializers.CharField()
    base = serializers.CharField()
    amount = serializers.CharField()


class UnpricedBody(serializers.Serializer[Any]):
    """Usage that no price row covers."""

    charge = serializers.CharField()
    dimensions = serializers.DictField(child=serializers.CharField())
    quantity = serializers.CharField()


class QuotedInvoiceBody(serializers.Serializer[Any]):
    """A billing period."""

    period = DaysBody()
    full_period = DaysBody()
    lines = QuotedLineBody(many=True)
    instruments = QuotedBalanceBody(many=True)
    taxes = TaxedBody(many=True)
    unpriced = UnpricedBody(many=True)
    net = serializers.CharField()
    tax = serializers.CharField()
    total = serializers.CharField()


class AnsweredBody(serializers.Serializer[Any]):
    """What it all comes to."""

    currency = serializers.CharField()
    invoices = QuotedInvoiceBody(many=True)
    net = serializers.CharField()
    tax = serializers.CharField()
    total = serializers.CharField()
    difference = serializers.CharField(help_text="net less what was booked")


EXAMPLES = [
    OpenApiExample(
        "Tokens in tiers, a seat, a credit",
        value={
            "currency": "USD",
            "period": {"start_date": "2026-11-01", "end_date": "2026-11-30"},
            "charges": [
                {"key": "tokens", "metric": {"unit": "1M tokens"}, "free_units": "1", "prices": [
                    {"model": "GRADUATED", "tiers": [{"up_to": "10", "unit_price": "2.50"}, {"unit_price": "1.75"}]}]},
                {"key": "seats", "kind": "recurring", "unit_price": "20", "quantity": "3"},
            ],
            "instruments": [{"id": "welcome", "balance": "25"}],
            "taxes": [{"percent": "19"}],
            "usage": [{"charge": "tokens", "quantity": "16.2"}],
        },
        request_only=True,
    ),
    OpenApiExample(
        "An account's own terms, on the usage of its last closed period",
        value={"account": "acme"},
        request_only=True,
    ),
]  # fmt: skip
