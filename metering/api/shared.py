"""What the endpoints of usage, events and quarantine read from an address in the same way."""

from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpResponse

from metering.rules import places
from metering.rules.envelope import instant
from metering.stores.postgres import Stored
from monetization.foundation.models import Account, Environment, User
from monetization.foundation.queries import accounts_for, sees_all_customers
from monetization.foundation.rest import requires
from monetization.values.errors import Invalid, NotAllowed, NotFound

READS = requires("usage:read", "metering.read")
MOST = 200
_encoder = msgspec.json.Encoder(decimal_format="number")


def account_named(user: User, environment: Environment, key: str | None) -> Account:
    """Find an account that the caller sees. Raises Invalid, NotFound."""
    if not key:
        raise Invalid("account is missing", field="account", fix="Name an account by its key")
    found = accounts_for(user, environment).filter(key=key).first()
    if found is None:
        raise NotFound("There is no such account", field="account", fix="See /api/v1/accounts")
    return found


def guard_sees_all(user: User) -> None:
    """Refuse who sees only some customers: these rows may belong to anybody. Raises NotAllowed."""
    if not sees_all_customers(user):
        raise NotAllowed("This shows events of all customers", fix="Ask somebody who sees all customers")


def instant_named(query: Any, name: str) -> datetime:
    """Read an instant of the address. Raises Invalid."""
    text = query.get(name)
    if not text:
        raise Invalid(f"{name} is missing", field=name, fix="Give an instant like 2026-01-31T00:00:00Z")
    try:
        return instant(text.replace(" ", "+"))  # an unescaped + arrives as a space
    except Invalid as error:
        raise Invalid(error.message, field=name, fix=error.fix) from error


def limit_of(query: Any) -> int:
    """Read `limit`. Raises Invalid."""
    text = query.get("limit", "50")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST):
        raise Invalid("limit must be a whole number", field="limit", fix=f"From 1 to {MOST}")
    return int(text)


def event_body(stored: Stored, *, counts: bool) -> dict[str, Any]:
    """Write a stored event for an answer."""
    return {
        "id": stored.event_id,
        "source": stored.source,
        "type": stored.type,
        "subject": stored.subject,
        "time": stored.time,
        "received_at": stored.received_at,
        "data": stored.data,
        "digest": stored.digest.hex(),
        "revision": stored.revision,
        "counts": counts,
    }


def cursor_of(query: Any) -> places.After | None:
    """Read where a page starts. Raises Invalid."""
    try:
        return places.read(query.get("cursor"))
    except Invalid as error:
        raise Invalid("cursor is not one of ours", field="cursor", fix="Follow `next` as it was given") from error


def exact_answer(value: Any) -> HttpResponse:
    """Answer with JSON whose numbers have the digits that they were sent with."""
    return HttpResponse(_encoder.encode(value), content_type="application/json")
