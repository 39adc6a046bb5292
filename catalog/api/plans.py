"""Plans by key, their versions by number: drafted, written as one document, submitted."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import plans
from catalog.api.plan_bodies import PlanBody, PlanDraftBody, PlanVersionBody, PlanVersionChange, changes_in
from catalog.api.shared import Either, NoBody, RequestedBody, SubmitBody
from catalog.models import Plan, PlanVersion
from monetization.foundation.rest.views import ListView
from monetization.values.errors import Invalid


class Plans(Either, ListView):
    """List the environment's plans, newest first."""

    queryset = Plan.objects.none()
    serializer_class = PlanBody

    def get_queryset(self) -> QuerySet[Plan]:
        return Plan.objects.filter(environment=self.environment).select_related("owner")

    @extend_schema(request=PlanBody, responses={201: PlanBody})
    def post(self, request: Request) -> Response:
        """Make a plan; what it packs is drafted as a version."""
        body = PlanBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = plans.create(environment=self.environment, by=self.by, at=self.at, **body.validated_data)
        return Response(PlanBody(made).data, status=201)


class OnePlan(Either, generics.RetrieveAPIView[Plan]):
    """Read one plan."""

    queryset = Plan.objects.none()
    serializer_class = PlanBody
    lookup_field = "key"

    def get_queryset(self) -> QuerySet[Plan]:
        return Plan.objects.filter(environment=self.environment).select_related("owner")


class OfPlans(Either, generics.GenericAPIView[Any]):
    """Something of one plan."""

    def plan(self) -> Plan:
        """Find the plan in the caller's environment."""
        return get_object_or_404(Plan, environment=self.environment, key=self.kwargs["key"])

    def versions(self) -> QuerySet[PlanVersion]:
        """Return its versions."""
        found = PlanVersion.objects.filter(plan=self.plan())
        return found.select_related("plan", "based_on", "legal_entity", "rate_card", "pinned_version")

    def version(self) -> PlanVersion:
        """Find one of them."""
        return get_object_or_404(self.versions(), number=self.kwargs["number"])

    def shown(self, status: int = 200) -> Response:
        """Answer with the version as it is now."""
        return Response(PlanVersionBody(self.version()).data, status=status)


class PlanVersions(OfPlans, ListView):
    """List a plan's versions, newest first."""

    queryset = PlanVersion.objects.none()
    serializer_class = PlanVersionBody

    def get_queryset(self) -> QuerySet[PlanVersion]:
        return self.versions()

    @extend_schema(request=PlanDraftBody, responses={201: PlanVersionBody})
    def post(self, request: Request, key: str) -> Response:
        """Draft a version equal to the newest approved one, or to the one that is named: so one rolls back."""
        body = PlanDraftBody(data=request.data)
        body.is_valid(raise_exception=True)
        number = body.validated_data.get("based_on")
        base = None if number is None else get_object_or_404(self.versions(), number=number)
        made = plans.draft(plan=self.plan(), based_on=base, by=self.by, at=self.at)
        self.kwargs["number"] = made.number
        return self.shown(201)


class OnePlanVersion(OfPlans):
    """One version of a plan."""

    @extend_schema(responses=PlanVersionBody)
    def get(self, request: Request, key: str, number: int) -> Response:
        """Read one version with all that it packs."""
        return self.shown()

    @extend_schema(request=PlanVersionChange, responses=PlanVersionBody)
    def patch(self, request: Request, key: str, number: int) -> Response:
        """Change a draft; `content` replaces the whole package."""
        version = self.version()
        body = PlanVersionChange(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        content, said = changes_in(body.validated_data, version)
        if content is None and not said:
            raise Invalid("Nothing to change was sent", field="content", fix="Send a package, a day or a seller")
        plans.change(version=version, content=content, columns=said, by=self.by, at=self.at)
        return self.shown()


class SubmitPlan(OfPlans):
    """A version on its way."""

    @extend_schema(request=SubmitBody, responses=RequestedBody)
    def post(self, request: Request, key: str, number: int) -> Response:
        """Ask for decisions; its approval will stand for each unchanged contract that is made from it."""
        body = SubmitBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = plans.submit(version=self.version(), by=self.by, at=self.at, **body.validated_data)
        return Response({"request": asked.pk, "status": asked.status})


class DiscardPlan(OfPlans):
    """A draft given up."""

    @extend_schema(request=NoBody, responses=PlanVersionBody)
    def post(self, request: Request, key: str, number: int) -> Response:
        """Give up a draft."""
        NoBody(data=request.data).is_valid(raise_exception=True)
        plans.discard(version=self.version(), by=self.by, at=self.at)
        return self.shown()
