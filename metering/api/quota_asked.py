"""Requests of the quota verbs as OpenAPI describes them; `quota_bodies.py` reads them."""

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from metering.rules.quotas import LONGEST_HOLD, SHORTEST_HOLD
from monetization.foundation.rest import Exact, Strict


class NamedEventBody(Strict):
    """An event by its name."""

    id = serializers.CharField(max_length=200)
    source = serializers.CharField(max_length=200, default="api")  # type: ignore[assignment]


class CheckUse(Strict):
    """What somebody wants to use."""

    account = serializers.CharField(max_length=200, help_text="Its key, or an alias of now")
    metric = serializers.CharField(max_length=200)
    amount = Exact(min_value=0, default=0, help_text="In priced units of the metric")
    dimensions = serializers.DictField(
        child=serializers.CharField(max_length=200), default=dict, help_text="One that isn't named may be any value"
    )
    spend = Exact(
        min_value=0, required=False, help_text="What it is expected to cost; limits of spend and balance hold it"
    )
    currency = serializers.CharField(max_length=3, required=False, help_text="Of `spend`")


class ReserveUse(CheckUse):
    """The same, to be held under the caller's key."""

    key = serializers.CharField(max_length=200, required=False, help_text="Else the Idempotency-Key is it")
    amount = Exact(min_value=0)
    hold_seconds = serializers.IntegerField(min_value=SHORTEST_HOLD, max_value=LONGEST_HOLD, required=False)


class SettleUse(Strict):
    """A reservation and the event that closes it."""

    key = serializers.CharField(max_length=200)
    event = NamedEventBody()


class ReleaseUse(Strict):
    """A reservation."""

    key = serializers.CharField(max_length=200)


RESERVE = OpenApiExample(
    "Before a request to a model",
    value={"key": "req_8f3a", "account": "acme", "metric": "llm-tokens", "amount": "0.004",
           "dimensions": {"model": "gpt-4o"}},
    request_only=True,
)  # fmt: skip
