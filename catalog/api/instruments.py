"""Commits and credits of contracts and accounts."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import grants, instruments
from catalog.api.parts import amount_field, one_part, parts, product_field
from catalog.api.shared import WRITES_CONTRACTS, Either, RequestedBody
from catalog.models import Instrument
from monetization.foundation.models import Account
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest import Strict, StrictModel
from monetization.values.errors import NotFound


class InstrumentBody(StrictModel):
    """A commit or a credit; without dates it may be drawn as long as the contract serves."""

    products = product_field(many=True, required=False)
    amount = amount_field()
    invoiced = amount_field(required=False)
    start_date = serializers.DateField(required=False)

    class Meta:
        model = Instrument
        fields = [
            "key", "name", "kind", "amount", "invoiced", "priority", "start_date", "end_date", "currency", "products",
        ]  # fmt: skip
        read_only_fields = ["currency"]
        validators: list[Any] = []


Instruments = parts(InstrumentBody, "instruments", instruments.add, "commit or credit")
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
