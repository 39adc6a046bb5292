"""Who calls: an API key in `Authorization: Bearer mk_…`, and what a key or a session may do.

A key never does more than its owner may: both its scope and the owner's ability are asked. Why a key was refused is
told only as far as it helps its holder (expired, revoked), and never whether another key exists.
"""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from monetization.foundation.actions.access import note_use
from monetization.foundation.backends import remember
from monetization.foundation.models import ApiKey, User
from monetization.foundation.queries.callers import key_of
from monetization.foundation.rules.keys import fits, shown_part, within

REALM = 'Bearer realm="api"'


class KeyRefused(AuthenticationFailed):
    """401, with the header that says how to sign in."""

    auth_header = REALM


class KeyAuthentication(BaseAuthentication):
    """Find the key and its owner; the key is `request.auth`."""

    def authenticate(self, request: Request | HttpRequest) -> tuple[User, ApiKey] | None:
        """Return (owner, key), or None where no key was sent. Raises KeyRefused."""
        parts = get_authorization_header(request).split()  # type: ignore[arg-type]
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise KeyRefused("Write “Authorization: Bearer” and then the key.")
        key = alive(parts[1].decode("latin-1"))
        note_use(key=key, at=timezone.now())
        return key.owner, key

    def authenticate_header(self, request: Request) -> str:
        """Return what a 401 says about how to sign in."""
        return REALM


def alive(token: str) -> ApiKey:
    """Return the key of a secret text, if it may be used now. Raises KeyRefused."""
    shown = shown_part(token)
    found = key_of(shown) if shown else None
    if found is None or not fits(token, bytes(found[0].secret_hash)):
        raise KeyRefused("This API key is not known.")
    key, roles = found
    if key.revoked_at is not None:
        raise KeyRefused("This API key was revoked.")
    if key.expires_at is not None and key.expires_at <= timezone.now():
        raise KeyRefused("This API key has expired.")
    if not key.owner.is_active:
        raise KeyRefused("The owner of this API key is no longer active.")
    remember(key.owner, roles)
    return key


def requires(scope: str, ability: str) -> type[BasePermission]:
    """Return the permission that asks a key for its scope, and whoever calls for the ability."""

    class Requires(BasePermission):
        def has_permission(self, request: Request, view: Any) -> bool:
            if isinstance(request.auth, ApiKey) and not within(frozenset(request.auth.scopes), scope):
                self.message = f"This API key lacks the scope “{scope}”."
                return False
            self.message = f"This needs “{ability}”."
            return bool(request.user and request.user.is_authenticated and request.user.has_perm(ability))

    Requires.scope, Requires.ability = scope, ability  # type: ignore[attr-defined]  # read by the schema
    return Requires
