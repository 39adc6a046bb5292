"""Balances of an account's commits and credits, with what moved each."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.invoices import READS
from billing.as_of import instant_of
from billing.models import Movement
from billing.queries.standing import Standing, balances_of
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest import Exact, Strict
from monetization.foundation.rest.views import View
from monetization.values.errors import NotFound


class MovementBody(serializers.ModelSerializer[Movement]):
    """A change of a balance, from an instant on; drawn and expired ones are below zero."""

    amount = Exact()
    invoice = serializers.IntegerField(source="invoice_id", allow_null=True)

    class Meta:
        model = Movement
        fields = ["kind", "amount", "at", "source", "invoice", "reason"]


class BalanceBody(serializers.Serializer[Any]):
    """A commit or credit and what is left of it."""

    key = serializers.CharField(source="instrument.key")
    name = serializers.CharField(source="instrument.name")
    kind = serializers.ChoiceField(["CREDIT", "PREPAID", "POSTPAID"], source="instrument.kind")
    contract = serializers.CharField(source="instrument.contract.key", default=None, allow_null=True)
    commit = serializers.CharField(
        source="instrument.commit.key", default=None, allow_null=True, help_text="The commit that it is an item of"
    )
    recurring_grant = serializers.CharField(
        source="instrument.recurring.key", default=None, allow_null=True, help_text="The grant of which it is a period"
    )
    rolled_from = serializers.CharField(
        source="instrument.rolled_from.key", default=None, allow_null=True, help_text="What rolled over into it"
    )
    currency = serializers.CharField(source="instrument.currency")
    amount = Exact(help_text="What could be drawn at first; of what rolls over, the most until it is known")
    invoiced = Exact(source="instrument.invoiced")
    start_date = serializers.DateField(source="instrument.start_date")
    end_date = serializers.DateField(source="instrument.end_date", allow_null=True)
    products = serializers.SerializerMethodField()
    left = Exact()
    movements = MovementBody(many=True)

    def get_products(self, standing: Standing) -> list[str]:
        """Name the products in scope; none means all."""
        return [product.key for product in standing.instrument.agreed_as.products.all()]


class AsOfQuery(Strict):
    """As of which day."""

    as_of = serializers.DateField(required=False, help_text="A day of the account; its end counts. None: now")


class Balances(View):
    """The balances of an account."""

    permission_classes = [READS]

    @extend_schema(parameters=[AsOfQuery], responses=BalanceBody(many=True))
    def get(self, request: Request, key: str) -> Response:
        """List an account's approved commits and credits: what is left of each, and what moved it."""
        account = accounts_for(self.by, self.environment).filter(key=key).first()
        if account is None:
            raise NotFound("There is no such account")
        asked = AsOfQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        day = asked.validated_data.get("as_of")
        at = self.at if day is None else instant_of(day, account.time_zone)
        return Response(BalanceBody(balances_of(account, at), many=True).data)
