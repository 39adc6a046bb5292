"""The impact of a change request: begun, watched, cancelled; what each account would have been billed."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing import tasks
from billing.actions import impacts
from billing.api.impact_bodies import AccountImpactBody, ImpactBody, ImpactOrder
from billing.models import AccountImpact, Impact
from billing.queries.impact_shown import SHOWN, chosen
from billing.queries.impacts import latest_impact, rows_seen
from monetization.foundation.models import ChangeRequest
from monetization.foundation.queries import requests_for
from monetization.foundation.rest import Strict, requires
from monetization.foundation.rest.views import ListView, View
from monetization.values.errors import NotFound

READS = requires("catalog:read", "billing.read")
RUNS = requires("catalog:write", impacts.RUN)


class NothingMore(Strict):
    """Nothing needs to be said."""


class OfRequest(View):
    """Something of one change request that the caller may see."""

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the writing one."""
        return [RUNS() if self.request is not None and self.request.method == "POST" else READS()]

    def change_request(self) -> ChangeRequest:
        """Find the request. Raises NotFound."""
        found = requests_for(self.by, self.environment).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise NotFound("There is no such change request")
        return found

    def impact(self) -> Impact:
        """Find the impact that was begun last. Raises NotFound."""
        found = latest_impact(self.change_request())
        if found is None:
            raise NotFound("This request has no impact yet", fix="Begin one by POST")
        return found

    def shown(self, impact: Impact, status: int = 200) -> Response:
        """Answer with an impact as it is."""
        return Response(ImpactBody(impact, context={"view": self}).data, status=status)


class OneImpact(OfRequest):
    """The newest impact of a change request."""

    @extend_schema(responses=ImpactBody)
    def get(self, request: Request, pk: int) -> Response:
        """Read it: its sums, whether it is stale, how far workers are."""
        return self.shown(self.impact())

    @extend_schema(request=ImpactOrder, responses={200: ImpactBody, 202: ImpactBody})
    def post(self, request: Request, pk: int) -> Response:
        """Have workers rate the last whole months again, on present and on proposed terms."""
        body = ImpactOrder(data=request.data)
        body.is_valid(raise_exception=True)
        made = impacts.start(request=self.change_request(), by=self.by, at=self.at, **body.validated_data)
        tasks.wake_for_impact(made)
        return self.shown(made, 202 if made.is_running else 200)


class Cancel(OfRequest):
    """An impact stopped."""

    @extend_schema(request=NothingMore, responses=ImpactBody)
    def post(self, request: Request, pk: int) -> Response:
        """Stop reckoning; what is there already stays."""
        NothingMore(data=request.data).is_valid(raise_exception=True)
        return self.shown(impacts.cancel(impact=self.impact(), by=self.by, at=self.at))


@extend_schema(
    parameters=[
        OpenApiParameter("shown", str, enum=list(SHOWN), description="Only who pays more or less, or is flagged"),
        OpenApiParameter("segment", str, description="Of customers"),
        OpenApiParameter("product", str, description="Key of a product whose part changes"),
        OpenApiParameter("q", str, description="Part of the account's or customer's name or key"),
    ]
)
class Accounts(OfRequest, ListView):
    """List the accounts of the newest impact that the caller sees."""

    queryset = AccountImpact.objects.none()
    serializer_class = AccountImpactBody

    def get_queryset(self) -> QuerySet[AccountImpact]:
        rows = chosen(rows_seen(self.impact(), self.by), self.request.query_params)
        return rows.prefetch_related("balances")
