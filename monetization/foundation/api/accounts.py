"""Billing accounts by key, and the aliases by which events call them."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monetization.foundation.actions import customers
from monetization.foundation.api.customers import ReadOrChange
from monetization.foundation.models import Account, AccountAlias
from monetization.foundation.queries import accounts_for, customers_for
from monetization.foundation.rest import Strict, StrictModel
from monetization.foundation.rest.views import ListView

PLAIN = [
    "name",
    "time_zone",
    "language",
    "street",
    "postal_code",
    "city",
    "country",
    "tax_id",
    "billing_email",
    "grace_days",
]


class _Keys(serializers.SlugRelatedField[Any]):
    """Another row by its key, among those that the caller sees."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"slug_field": "key", "queryset": Account.objects.none()} | options)

    def get_queryset(self) -> QuerySet[Any]:
        view = self.context.get("view")
        if view is None:
            return Account.objects.none()
        seen = customers_for if self.field_name == "customer" else accounts_for
        rows: QuerySet[Any] = seen(view.by, view.environment)
        return rows


class AccountBody(StrictModel):
    """A billing account."""

    customer = _Keys()
    parent = _Keys(required=False, allow_null=True)  # type: ignore[assignment]  # a field, by DRF's metaclass

    class Meta:
        model = Account
        fields = ["id", "key", "customer", "parent", *PLAIN, "created_at"]
        read_only_fields = ["id", "created_at"]


class AccountChange(StrictModel):
    """What may change; what is left out stays. A time zone waits for the next period, so not here."""

    parent = _Keys(required=False, allow_null=True)  # type: ignore[assignment]  # a field, by DRF's metaclass
    reason = serializers.CharField(allow_blank=True, default="")

    class Meta:
        model = Account
        fields = ["parent", *(field for field in PLAIN if field in customers.CHANGEABLE), "reason"]


class AliasBody(StrictModel):
    """Another name of an account, from an instant until another."""

    class Meta:
        model = AccountAlias
        fields = ["id", "alias", "starts_at", "ends_at"]
        read_only_fields = ["id"]


class AliasEnd(Strict):
    """When an alias ends."""

    ends_at = serializers.DateTimeField(help_text="First instant at which the alias names nobody")


class Accounts(ReadOrChange, ListView):
    """List the accounts that the caller sees, newest first."""

    queryset = Account.objects.none()
    serializer_class = AccountBody

    def get_queryset(self) -> QuerySet[Account]:
        return accounts_for(self.by, self.environment).select_related("customer", "parent")

    @extend_schema(request=AccountBody, responses={201: AccountBody})
    def post(self, request: Request) -> Response:
        """Make a billing account."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = customers.create_account(by=self.by, at=self.at, **body.validated_data)
        return Response(AccountBody(made).data, status=201)


class OneAccount(ReadOrChange, generics.RetrieveAPIView[Account]):
    """Read one account."""

    queryset = Account.objects.none()
    serializer_class = AccountBody
    lookup_field = "key"

    def get_queryset(self) -> QuerySet[Account]:
        return accounts_for(self.by, self.environment).select_related("customer", "parent")

    @extend_schema(request=AccountChange, responses=AccountBody)
    def patch(self, request: Request, key: str) -> Response:
        """Change an account's names, address and the like."""
        account = self.get_object()
        body = AccountChange(data=request.data, partial=True, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        reason = changes.pop("reason", "")
        changed = customers.change_account(account=account, changes=changes, by=self.by, at=self.at, reason=reason)
        return Response(AccountBody(changed).data)


class Aliases(ReadOrChange, ListView):
    """List an account's aliases, newest first."""

    queryset = AccountAlias.objects.none()
    serializer_class = AliasBody

    def _account(self) -> Account:
        return get_object_or_404(accounts_for(self.by, self.environment), key=self.kwargs["key"])

    def get_queryset(self) -> QuerySet[AccountAlias]:
        return self._account().aliases.all()

    @extend_schema(request=AliasBody, responses={201: AliasBody})
    def post(self, request: Request, key: str) -> Response:
        """Let events call the account by another name."""
        body = AliasBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = customers.add_alias(account=self._account(), by=self.by, at=self.at, **body.validated_data)
        return Response(AliasBody(made).data, status=201)


class EndAlias(ReadOrChange):
    """End an alias."""

    @extend_schema(request=AliasEnd, responses=AliasBody)
    def post(self, request: Request, key: str, pk: int) -> Response:
        """Say from when on the alias names nobody."""
        seen = accounts_for(self.by, self.environment)
        alias = get_object_or_404(AccountAlias.objects.filter(account__in=seen, account__key=key), pk=pk)
        body = AliasEnd(data=request.data)
        body.is_valid(raise_exception=True)
        ended = customers.end_alias(alias=alias, ends_at=body.validated_data["ends_at"], by=self.by, at=self.at)
        return Response(AliasBody(ended).data)
