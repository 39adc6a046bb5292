"""Policies: read with their versions, drafted, and submitted as change requests; nobody sets one directly."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from monetization.foundation.actions import policies
from monetization.foundation.api.policy_bodies import (
    NewPolicyBody,
    PolicyBody,
    PolicyContentBody,
    PolicyReasonBody,
    PolicyRequestBody,
    VersionBody,
)
from monetization.foundation.models import ChangeRequest, Policy, PolicyVersion
from monetization.foundation.rest import requires
from monetization.foundation.rest.views import ListView, View

READS = requires("catalog:read", "foundation.read")
WRITES = requires("catalog:write", "foundation.draft_policy")


class OfPolicies(View):
    """Policies of the environment; reading and drafting ask for different scopes."""

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the writing one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD", "OPTIONS") else WRITES()]

    def policies(self) -> QuerySet[Policy]:
        """Return the policies of the environment with their versions."""
        every = Policy.objects.filter(environment=self.environment)
        return every.prefetch_related("versions__conditions", "versions__roles", "versions__last_edited_by")

    def version(self, pk: int) -> PolicyVersion:
        """Find a version. Raises Http404."""
        found = PolicyVersion.objects.filter(policy__environment=self.environment)
        return get_object_or_404(found.select_related("policy__environment", "request"), pk=pk)

    def said(self, request: Request) -> str:
        """Read why."""
        body = PolicyReasonBody(data=request.data)
        body.is_valid(raise_exception=True)
        return str(body.validated_data["reason"])


class Policies(OfPolicies, ListView):
    """List the environment's policies with their versions."""

    queryset = Policy.objects.none()
    serializer_class = PolicyBody

    def get_queryset(self) -> QuerySet[Policy]:
        return self.policies()

    @extend_schema(request=NewPolicyBody, responses={201: VersionBody})
    def post(self, request: Request) -> Response:
        """Draft a new policy; it asks nobody before its approval."""
        body = NewPolicyBody(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        version = policies.draft_policy(
            environment=self.environment, kind=said["kind"], name=said["name"], content=body.content(),
            by=self.by, at=self.at,
        )  # fmt: skip
        return Response(VersionBody(version).data, status=201)


class OnePolicy(OfPolicies, generics.RetrieveAPIView[Policy]):
    """Read one policy with its versions."""

    queryset = Policy.objects.none()
    serializer_class = PolicyBody

    def get_queryset(self) -> QuerySet[Policy]:
        return self.policies()


class Drafts(OfPolicies):
    """A new version of a policy."""

    @extend_schema(request=PolicyContentBody, responses={201: VersionBody})
    def post(self, request: Request, pk: int) -> Response:
        """Draft what a policy shall ask instead."""
        body = PolicyContentBody(data=request.data)
        body.is_valid(raise_exception=True)
        policy = get_object_or_404(self.policies(), pk=pk)
        version = policies.draft_version(policy=policy, content=body.content(), by=self.by, at=self.at)
        return Response(VersionBody(version).data, status=201)


class End(OfPolicies):
    """The end of a policy."""

    @extend_schema(request=PolicyReasonBody, responses={201: PolicyRequestBody})
    def post(self, request: Request, pk: int) -> Response:
        """Ask that a policy shall ask nobody any more."""
        policy = get_object_or_404(self.policies(), pk=pk)
        return _asked(policies.propose_end(policy=policy, reason=self.said(request), by=self.by, at=self.at))


class OneVersion(OfPolicies):
    """A version of a policy."""

    @extend_schema(responses=VersionBody)
    def get(self, request: Request, pk: int) -> Response:
        """Read one version."""
        return Response(VersionBody(self.version(pk)).data)

    @extend_schema(request=PolicyContentBody, responses=VersionBody)
    def put(self, request: Request, pk: int) -> Response:
        """Replace what a draft says."""
        body = PolicyContentBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = policies.edit_version(version=self.version(pk), content=body.content(), by=self.by, at=self.at)
        return Response(VersionBody(made).data)


class Submit(OfPolicies):
    """A version submitted."""

    @extend_schema(request=PolicyReasonBody, responses={201: PolicyRequestBody})
    def post(self, request: Request, pk: int) -> Response:
        """Ask for decisions about a draft, under the policies about policies."""
        reason = self.said(request)
        return _asked(policies.submit_version(version=self.version(pk), reason=reason, by=self.by, at=self.at))


class Discard(OfPolicies):
    """A draft given up."""

    @extend_schema(request=None, responses=VersionBody)
    def post(self, request: Request, pk: int) -> Response:
        """Give up a draft that was never submitted."""
        return Response(VersionBody(policies.discard_version(version=self.version(pk), by=self.by, at=self.at)).data)


def _asked(request: ChangeRequest) -> Response:
    return Response(PolicyRequestBody({"request": request.pk, "status": request.status}).data, status=201)
