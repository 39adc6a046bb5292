"""Contracts by key: read by whoever sees the account, drafted, edited as drafts, submitted."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import contracts
from catalog.api.shared import WRITES_CONTRACTS, ByKey, Either, NoBody, RequestedBody, SubmitBody
from catalog.models import Contract, RateCard, RateCardVersion
from monetization.foundation.models import Account, LegalEntity
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest import Exact, StrictModel
from monetization.foundation.rest.views import ListView
from monetization.values.errors import Invalid

PLAIN = [
    "name", "currency", "start_date", "end_date", "cadence", "anchor", "anchor_day", "discount_percent", "net_days",
    "purchase_order", "pinned_until", "combine_multipliers", "trial_until",
]  # fmt: skip


class ContractChange(StrictModel):
    """What may change on a draft; what is left out stays."""

    legal_entity = ByKey(
        lambda view: LegalEntity.objects.filter(environment=view.environment), empty=LegalEntity.objects.none()
    )
    rate_card = ByKey(lambda view: RateCard.objects.filter(environment=view.environment), empty=RateCard.objects.none())
    pinned_version = serializers.IntegerField(
        source="pinned_version.number", required=False, allow_null=True, help_text="A version's number; null follows"
    )
    discount_percent = Exact(max_digits=7, decimal_places=4, required=False)

    class Meta:
        model = Contract
        fields = ["legal_entity", "rate_card", "pinned_version", *PLAIN]
        validators: list[Any] = []


class ContractBody(ContractChange):
    """An account's agreement; dates are local to the account, the last day is served."""

    account = ByKey(lambda view: accounts_for(view.by, view.environment), empty=Account.objects.none())
    plan = serializers.CharField(source="plan_version.plan.key", read_only=True, allow_null=True, default=None)
    plan_version = serializers.IntegerField(
        source="plan_version.number", read_only=True, allow_null=True, default=None, help_text="It was made from this"
    )

    class Meta(ContractChange.Meta):
        fields = [
            "id", "key", "account", "status", "request", *ContractChange.Meta.fields, "plan", "plan_version",
            "created_at", "edited_at",
        ]  # fmt: skip
        read_only_fields = ["id", "status", "request", "created_at", "edited_at"]


class OfContracts(Either, generics.GenericAPIView[Contract]):
    """Contracts of the accounts that the caller sees."""

    queryset = Contract.objects.none()
    serializer_class = ContractBody
    writes = WRITES_CONTRACTS
    lookup_field = "key"

    def get_queryset(self) -> QuerySet[Contract]:
        found = Contract.objects.filter(
            environment=self.environment, account__in=accounts_for(self.by, self.environment)
        )
        return found.select_related("account", "legal_entity", "rate_card", "pinned_version", "plan_version__plan")

    def shown(self, status: int = 200) -> Response:
        """Answer with the contract as it is now."""
        return Response(self.get_serializer(self.get_object()).data, status=status)


class Contracts(OfContracts, ListView):
    """List the contracts that the caller sees, newest first; of one account with `?account=`."""

    @extend_schema(parameters=[OpenApiParameter("account"), OpenApiParameter("status")])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def get_queryset(self) -> QuerySet[Contract]:
        found, asked = super().get_queryset(), self.request.query_params
        if "account" in asked:
            found = found.filter(account__key=asked["account"])
        return found.filter(status=asked["status"]) if "status" in asked else found

    @extend_schema(request=ContractBody, responses={201: ContractBody})
    def post(self, request: Request) -> Response:
        """Draft a contract."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = contracts.draft(by=self.by, at=self.at, **_said(body.validated_data, None))
        self.kwargs["key"] = made.key
        return self.shown(201)


class OneContract(OfContracts, generics.RetrieveAPIView[Contract]):
    """Read one contract."""

    @extend_schema(request=ContractChange, responses=ContractBody)
    def patch(self, request: Request, key: str) -> Response:
        """Change a draft's terms."""
        contract = self.get_object()
        body = ContractChange(data=request.data, partial=True, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        changes = _said(body.validated_data, contract.rate_card)
        contracts.edit(contract=contract, by=self.by, at=self.at, **changes)
        return self.shown()


class Submit(OfContracts):
    """A contract on its way."""

    @extend_schema(request=SubmitBody, responses=RequestedBody)
    def post(self, request: Request, key: str) -> Response:
        """Ask for decisions; nobody edits the contract from here on."""
        body = SubmitBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = contracts.submit(contract=self.get_object(), by=self.by, at=self.at, **body.validated_data)
        return Response({"request": asked.pk, "status": asked.status})


class Discard(OfContracts):
    """A draft given up."""

    @extend_schema(request=NoBody, responses=ContractBody)
    def post(self, request: Request, key: str) -> Response:
        """Give up a draft."""
        NoBody(data=request.data).is_valid(raise_exception=True)
        contracts.discard(contract=self.get_object(), by=self.by, at=self.at)
        return self.shown()


def _said(values: dict[str, Any], card: RateCard | None) -> dict[str, Any]:
    """Turn a pinned version's number into the version of the card that is named, or that the draft has."""
    said = dict(values)
    if "pinned_version" in said:
        said["pinned_version"] = pinned_of(said["pinned_version"]["number"], said.get("rate_card", card))
    return said


def pinned_of(number: int | None, card: RateCard | None) -> RateCardVersion | None:
    """Find a version of a card by its number. Raises Invalid."""
    if number is None:
        return None
    found = RateCardVersion.objects.filter(rate_card=card, number=number).first()
    if found is None:
        raise Invalid("There is no such version", field="pinned_version", fix="Name one of the rate card by its number")
    return found
