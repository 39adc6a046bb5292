"""The door: `POST /api/v1/events`, a plain view, because it is called more often than all others together.

It answers item by item and when it answers, what it calls accepted is stored and counted. 200 unless nothing in
the request could be read (400, 413, 415) or no single event of it was usable (422, each one named).
"""

from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from metering.actions.ingest import REJECTED, Receipt, ingest
from metering.api.body import items_of
from monetization.foundation.models import ApiKey
from monetization.foundation.rest import KeyAuthentication, KeyRefused, Problem, Repeat, admit, once
from monetization.foundation.rest.problems import CONTENT_TYPE, content, fault, problem_answer
from monetization.foundation.rules.keys import within
from monetization.values.errors import NotAllowed

SCOPE, ABILITY = "events:write", "metering.send_events"
NAMED = 100  # a problem names at most so many events


def answer(request: HttpRequest) -> HttpResponse:
    """Take the events of a request."""
    try:
        return _answer(request, timezone.now())
    except Exception as error:
        return problem_answer(error)  # raises again what is no refusal


def _answer(request: HttpRequest, at: datetime) -> HttpResponse:
    key = caller(request)
    items = items_of(request)
    repeat = Repeat.of(request, environment=key.environment, owner=f"key:{key.pk}")
    if repeat is None:
        return _take(key, items, at)
    first = once(repeat, lambda: _take(key, items, at), at=at)
    assert isinstance(first, HttpResponse)
    return first


def caller(request: HttpRequest) -> ApiKey:
    """Find the key. Raises KeyRefused, NotAllowed (scope or its owner's role), Problem 429."""
    known = KeyAuthentication().authenticate(request)
    if known is None:
        raise KeyRefused("Send an API key: “Authorization: Bearer mk_…”.")
    owner, key = known
    if not within(frozenset(key.scopes), SCOPE):
        raise NotAllowed(f"This API key lacks the scope “{SCOPE}”.", fix="Use another key")
    if not owner.has_perm(ABILITY):
        raise NotAllowed(f"This needs “{ABILITY}”.", fix="Give the key's owner a role that sends events")
    if not admit(f"key:{key.pk}", "ingest"):
        refusal = Problem(429, "Too many calls with this key", fix="Send larger batches, or wait")
        refusal.wait = 60.0
        raise refusal
    return key


def _take(key: ApiKey, items: list[Any], at: datetime) -> HttpResponse:
    receipt = ingest(environment=key.environment, events=items, by=key, at=at)
    if items and receipt.rejected == len(items):
        return _unusable(receipt)
    return HttpResponse(msgspec.json.encode(described(receipt)), content_type="application/json")


def described(receipt: Receipt) -> dict[str, Any]:
    """Write a receipt for an answer."""
    counts = {
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "conflicts": receipt.conflicts,
        "quarantined": receipt.quarantined,
        "rejected": receipt.rejected,
    }
    return counts | {"items": receipt.items}


def _unusable(receipt: Receipt) -> HttpResponse:
    faults = [
        fault(item.detail, field=f"events[{number}].{item.field}", code=item.reason)
        for number, item in enumerate(receipt.items)
        if item.status == REJECTED
    ]
    body = content(422, "no_usable_event", "No event of this request can be used", faults[:NAMED])
    return HttpResponse(msgspec.json.encode(body), status=422, content_type=CONTENT_TYPE)
