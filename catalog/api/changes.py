"""Decisions about change requests of the catalog; reading them is foundation's part of the API."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import changes
from catalog.api.shared import DECIDES, WRITES
from monetization.foundation.api.request_bodies import RequestDetailBody
from monetization.foundation.models import ChangeRequest
from monetization.foundation.queries import requests_for
from monetization.foundation.rest import Strict
from monetization.foundation.rest.views import View
from monetization.foundation.rules.approvals import Verdict


class DecisionBody(Strict):
    """What is decided about what was seen."""

    verdict = serializers.ChoiceField(choices=[verdict.value for verdict in Verdict])
    seen = serializers.RegexField(r"\A[0-9a-f]{64}\Z", help_text="The request's `content_digest` when you read it")
    reason = serializers.CharField(max_length=4000, allow_blank=True, default="")


class RequestReasonBody(Strict):
    """Why."""

    reason = serializers.CharField(max_length=4000, allow_blank=True, default="")


class OfRequests(View, generics.GenericAPIView[ChangeRequest]):
    """One change request of the environment."""

    queryset = ChangeRequest.objects.none()
    serializer_class = RequestDetailBody

    def get_queryset(self) -> QuerySet[ChangeRequest]:
        found = requests_for(self.by, self.environment)
        return found.select_related("environment", "owner", "submitted_by").prefetch_related("items")

    def shown(self) -> Response:
        """Answer with the request as it is now."""
        return Response(self.get_serializer(self.get_object()).data)

    def said(self, request: Request) -> dict[str, Any]:
        """Read why."""
        body = RequestReasonBody(data=request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)


class Decide(OfRequests):
    """A decision."""

    permission_classes = [DECIDES]

    @extend_schema(request=DecisionBody, responses=RequestDetailBody)
    def post(self, request: Request, pk: int) -> Response:
        """Say yes, no or veto; with the last yes everything in the request is published."""
        body = DecisionBody(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        changes.decide(
            request=self.get_object(), verdict=Verdict(said["verdict"]), seen=bytes.fromhex(said["seen"]),
            reason=said["reason"], by=self.by, at=self.at,
        )  # fmt: skip
        return self.shown()


class SendBack(OfRequests):
    """A request sent back."""

    permission_classes = [WRITES]

    @extend_schema(request=RequestReasonBody, responses=RequestDetailBody)
    def post(self, request: Request, pk: int) -> Response:
        """Return everything in the request to its makers."""
        changes.send_back(request=self.get_object(), by=self.by, at=self.at, **self.said(request))
        return self.shown()


class Withdraw(OfRequests):
    """A request given up."""

    permission_classes = [WRITES]

    @extend_schema(request=RequestReasonBody, responses=RequestDetailBody)
    def post(self, request: Request, pk: int) -> Response:
        """Give up the request and everything in it."""
        changes.withdraw(request=self.get_object(), by=self.by, at=self.at, **self.said(request))
        return self.shown()
