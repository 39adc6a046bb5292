"""What is said about change requests, and what is told to open and edit them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from monetization.foundation.models import ChangeItem, ChangeRequest, User
from monetization.foundation.queries import outstanding_of, request_digest
from monetization.foundation.rest import Strict
from monetization.foundation.rules.approvals import RequestStatus


class ChangeItemBody(serializers.ModelSerializer[ChangeItem]):
    """One thing that a request changes."""

    digest = serializers.SerializerMethodField(help_text="SHA-256 of its content, hexadecimal")

    class Meta:
        model = ChangeItem
        fields = ["id", "subject", "label", "kind", "digest", "facts"]

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
            "id", "kind", "title", "reason", "notes", "links", "status", "owner", "submitted_by", "effective_at",
            "created_at", "submitted_at", "decided_at", "revision", "items",
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


class EditRequestBody(Strict):
    """What changes about a draft; what isn't named stays."""

    title = serializers.CharField(max_length=160, required=False)
    reason = serializers.CharField(max_length=4000, allow_blank=True, required=False)
    notes = serializers.CharField(max_length=20000, allow_blank=True, required=False)
    links = serializers.ListField(child=serializers.URLField(max_length=400), max_length=20, required=False)
    owner = serializers.SlugRelatedField(
        slug_field="email", queryset=User.objects.filter(is_staff=True, is_active=True), required=False
    )
    effective_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Planned, for what is undated")


class NewRequestBody(EditRequestBody):
    """A request that holds nothing yet."""

    title = serializers.CharField(max_length=160)
