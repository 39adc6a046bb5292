"""Rate cards by key, their versions by number: drafted, dated, submitted. Prices have a file of their own."""

from typing import Any

from django.db.models import Count, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import rate_cards, rollbacks
from catalog.api.shared import Either, NoBody, RequestedBody, Staff, SubmitBody
from catalog.models import RateCard, RateCardVersion
from monetization.foundation.rest import Strict, StrictModel
from monetization.foundation.rest.views import ListView
from monetization.values.errors import Invalid


class RateCardBody(StrictModel):
    """A price list that contracts follow or pin."""

    owner = Staff()

    class Meta:
        model = RateCard
        fields = ["id", "key", "name", "description", "owner", "created_at"]
        read_only_fields = ["id", "created_at"]


class RateCardVersionBody(serializers.ModelSerializer[RateCardVersion]):
    """A version of a rate card; its prices are at /prices below it."""

    rate_card = serializers.CharField(source="rate_card.key")
    based_on = serializers.IntegerField(source="based_on.number", allow_null=True, default=None)
    prices = serializers.IntegerField(help_text="How many price rows it has")

    class Meta:
        model = RateCardVersion
        fields = [
            "id", "rate_card", "number", "status", "request", "based_on", "notes", "effective_date", "effective_at",
            "prices", "created_at", "edited_at",
        ]  # fmt: skip


class RateCardDraftBody(Strict):
    """Which version's prices to start from."""

    based_on = serializers.IntegerField(
        required=False, allow_null=True, help_text="A version's number; the newest approved if left out"
    )


class VersionChange(Strict):
    """What may change on a draft; what is left out stays. Of day and instant give one."""

    notes = serializers.CharField(max_length=20_000, allow_blank=True, required=False)
    effective_date = serializers.DateField(required=False, help_text="Midnight in each account's time zone")
    effective_at = serializers.DateTimeField(required=False, help_text="The same instant for all")


class RateCards(Either, ListView):
    """List the environment's rate cards, newest first."""

    queryset = RateCard.objects.none()
    serializer_class = RateCardBody

    def get_queryset(self) -> QuerySet[RateCard]:
        return RateCard.objects.filter(environment=self.environment).select_related("owner")

    @extend_schema(request=RateCardBody, responses={201: RateCardBody})
    def post(self, request: Request) -> Response:
        """Make a rate card; its prices are drafted as a version."""
        body = RateCardBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = rate_cards.create(environment=self.environment, by=self.by, at=self.at, **body.validated_data)
        return Response(RateCardBody(made).data, status=201)


class OneRateCard(Either, generics.RetrieveAPIView[RateCard]):
    """Read one rate card."""

    queryset = RateCard.objects.none()
    serializer_class = RateCardBody
    lookup_field = "key"

    def get_queryset(self) -> QuerySet[RateCard]:
        return RateCard.objects.filter(environment=self.environment).select_related("owner")


class OfRateCards(Either, generics.GenericAPIView[Any]):
    """Something of one rate card."""

    def card(self) -> RateCard:
        """Find the card in the caller's environment."""
        return get_object_or_404(RateCard, environment=self.environment, key=self.kwargs["key"])

    def versions(self) -> QuerySet[RateCardVersion]:
        """Return its versions."""
        found = RateCardVersion.objects.filter(rate_card=self.card()).select_related("rate_card", "based_on")
        return found.annotate(prices=Count("charges__prices"))

    def version(self) -> RateCardVersion:
        """Find one of them."""
        return get_object_or_404(self.versions(), number=self.kwargs["number"])

    def shown(self, status: int = 200) -> Response:
        """Answer with the version as it is now."""
        return Response(RateCardVersionBody(self.version()).data, status=status)


class Versions(OfRateCards, ListView):
    """List a card's versions, newest first."""

    queryset = RateCardVersion.objects.none()
    serializer_class = RateCardVersionBody

    def get_queryset(self) -> QuerySet[RateCardVersion]:
        return self.versions()

    @extend_schema(request=RateCardDraftBody, responses={201: RateCardVersionBody})
    def post(self, request: Request, key: str) -> Response:
        """Draft a version with the prices of the newest approved one, or of the one that is named."""
        body = RateCardDraftBody(data=request.data)
        body.is_valid(raise_exception=True)
        number = body.validated_data.get("based_on")
        base = None if number is None else get_object_or_404(self.versions(), number=number)
        made = rate_cards.draft(rate_card=self.card(), based_on=base, by=self.by, at=self.at)
        self.kwargs["number"] = made.number
        return self.shown(201)


class OneVersion(OfRateCards):
    """One version of a rate card."""

    @extend_schema(responses=RateCardVersionBody)
    def get(self, request: Request, key: str, number: int) -> Response:
        """Read one version."""
        return self.shown()

    @extend_schema(request=VersionChange, responses=RateCardVersionBody)
    def patch(self, request: Request, key: str, number: int) -> Response:
        """Change a draft's notes or effective time."""
        body = VersionChange(data=request.data)
        body.is_valid(raise_exception=True)
        said, version = dict(body.validated_data), self.version()
        notes = said.pop("notes", None)
        if notes is None and not said:
            raise Invalid("Nothing to change was sent", field="notes", fix="Send notes, effective_date or effective_at")
        rate_cards.edit(version=version, notes=notes, times=said, by=self.by, at=self.at)
        return self.shown()


class Submit(OfRateCards):
    """A version on its way."""

    @extend_schema(request=SubmitBody, responses=RequestedBody)
    def post(self, request: Request, key: str, number: int) -> Response:
        """Ask for decisions; nobody edits the version from here on."""
        body = SubmitBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = rate_cards.submit(version=self.version(), by=self.by, at=self.at, **body.validated_data)
        return Response({"request": asked.pk, "status": asked.status})


class Discard(OfRateCards):
    """A draft given up."""

    @extend_schema(request=NoBody, responses=RateCardVersionBody)
    def post(self, request: Request, key: str, number: int) -> Response:
        """Give up a draft."""
        NoBody(data=request.data).is_valid(raise_exception=True)
        rate_cards.discard(version=self.version(), by=self.by, at=self.at)
        return self.shown()


class RollBackBody(Strict):
    """Why the card goes back, and from when; within the hour unless an instant is named."""

    reason = serializers.CharField(max_length=4000)
    effective_at = serializers.DateTimeField(required=False)


class RollBack(OfRateCards):
    """A way back to a version that stood before."""

    @extend_schema(request=RollBackBody, responses={201: RequestedBody})
    def post(self, request: Request, key: str, number: int) -> Response:
        """Draft a version equal to this one and submit it under the policies for rollbacks."""
        body = RollBackBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = rollbacks.roll_back(version=self.version(), by=self.by, at=self.at, **body.validated_data)
        return Response({"request": asked.pk, "status": asked.status}, status=201)
