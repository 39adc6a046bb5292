"""What may only be read: the audit log, environments, and who one is."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from monetization.foundation.api.keys import KeyBody
from monetization.foundation.models import ApiKey, AuditEntry, Environment
from monetization.foundation.queries import roles_of
from monetization.foundation.rest import requires
from monetization.foundation.rest.views import ListView, View

READS_AUDIT = requires("audit:read", "foundation.read_audit")


class AuditBody(serializers.ModelSerializer[AuditEntry]):
    """One entry of the audit log."""

    actor = serializers.CharField(source="actor.email", default=None, allow_null=True)
    link = serializers.SerializerMethodField(help_text="Number in the chain; null for some seconds")

    class Meta:
        model = AuditEntry
        fields = ["id", "at", "actor", "action", "subject", "reason", "before", "after", "link"]

    def get_link(self, entry: AuditEntry) -> int | None:
        """Return the number of the entry's link."""
        return entry.link.number if hasattr(entry, "link") else None


class EnvironmentBody(serializers.ModelSerializer[Environment]):
    """A world of its own."""

    class Meta:
        model = Environment
        fields = ["key", "name", "kind"]


class MeBody(serializers.Serializer[Any]):
    """Who calls, with what."""

    email = serializers.CharField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    environment = EnvironmentBody()
    key = KeyBody(allow_null=True)


class _Audit(View, generics.GenericAPIView[AuditEntry]):
    permission_classes = [READS_AUDIT]
    queryset = AuditEntry.objects.none()
    serializer_class = AuditBody

    def get_queryset(self) -> QuerySet[AuditEntry]:
        """Return the entries of the environment."""
        return AuditEntry.objects.filter(environment=self.environment).select_related("actor", "link")


class AuditEntries(_Audit, ListView):
    """List the environment's audit entries, newest first; of one subject with `?subject=`."""

    @extend_schema(parameters=[OpenApiParameter("subject", description="Such as billing.invoice:17")])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def get_queryset(self) -> QuerySet[AuditEntry]:
        subject = self.request.query_params.get("subject")
        return super().get_queryset() if subject is None else super().get_queryset().filter(subject=subject)


class OneAuditEntry(_Audit, generics.RetrieveAPIView[AuditEntry]):
    """Read one audit entry."""


class Environments(ListView):
    """List the environments; with a key only its own."""

    permission_classes = [requires("catalog:read", "foundation.read")]
    queryset = Environment.objects.none()
    serializer_class = EnvironmentBody

    def get_queryset(self) -> QuerySet[Environment]:
        every = Environment.objects.all()
        return every.filter(pk=self.environment.pk) if isinstance(self.request.auth, ApiKey) else every


class Me(View):
    """Say who calls, with which roles, in which environment."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=MeBody)
    def get(self, request: Request) -> Response:
        """Say who calls, with which roles, in which environment."""
        key = request.auth if isinstance(request.auth, ApiKey) else None
        return Response(
            {
                "email": self.by.email,
                "name": self.by.name,
                "roles": sorted(role.value for role in roles_of(self.by)),
                "environment": EnvironmentBody(self.environment).data,
                "key": KeyBody(key).data if key else None,
            }
        )
