"""Limits of use: listed, set, read, changed, ended."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import Metric, Product
from metering.actions import limits
from metering.actions.limits import LimitDraft
from metering.api.shared import account_named
from metering.models import Limit
from metering.queries.limits import limit_named
from metering.rules.quotas import LONGEST_HOLD, SHORTEST_HOLD, USUAL_HOLD
from monetization.foundation.queries import accounts_for, sees_all_customers
from monetization.foundation.rest import Exact, Strict, requires
from monetization.foundation.rest.views import ListView, View
from monetization.values.errors import NotFound

READS = requires("limits:read", "metering.read")
SETS = requires("limits:write", limits.ABILITY)


class Changeable(Strict):
    """What may be changed of a limit."""

    name = serializers.CharField(max_length=120)
    most = Exact(
        min_value=0, help_text="In priced units of the metric, or money; of a balance: how much of it must stay"
    )
    is_hard = serializers.BooleanField(default=True, help_text="A soft limit warns and admits")
    fails_open = serializers.BooleanField(default=False, help_text="Admit when the limit can't be asked in time")
    thresholds = serializers.ListField(
        child=serializers.IntegerField(), default=list, help_text="Percent at which somebody is told: [80, 100]"
    )
    hold_seconds = serializers.IntegerField(
        min_value=SHORTEST_HOLD, max_value=LONGEST_HOLD, default=USUAL_HOLD, help_text="How long a reservation holds"
    )
    emails = serializers.ListField(
        child=serializers.EmailField(), default=list, help_text="Who is told besides the customer's admins"
    )


class LimitBody(Changeable):
    """A limit of use."""

    id = serializers.IntegerField(read_only=True)
    account = serializers.CharField(
        source="account.key", allow_null=True, default=None, help_text="Null: each account of its own"
    )
    kind = serializers.ChoiceField(choices=Limit.Kind.choices, default=Limit.Kind.QUANTITY)
    metric = serializers.CharField(source="metric.key", allow_null=True, default=None, help_text="Of a quantity")
    product = serializers.CharField(
        source="product.key", allow_null=True, default=None, help_text="Of spend and balance; null: all products"
    )
    match = serializers.DictField(child=serializers.CharField(max_length=200), default=dict)
    currency = serializers.CharField(max_length=3, allow_blank=True, default="", help_text="Of spend and balance")
    window = serializers.ChoiceField(choices=Limit.Window.choices, default=Limit.Window.BILLING_PERIOD)
    set_by = serializers.CharField(read_only=True)
    made_at = serializers.DateTimeField(read_only=True)
    ended_at = serializers.DateTimeField(read_only=True, allow_null=True)


class Limits(ListView):
    """List limits, newest first, or set one."""

    queryset = Limit.objects.none()
    serializer_class = LimitBody

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the setting one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD") else SETS()]

    def get_queryset(self) -> QuerySet[Limit]:
        found = Limit.objects.filter(environment=self.environment).select_related("account", "metric", "product")
        if not sees_all_customers(self.by):
            found = found.filter(Q(account__in=accounts_for(self.by, self.environment)) | Q(account=None))
        key = self.request.query_params.get("account")
        return found.filter(account=account_named(self.by, self.environment, key)) if key else found

    @extend_schema(parameters=[OpenApiParameter("account", str, description="Only the limits of this account")])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List limits, those that have ended too."""
        return super().get(request, *args, **kwargs)

    @extend_schema(request=LimitBody, responses={201: LimitBody})
    def post(self, request: Request) -> Response:
        """Set a limit of the contract; it holds at once and knows what was used in its window before."""
        body = LimitBody(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        key, metric = values.pop("account")["key"], values.pop("metric")["key"]
        product = values.pop("product")["key"]
        limit = limits.set_limit(
            environment=self.environment, by=self.by, at=self.at,
            account=account_named(self.by, self.environment, key) if key else None,
            content=LimitDraft(
                **values, metric=self._named(Metric, metric) if metric else None,
                product=self._named(Product, product) if product else None,
            ),
        )  # fmt: skip
        return Response(LimitBody(limit).data, status=201)

    def _named(self, model: Any, key: str) -> Any:
        found = model.objects.filter(environment=self.environment, key=key).first()
        if found is None:
            noun = model._meta.model_name
            raise NotFound(f"There is no such {noun}", field=noun, fix=f"See /api/v1/{noun}s")
        return found


class OfLimit(View):
    """What happens to one limit."""

    def limit(self, pk: int) -> Limit:
        """Find it among those whose account the caller sees."""
        seen = None if sees_all_customers(self.by) else accounts_for(self.by, self.environment)
        return limit_named(self.environment, pk, seen)


class OneLimit(OfLimit):
    """Read or change one limit."""

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the setting one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD") else SETS()]

    @extend_schema(responses=LimitBody)
    def get(self, request: Request, pk: int) -> Response:
        """Read one limit."""
        return Response(LimitBody(self.limit(pk)).data)

    @extend_schema(request=Changeable(partial=True), responses=LimitBody)
    def patch(self, request: Request, pk: int) -> Response:
        """Change how much it allows, how strict it is, and whom it tells; what it counts stays."""
        body = Changeable(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        return Response(
            LimitBody(limits.change_limit(limit=self.limit(pk), by=self.by, at=self.at, **body.validated_data)).data
        )


class EndLimit(OfLimit):
    """End one limit."""

    permission_classes = [SETS]

    @extend_schema(request=None, responses=LimitBody)
    def post(self, request: Request, pk: int) -> Response:
        """Let it hold no more; repeating it changes nothing."""
        return Response(LimitBody(limits.end_limit(limit=self.limit(pk), by=self.by, at=self.at)).data)
