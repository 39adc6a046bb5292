"""What OpenAPI says about every endpoint: who may call it, how it repeats, how it refuses."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from monetization.foundation.rest.idempotency import HEADER

Direction = Literal["request", "response"]


class FaultBody(serializers.Serializer[Any]):
    """One refusal."""

    field = serializers.CharField(allow_null=True, help_text="Path such as charges[0].tiers[1].up_to")
    message = serializers.CharField()
    fix = serializers.CharField(allow_null=True, help_text="What would mend it")
    code = serializers.CharField(allow_null=True)


class ProblemBody(serializers.Serializer[Any]):
    """RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = FaultBody(many=True)  # type: ignore[assignment]  # a field, by DRF's metaclass


REFUSALS = {
    "400": "The request can't be read",
    "401": "No key, or one that is not valid",
    "403": "The key's scope or its owner's roles don't allow it",
    "404": "It does not exist, or not for this caller",
    "409": "Not in this state, or somebody else was faster",
    "413": "The body is too large",
    "415": "The body has another media type",
    "422": "Fields are wrong; each is named",
    "429": "Too many calls; see Retry-After",
}
READ_REFUSALS = ("401", "403", "404", "429")
KEY_PARAMETER = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER,
    description="Any text of 1–200 characters: the same key and request get the first answer again, for 48 hours.",
)  # fmt: skip


class Schema(AutoSchema):
    """drf-spectacular's schema with the house's habits added to every operation."""

    def get_override_parameters(self) -> list[Any]:
        """Add the Idempotency-Key to every POST."""
        return [*super().get_override_parameters(), *([KEY_PARAMETER] if self.method == "POST" else [])]

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular itself
        """Add the scope that a key needs."""
        scopes = [p.scope for p in self.view.get_permissions() if hasattr(p, "scope")]
        words = " ".join(f"Scope: `{scope}`." for scope in scopes)
        return f"{super().get_description() or ''}\n\n{words}".strip()

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        found: dict[str, Any] = super()._get_response_bodies(direction)
        body = self.resolve_serializer(ProblemBody, direction).ref
        for status, words in REFUSALS.items():
            if status not in found and (self.method not in ("GET", "HEAD") or status in READ_REFUSALS):
                found[status] = {"description": words, "content": {"application/problem+json": {"schema": body}}}
        return found


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How OpenAPI describes an API key."""

    target_class = "monetization.foundation.rest.keys.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "mk_live_…"}
