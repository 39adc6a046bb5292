"""Who decides while one is away: one's own delegations, and those that one holds."""

from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monetization.foundation.actions import delegations
from monetization.foundation.models import ApiKey, Delegation, Environment, User
from monetization.foundation.rest import StrictModel, requires
from monetization.foundation.rest.views import ListView, View
from monetization.values.errors import NotAllowed

READS = requires("catalog:read", "foundation.read")
WRITES = requires("catalog:write", "foundation.read")


class DelegationBody(StrictModel):
    """From `starts_at` until `ends_at` the delegate may decide in the person's name."""

    person = serializers.CharField(source="person.email", read_only=True)
    delegate = serializers.SlugRelatedField(
        slug_field="email", queryset=User.objects.filter(is_active=True, is_staff=True)
    )

    class Meta:
        model = Delegation
        fields = ["id", "person", "delegate", "starts_at", "ends_at", "reason", "created_at"]
        read_only_fields = ["id", "created_at"]


class OfDelegations(View):
    """The caller's own delegations."""

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the writing one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD", "OPTIONS") else WRITES()]

    def guard_live(self) -> None:
        """Refuse a key of a sandbox: delegations count in LIVE too."""
        if isinstance(self.request.auth, ApiKey) and self.environment.kind != Environment.Kind.LIVE:
            raise NotAllowed("Delegations count in every environment.", fix="Use a key of LIVE.")

    def get_queryset(self) -> QuerySet[Delegation]:
        """Return those that the caller gave or holds."""
        mine = Delegation.objects.filter(Q(person=self.by) | Q(delegate=self.by))
        return mine.select_related("person", "delegate")


class Delegations(OfDelegations, ListView):
    """List delegations that the caller gave or holds, newest first."""

    queryset = Delegation.objects.none()
    serializer_class = DelegationBody

    @extend_schema(request=DelegationBody, responses={201: DelegationBody})
    def post(self, request: Request) -> Response:
        """Name who decides in the caller's name for a time, in every environment."""
        self.guard_live()
        body = DelegationBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = delegations.delegate(person=self.by, by=self.by, at=self.at, **body.validated_data)
        return Response(DelegationBody(made).data, status=201)


class EndDelegation(OfDelegations):
    """The end of a delegation."""

    @extend_schema(request=None, responses=DelegationBody)
    def post(self, request: Request, pk: int) -> Response:
        """Take a delegation back, or hand it back."""
        self.guard_live()
        found = get_object_or_404(self.get_queryset(), pk=pk)
        return Response(DelegationBody(delegations.take_back(delegation=found, by=self.by, at=self.at)).data)
