"""The door: `POST /api/v1/events`, a plain view, because it is called more often than all others together.

It answers item by item and when it answers, what it calls accepted is stored and counted. 200 unless nothing in
the request could be read (400, 413, 415) or no single event of it was usable (422, each one named).

With `Prefer: respond-async` (RFC 7240) the body is kept as it came and answered with 202 and a receipt; a folder takes
its events within moments. When too much waits, such calls are refused with 429 until the folder has caught up.
"""

import time
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from metering.actions.inbox import Backlog, Body, accept, backlog
from metering.actions.ingest import REJECTED, Receipt, ingest
from metering.api import receipts
from metering.api.body import attributes_of, body_of, encoding_of, items_in, media_type, unpacked
from monetization.foundation.models import ApiKey
from monetization.foundation.rest import KeyAuthentication, KeyRefused, Problem, Repeat, admit, once
from monetization.foundation.rest.problems import CONTENT_TYPE, content, fault, problem_answer
from monetization.foundation.rules.keys import within
from monetization.values.errors import NotAllowed

SCOPE, ABILITY = "events:write", "metering.send_events"
NAMED = 100  # a problem names at most so many events
ASKED_EVERY_SECONDS, WAIT_SECONDS = 0.5, 5.0
_last_backlog: list[Any] = [Backlog(None, 0, 0), 0.0]


def answer(request: HttpRequest) -> HttpResponse:
    """Take the events of a request."""
    try:
        return _answer(request, timezone.now())
    except Exception as error:
        return problem_answer(error)  # raises again what is no refusal


def _answer(request: HttpRequest, at: datetime) -> HttpResponse:
    key = caller(request)
    body = Body(b"", media_type(request), encoding_of(request), attributes_of(request))
    body = replace(body, content=body_of(request))
    run = _keep if _is_later(request) else _take
    repeat = Repeat.of(request, environment=key.environment, owner=f"key:{key.pk}")
    if repeat is None:
        return run(key, body, at)
    first = once(repeat, lambda: run(key, body, at), at=at)
    assert isinstance(first, HttpResponse)
    return first


def _is_later(request: HttpRequest) -> bool:
    wishes = request.headers.get("Prefer", "").lower().replace(";", ",").split(",")
    return "respond-async" in (wish.strip() for wish in wishes)


def _keep(key: ApiKey, body: Body, at: datetime) -> HttpResponse:
    if not body.content.strip():
        raise Problem(400, "The body is empty", field="body", fix="Send events as JSON")
    _refuse_if_behind(at)
    row = accept(environment=key.environment, key=key, body=body, at=at)
    answer = HttpResponse(msgspec.json.encode(receipts.described(row)), status=202, content_type="application/json")
    answer["Location"], answer["Preference-Applied"] = receipts.address_of(row), "respond-async"
    return answer


def _refuse_if_behind(at: datetime) -> None:
    """Raise Problem 429 while the folder is too far behind; asked anew at most every half second."""
    known, asked = _last_backlog
    if time.monotonic() - asked > ASKED_EVERY_SECONDS:
        known = backlog()
        _last_backlog[:] = [known, time.monotonic()]
    if known.size > settings.INBOX_MOST_BYTES or known.age(at).total_seconds() > settings.INBOX_MOST_SECONDS:
        refusal = Problem(429, "More events wait than are taken in", fix="Wait, or send without respond-async")
        refusal.wait = WAIT_SECONDS
        raise refusal


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


def _take(key: ApiKey, body: Body, at: datetime) -> HttpResponse:
    items = items_in(unpacked(body.content, body.encoding), body.media_type, body.attributes)
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
