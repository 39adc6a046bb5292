"""API keys: made (the secret is in that answer only), listed, revoked."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monetization.foundation.actions import access
from monetization.foundation.models import ApiKey
from monetization.foundation.rest import StrictModel, requires
from monetization.foundation.rest.views import ListView, View
from monetization.foundation.rules.keys import SCOPES, within
from monetization.values.errors import NotAllowed

MANAGE = "foundation.manage_api_keys"
READS = requires("keys:read", MANAGE)
CHANGES = requires("keys:write", MANAGE)


class KeyBody(StrictModel):
    """A key without its secret."""

    owner = serializers.CharField(source="owner.email", read_only=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=list(SCOPES.items())), allow_empty=False)

    class Meta:
        model = ApiKey
        fields = ["id", "name", "prefix", "owner", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at"]
        read_only_fields = ["id", "prefix", "created_at", "revoked_at", "last_used_at"]


class NewKeyBody(KeyBody):
    """A key just made."""

    secret = serializers.CharField(read_only=True, help_text="Shown in this answer only")

    class Meta(KeyBody.Meta):
        fields = [*KeyBody.Meta.fields, "secret"]


class Keys(ListView):
    """List the environment's keys, newest first."""

    queryset = ApiKey.objects.none()
    serializer_class = KeyBody

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the changing one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD") else CHANGES()]

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.filter(environment=self.environment).select_related("owner")

    @extend_schema(request=KeyBody, responses={201: NewKeyBody})
    def post(self, request: Request) -> Response:
        """Make a key in one's own name; a key makes only keys that may do no more than itself."""
        body = KeyBody(data=request.data)
        body.is_valid(raise_exception=True)
        self._guard_scopes(body.validated_data["scopes"])
        key, secret = access.issue_key(
            environment=self.environment, owner=self.by, by=self.by, at=self.at,
            **{"expires_at": None} | body.validated_data,
        )  # fmt: skip
        return Response(NewKeyBody(key).data | {"secret": secret}, status=201)

    def _guard_scopes(self, scopes: list[str]) -> None:
        own = self.request.auth
        if isinstance(own, ApiKey) and not all(within(frozenset(own.scopes), scope) for scope in scopes):
            raise NotAllowed("A key can't give what it lacks.", field="scopes", fix="Sign in to make this key.")


class OneKey(View, generics.RetrieveAPIView[ApiKey]):
    """Read one key."""

    permission_classes = [READS]
    queryset = ApiKey.objects.none()
    serializer_class = KeyBody

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.filter(environment=self.environment).select_related("owner")


class Revoke(View, generics.GenericAPIView[ApiKey]):
    """End a key."""

    permission_classes = [CHANGES]
    queryset = ApiKey.objects.none()

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.filter(environment=self.environment).select_related("owner")

    @extend_schema(request=None, responses=KeyBody)
    def post(self, request: Request, pk: int) -> Response:
        """End a key at once; repeating it changes nothing."""
        return Response(KeyBody(access.revoke_key(key=self.get_object(), by=self.by, at=self.at)).data)
