"""Commits and credits of contracts and accounts."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import grants, instruments
from catalog.api.parts import amount_field, one_part, parts, product_field
from catalog.api.scopes import dimensions_field, tags_field
from catalog.api.shared import WRITES_CONTRACTS, Either, RequestedBody
from catalog.models import Instrument
from monetization.foundation.models import Account
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest import Exact, Strict, StrictModel
from monetization.values.errors import NotFound


class InstrumentBody(StrictModel):
    """A commit or a credit; without dates it may be drawn as long as the contract serves."""

    products = product_field(many=True, required=False)
    tags = tags_field(required=False)
    dimensions = dimensions_field(required=False)
    amount = amount_field()
    invoiced = amount_field(required=False)
    rollover_percent = Exact(max_digits=7, decimal_places=4, required=False)
    start_date = serializers.DateField(required=False)
    rolled_from = serializers.CharField(
        source="rolled_from.key", default=None, read_only=True, allow_null=True,
        help_text="What rolls over into it at the contract's start; its amount is the most",
    )  # fmt: skip

    class Meta:
        model = Instrument
        fields = [
            "key", "name", "kind", "amount", "invoiced", "priority", "start_date", "end_date", "currency", "products",
            "tags", "dimensions", "rollover_percent", "rolled_from",
        ]  # fmt: skip
        read_only_fields = ["currency"]
        validators: list[Any] = []


class Instruments(parts(InstrumentBody, "instruments", instruments.add, "commit or credit")):  # type: ignore[misc]
    """Commits and credits of a contract that stand alone; items of commits stand with them."""

    def stated(self, rows: QuerySet[Instrument]) -> QuerySet[Instrument]:
        """Leave out items of commits, and periods of recurring grants."""
        return rows.filter(commit=None, recurring=None)


OneInstrument = one_part("instrument", "commit or credit")


class GrantBody(Strict):
    """A credit that any contract of the account in its currency may draw; dates are local to the account."""

    key = serializers.SlugField(max_length=63)
    name = serializers.CharField(max_length=120)
    amount = amount_field()
    currency = serializers.CharField(max_length=3)
    start_date = serializers.DateField()
    end_date = serializers.DateField(required=False, allow_null=True)
    priority = serializers.IntegerField(min_value=0, max_value=32767, required=False)
    products = product_field(many=True, required=False)
    reason = serializers.CharField(max_length=4000)


class GrantCredit(Either):
    """Credits of an account outside of its contracts."""

    writes = WRITES_CONTRACTS

    @extend_schema(request=GrantBody, responses={201: RequestedBody})
    def post(self, request: Request, key: str) -> Response:
        """Ask for a credit; it is there once somebody else approves."""
        account: Account | None = accounts_for(self.by, self.environment).filter(key=key).first()
        if account is None:
            raise NotFound("There is no such account", field="account")
        body = GrantBody(data=request.data, context={"view": self, "request": request})
        body.is_valid(raise_exception=True)
        asked = grants.request(account=account, by=self.by, at=self.at, **body.validated_data)
        return Response({"request": asked.pk, "status": asked.status}, status=201)
