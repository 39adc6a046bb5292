"""What may only be read: change requests, the audit log, environments, and who one is."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from monetization.foundation.api.keys import KeyBody
from monetization.foundation.models import ApiKey, AuditEntry, ChangeItem, ChangeRequest, Environment
from monetization.foundation.queries import outstanding_of, request_digest, requests_for, roles_of
from monetization.foundation.rest import requires
from monetization.foundation.rest.views import ListView, View
from monetization.foundation.rules.approvals import RequestStatus
from monetization.values.errors import Invalid

READS_REQUESTS = requires("catalog:read", "foundation.read")
READS_AUDIT = requires("audit:read", "foundation.read_audit")


class ChangeItemBody(serializers.ModelSerializer[ChangeItem]):
    """One thing that a request changes."""

    digest = serializers.SerializerMethodField(help_text="SHA-256 of its content, hexadecimal")

    class Meta:
        model = ChangeItem
        fields = ["subject", "label", "digest", "facts"]

    def get_digest(self, item: ChangeItem) -> str | None:
        """Write the digest as text."""
        return bytes(item.digest).hex() if item.digest else None


class RequestBody(serializers.ModelSerializer[ChangeRequest]):
    """A change request."""

    owner = serializers.CharField(source="owner.email")
    submitted_by = serializers.CharField(source="submitted_by.email", default=None, allow_null=True)
    items = ChangeItemBody(many=True)

    class Meta:
        model = ChangeRequest
        fields = [
            "id", "kind", "title", "reason", "status", "owner", "submitted_by", "effective_at", "created_at",
            "submitted_at", "decided_at", "revision", "items",
        ]  # fmt: skip


class MissingBody(serializers.Serializer[Any]):
    """People who must still agree."""

    role = serializers.CharField()
    how_many = serializers.IntegerField()


class RequestDetailBody(RequestBody):
    """A change request and what a decision needs."""

    content_digest = serializers.SerializerMethodField(help_text="Send it with a decision: what was seen")
    missing = serializers.SerializerMethodField()

    class Meta(RequestBody.Meta):
        fields = [*RequestBody.Meta.fields, "content_digest", "missing"]

    def get_content_digest(self, request: ChangeRequest) -> str:
        """Write the digest as text."""
        return request_digest(request).hex()

    @extend_schema(responses=MissingBody(many=True))
    def get_missing(self, request: ChangeRequest) -> list[dict[str, Any]]:
        """List who must still agree, while that is open."""
        if request.status != RequestStatus.SUBMITTED.value:
            return []
        return [{"role": role.value, "how_many": how_many} for role, how_many in outstanding_of(request)]


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


class Requests(ListView):
    """List the environment's change requests, newest first."""

    permission_classes = [READS_REQUESTS]
    queryset = ChangeRequest.objects.none()
    serializer_class = RequestBody

    @extend_schema(parameters=[OpenApiParameter("status", enum=[s.value for s in RequestStatus])])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def get_queryset(self) -> QuerySet[ChangeRequest]:
        found = requests_for(self.by, self.environment)
        found = found.select_related("owner", "submitted_by").prefetch_related("items")
        status = self.request.query_params.get("status")
        if status is not None and status not in {s.value for s in RequestStatus}:
            raise Invalid(f"“{status}” is not a status", field="status", fix="Use one of the documented ones")
        return found if status is None else found.filter(status=status)


class OneRequest(View, generics.RetrieveAPIView[ChangeRequest]):
    """Read one change request, and who must still agree."""

    permission_classes = [READS_REQUESTS]
    queryset = ChangeRequest.objects.none()
    serializer_class = RequestDetailBody

    def get_queryset(self) -> QuerySet[ChangeRequest]:
        found = requests_for(self.by, self.environment)
        return found.select_related("environment", "owner", "submitted_by").prefetch_related("items")


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
