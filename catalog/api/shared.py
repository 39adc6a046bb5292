"""What the catalog's endpoints share: who may read and write, bodies of submission, rows of other tables by key."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.permissions import BasePermission

from monetization.foundation.models import User
from monetization.foundation.rest import Strict, requires
from monetization.foundation.rest.views import View

READS = requires("catalog:read", "catalog.read")
# Who may draft what is asked by the action: a card's owner may, whatever roles they hold.
WRITES = requires("catalog:write", "catalog.read")
DECIDES = requires("catalog:write", "foundation.read")  # roles are asked by the action: a delegate may hold none
WRITES_CONTRACTS = requires("contracts:write", "catalog.draft_contract")


class Either(View):
    """Reading and writing ask for different scopes."""

    reads: type[BasePermission] = READS
    writes: type[BasePermission] = WRITES

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the writing one."""
        reading = self.request is None or self.request.method in ("GET", "HEAD", "OPTIONS")
        return [self.reads() if reading else self.writes()]


class ByKey(serializers.SlugRelatedField[Any]):
    """Another row by its key, among those of the caller's environment that `rows` gives."""

    def __init__(self, rows: Callable[[View], QuerySet[Any]], **options: Any) -> None:
        self.rows, self.empty = rows, options.pop("empty")
        super().__init__(slug_field="key", queryset=self.empty, **options)

    def get_queryset(self) -> QuerySet[Any]:
        view = self.context.get("view")
        found: QuerySet[Any] = self.empty if view is None else self.rows(view)
        return found


class Staff(serializers.SlugRelatedField[User]):
    """A member of staff by e-mail."""

    def __init__(self, **options: Any) -> None:
        staff = User.objects.filter(is_staff=True, is_active=True)
        super().__init__(slug_field="email", queryset=staff, **options)


class NoBody(Strict):
    """Nothing needs to be said."""


class SubmitBody(Strict):
    """Why it is asked for."""

    title = serializers.CharField(max_length=160, allow_blank=True, default="")
    reason = serializers.CharField(max_length=4000)


class RequestedBody(serializers.Serializer[Any]):
    """The change request that now waits for decisions."""

    request = serializers.IntegerField(help_text="See /change-requests/{id}")
    status = serializers.CharField()
