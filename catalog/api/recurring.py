"""Recurring grants of contracts, and what a renewal takes over."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import recurring, rollovers
from catalog.api.contracts import OfContracts
from catalog.api.instruments import InstrumentBody
from catalog.api.parts import amount_field, one_part, parts, product_field
from catalog.api.scopes import dimensions_field, tags_field
from catalog.api.shared import ByKey
from catalog.models import Contract, RecurringGrant
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest import Strict, StrictModel


class RecurringGrantBody(StrictModel):
    """A credit of each period, a new one each time; its rest is lost, or serves some periods more."""

    products = product_field(many=True, required=False)
    tags = tags_field(required=False)
    dimensions = dimensions_field(required=False)
    amount = amount_field()

    class Meta:
        model = RecurringGrant
        fields = [
            "key", "name", "amount", "cadence", "rollover_periods", "priority", "start_date", "end_date", "products",
            "tags", "dimensions",
        ]  # fmt: skip
        validators: list[Any] = []


RecurringGrants = parts(RecurringGrantBody, "recurring_grants", recurring.add, "recurring grant")
OneRecurringGrant = one_part("grant", "recurring grant")


def _contracts(view: Any) -> Any:
    return Contract.objects.filter(account__in=accounts_for(view.by, view.environment))


class RollOverBody(Strict):
    """Which contract the draft renews."""

    from_contract = ByKey(_contracts, empty=Contract.objects.none())


class RollOver(OfContracts):
    """What rolls over into a renewal."""

    @extend_schema(request=RollOverBody, responses={200: InstrumentBody(many=True)})
    def post(self, request: Request, key: str) -> Response:
        """Let a draft take over what the contract that it renews leaves of its commits and credits, at most.

        Call it when the draft's own commits are in; again, it replaces what it took over before.
        """
        contract = self.get_object()
        body = RollOverBody(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        made = rollovers.roll_over(to_contract=contract, by=self.by, at=self.at, **body.validated_data)
        return Response(InstrumentBody(made, many=True, context=self.get_serializer_context()).data)
