"""Issue and revoke API keys. A key acts for its owner, so nobody issues a key in another's name."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, models, transaction

from monetization.foundation.actions import audit, rows
from monetization.foundation.models import ApiKey, Environment, User
from monetization.foundation.rules.keys import ALIVE_PER_NAME, MARK, SCOPES, fingerprint
from monetization.values.errors import Conflict, Invalid, NotAllowed, refuse_if

MANAGE = "foundation.manage_api_keys"


@transaction.atomic
def issue_key(
    *,
    environment: Environment,
    owner: User,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    by: User | None,
    at: datetime,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret text, which can never be shown again."""
    rows.allow(by, MANAGE)
    if by is not None and by.pk != owner.pk:
        raise NotAllowed("A key acts for its owner, so only the owner issues it.", fix="Let them issue their own.")
    _guard_scopes(scopes)
    if expires_at is not None and expires_at <= at:
        raise Invalid("This key would have expired already", field="expires_at", fix="Choose a later time")
    _guard_alive(environment, name, at)
    prefix = f"{MARK}_{'live' if environment.kind == Environment.Kind.LIVE else 'test'}_{secrets.token_hex(4)}"
    token = f"{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        environment=environment, owner=owner, name=name, prefix=prefix, secret_hash=fingerprint(token),
        scopes=sorted(set(scopes)), created_at=at, expires_at=expires_at,
    )  # fmt: skip
    rows.check(key)
    rows.keep(key, by=by, at=at)
    after = {"name": name, "prefix": prefix, "scopes": key.scopes, "expires_at": expires_at, "owner": owner.pk}
    audit.record(environment=environment, action="api_key.issued", subject=key, by=by, at=at, after=after)
    return key, token


@transaction.atomic
def revoke_key(*, key: ApiKey, by: User | None, at: datetime, reason: str = "") -> ApiKey:
    """End a key at once; repeating it changes nothing. Its owner may always do so."""
    if by is None or by.pk != key.owner_id:
        rows.allow(by, MANAGE)
    key = rows.lock(key)
    if key.revoked_at is None:
        key.revoked_at = at
        rows.keep(key, by=by, at=at)
        audit.record(environment=key.environment, action="api_key.revoked", subject=key, by=by, at=at, reason=reason)
    return key


def note_use(*, key: ApiKey, at: datetime) -> None:
    """Remember when a key was last used, at most once a minute."""
    stale = models.Q(last_used_at__isnull=True) | models.Q(last_used_at__lt=at - timedelta(minutes=1))
    if key.last_used_at is None or key.last_used_at < at - timedelta(minutes=1):
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=at)


def _guard_scopes(scopes: Sequence[str]) -> None:
    if not scopes:
        raise Invalid("A key needs a scope", field="scopes", fix=f"Choose from: {', '.join(SCOPES)}")
    refuse_if(
        Invalid(f"“{scope}” is not a scope", field=f"scopes[{index}]", fix=f"Choose from: {', '.join(SCOPES)}")
        for index, scope in enumerate(scopes)
        if scope not in SCOPES
    )


def _guard_alive(environment: Environment, name: str, at: datetime) -> None:
    """Let two keys of a name live, so that one can be rotated; the lock makes two at once impossible."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"api_key:{environment.pk}:{name}"])
    unexpired = models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=at)
    alive = ApiKey.objects.filter(unexpired, environment=environment, name=name, revoked_at__isnull=True)
    if alive.count() >= ALIVE_PER_NAME:
        raise Conflict(
            f"Two keys named “{name}” are alive", field="name", fix="Revoke one of them, or choose another name"
        )
