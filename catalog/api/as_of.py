"""What an account paid at an instant, and who decided it."""

from datetime import date, datetime
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.shared import READS
from catalog.queries.as_of import PriceThen, prices_then
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest.views import View
from monetization.values.errors import Invalid
from monetization.values.money import plain
from monetization.values.periods import local_midnight


class DecisionThenBody(serializers.Serializer[Any]):
    """A person's word about a request."""

    by = serializers.CharField()
    role = serializers.CharField()
    verdict = serializers.CharField()
    at = serializers.DateTimeField()


class DecidedBody(serializers.Serializer[Any]):
    """A change request that a price rests on."""

    request = serializers.IntegerField()
    title = serializers.CharField()
    reason = serializers.CharField()
    asked_by = serializers.CharField()
    decisions = DecisionThenBody(many=True)


class PriceThenBody(serializers.Serializer[Any]):
    """A price at an instant."""

    product = serializers.CharField()
    match = serializers.DictField(child=serializers.CharField())
    listed = serializers.CharField(help_text="In words; empty where the list had none")
    override = serializers.CharField(help_text="The contract's own price by key, or its multipliers")
    effective = serializers.CharField(help_text="In words")
    stands = serializers.CharField(help_text="The card's key and version, or the contract's key")
    owner = serializers.CharField()
    decided = DecidedBody(many=True)


class PricesThenBody(serializers.Serializer[Any]):
    """An account's prices at an instant; without a contract there are none."""

    account = serializers.CharField()
    at = serializers.DateTimeField()
    contract = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    discount_percent = serializers.CharField(allow_null=True, help_text="Off all usage, not in the prices")
    count = serializers.IntegerField()
    prices = PriceThenBody(many=True)


class PricesAsOf(View):
    """An account's prices at an instant."""

    permission_classes = (READS,)

    @extend_schema(
        responses=PricesThenBody,
        parameters=[
            OpenApiParameter("at", description="An instant, or a day: its first instant in the account's zone"),
            OpenApiParameter("q", description="Words of product or dimension values"),
        ],
    )
    def get(self, request: Request, key: str) -> Response:
        """Tell what something cost then, and who decided it; at most a thousand prices, the account's own first."""
        account = get_object_or_404(accounts_for(self.by, self.environment), key=key)
        at = instant_asked(request.query_params.get("at", ""), account.time_zone) or self.at
        then = prices_then(account, at, text=request.query_params.get("q", ""))
        contract = then.contract
        return Response(
            {
                "account": account.key, "at": at, "contract": contract.key if contract else None,
                "currency": contract.currency if contract else None,
                "discount_percent": plain(contract.discount_percent) if contract else None,
                "count": then.count, "prices": [_said(each) for each in then.prices],
            }
        )  # fmt: skip


def instant_asked(text: str, zone: str) -> datetime | None:
    """Read an instant, or a day as its first instant in a zone; None where nothing is said. Raises Invalid."""
    try:
        if not text or len(text) <= len("2026-10-31"):
            return local_midnight(date.fromisoformat(text), zone) if text else None
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        fix = "Write 2026-03-03, or 2026-03-03T12:00:00Z"
        raise Invalid(f"“{text}” is neither a day nor an instant", field="at", fix=fix) from error
    if found.tzinfo is None:
        raise Invalid("The instant has no time zone", field="at", fix="Write it like 2026-03-03T12:00:00Z")
    return found


def _said(each: PriceThen) -> dict[str, Any]:
    return {
        "product": each.price.product, "match": dict(each.price.match), "listed": each.price.list_words,
        "override": each.price.override_words, "effective": each.price.effective_words, "stands": each.place,
        "owner": each.owner,
        "decided": [
            {
                "request": one.request.pk, "title": one.request.title, "reason": one.request.reason,
                "asked_by": one.asked_by,
                "decisions": [
                    {"by": str(said.by), "role": said.role, "verdict": said.verdict, "at": said.at}
                    for said in one.decisions
                ],
            }
            for one in each.decided
        ],
    }  # fmt: skip
