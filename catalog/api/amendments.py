"""Amendments of a contract by number: read, drafted in one call with all that they change, submitted, discarded."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import amendments
from catalog.api.amendment_bodies import AmendmentBody
from catalog.api.contracts import pinned_of
from catalog.api.own_prices import with_tariff
from catalog.api.shared import WRITES_CONTRACTS, Either, NoBody, RequestedBody, SubmitBody
from catalog.models import Amendment, Contract, RateCard
from catalog.queries import amended
from catalog.queries.amended_parts import KINDS, agreed_with, quantities_of
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest.views import ListView


class OfAmendments(Either, generics.GenericAPIView[Amendment]):
    """Amendments of one contract, of the accounts that the caller sees."""

    queryset = Amendment.objects.none()
    serializer_class = AmendmentBody
    writes = WRITES_CONTRACTS

    def contract(self) -> Contract:
        """Find the contract."""
        seen = Contract.objects.filter(
            environment=self.environment, account__in=accounts_for(self.by, self.environment)
        )
        return get_object_or_404(seen.select_related("account"), key=self.kwargs["key"])

    def get_queryset(self) -> QuerySet[Amendment]:
        rows = Amendment.objects.filter(contract=self.contract()).order_by("-number")
        return rows.select_related("contract", "rate_card", "pinned_version").prefetch_related("ends")

    def amendment(self) -> Amendment:
        """Find one of them, with its parts."""
        found: Amendment = with_parts(get_object_or_404(self.get_queryset(), number=self.kwargs["number"]))
        return found

    def shown(self, status: int = 200) -> Response:
        """Answer with the amendment as it is now."""
        return Response(self.get_serializer(self.amendment()).data, status=status)


class Amendments(OfAmendments, ListView):
    """List a contract's amendments, newest first."""

    def paginate_queryset(self, queryset: Any) -> Any:
        """Give a page of them, each with its parts."""
        return [with_parts(each) for each in super().paginate_queryset(queryset) or ()]

    @extend_schema(request=AmendmentBody, responses={201: AmendmentBody})
    def post(self, request: Request, key: str) -> Response:
        """Draft an amendment with all that it changes; to change a draft, discard it and draft another."""
        contract = self.contract()
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = amendments.draft(contract=contract, by=self.by, at=self.at, **_said(contract, body.validated_data))
        self.kwargs["number"] = made.number
        return self.shown(201)


class OneAmendment(OfAmendments):
    """One amendment."""

    @extend_schema(responses=AmendmentBody)
    def get(self, request: Request, key: str, number: int) -> Response:
        """Read one amendment."""
        return self.shown()


class Submit(OfAmendments):
    """An amendment on its way."""

    @extend_schema(request=SubmitBody, responses=RequestedBody)
    def post(self, request: Request, key: str, number: int) -> Response:
        """Ask for decisions; it is frozen from here on."""
        body = SubmitBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = amendments.submit(amendment=self.amendment(), by=self.by, at=self.at, **body.validated_data)
        return Response({"request": asked.pk, "status": asked.status})


class Discard(OfAmendments):
    """A draft given up."""

    @extend_schema(request=NoBody, responses=AmendmentBody)
    def post(self, request: Request, key: str, number: int) -> Response:
        """Give up a draft."""
        NoBody(data=request.data).is_valid(raise_exception=True)
        amendments.discard(amendment=self.amendment(), by=self.by, at=self.at)
        return self.shown()


def with_parts(amendment: Amendment) -> Any:
    """Give an amendment the parts that it adds, by the names of its body."""
    for name in KINDS:
        setattr(amendment, name, list(agreed_with(amendment.contract, amendment, name)))
    amendment.quantities = quantities_of(amendment)  # type: ignore[attr-defined]
    return amendment


def _said(contract: Contract, values: dict[str, Any]) -> dict[str, Any]:
    """Turn a body into what the action takes."""
    said = dict(values)
    said["overrides"] = [with_tariff(each) for each in said.get("overrides", ())]
    said["adds"] = [(KINDS[name], _part(part)) for name in KINDS for part in said.pop(name, ())]
    said["quantities"] = [_quantity(each) for each in said.get("quantities", ())]
    if "pinned_version" in said:
        card = said.get("rate_card") or RateCard.objects.get(pk=amended(contract).settings().rate_card_id)
        said["pinned_version"] = pinned_of(said["pinned_version"]["number"], card)
    return said


def _quantity(values: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in values.items() if name != "charge"}, **values["charge"]}


def _part(values: dict[str, Any]) -> dict[str, Any]:
    if "changes" not in values:
        return values
    return {**values, "changes": [(each["start_date"], each["quantity"]) for each in values["changes"]]}
