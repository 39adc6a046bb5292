"""Quota: check, reserve, settle, release. Plain views like the door, because requests wait for their answer.

A refusal to admit is an answer (200, `admitted` false), not an error. Where a limit can't be asked in time, its policy
answers (`degraded` true); where the database can't be asked at all there is 503, and the caller decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from metering.actions import holds, settling
from metering.actions.holds import Answer, Use
from metering.api.quota_bodies import (
    CheckBody,
    ReleaseBody,
    ReserveBody,
    SettleBody,
    amount_in,
    decoded,
    name_in,
    spend_in,
)
from metering.models import Hold
from metering.queries.limits import named
from metering.rules.quotas import Standing
from metering.stores.patience import patience
from monetization.foundation.models import ApiKey, Environment
from monetization.foundation.rest import KeyAuthentication, KeyRefused, Problem, admit
from monetization.foundation.rest.idempotency import HEADER
from monetization.foundation.rest.problems import problem_answer
from monetization.foundation.rules.keys import within
from monetization.values.errors import Invalid, NotAllowed
from monetization.values.money import plain

SCOPE, ABILITY = "quota:use", "metering.use_quota"
MOST_DIMENSIONS = 32


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, in which environment, when; `key` is the Idempotency-Key."""

    environment: Environment
    at: datetime
    key: str


def check(body: CheckBody, call: Call) -> dict[str, Any]:
    """Say whether a use would be admitted."""
    return answered(holds.check(environment=call.environment, use=_use(body, call), at=call.at))


def reserve(body: ReserveBody, call: Call) -> dict[str, Any]:
    """Hold an amount."""
    key = name_in(body.key or call.key, "key")
    use = _use(body, call)
    answer = holds.reserve(environment=call.environment, key=key, use=use, seconds=body.hold_seconds, at=call.at)
    return answered(answer) | {"reservation": reserved(answer.hold) if answer.hold else None}


def settle(body: SettleBody, call: Call) -> dict[str, Any]:
    """Name a reservation's event."""
    source, event = name_in(body.event.source, "event.source"), name_in(body.event.id, "event.id")
    key = name_in(body.key, "key")
    return reserved(
        settling.settle(environment=call.environment, key=key, source=source, event_id=event, at=call.at)
    )  # fmt: skip


def release(body: ReleaseBody, call: Call) -> dict[str, Any]:
    """Give back what is held."""
    return reserved(settling.release(environment=call.environment, key=name_in(body.key, "key"), at=call.at))


VERBS: dict[str, tuple[msgspec.json.Decoder[Any], Callable[[Any, Call], dict[str, Any]]]] = {
    "check": (msgspec.json.Decoder(CheckBody), check),
    "reserve": (msgspec.json.Decoder(ReserveBody), reserve),
    "settle": (msgspec.json.Decoder(SettleBody), settle),
    "release": (msgspec.json.Decoder(ReleaseBody), release),
}


def answer(request: HttpRequest, verb: str) -> HttpResponse:
    """Answer a call of one of the verbs."""
    decoder, act = VERBS[verb]
    try:
        body = decoded(request, decoder)
        with patience():
            key = caller(request)
            call = Call(key.environment, timezone.now(), request.headers.get(HEADER, ""))
            found = act(body, call)
        return HttpResponse(msgspec.json.encode(found), content_type="application/json")
    except (OperationalError, InterfaceError):
        return problem_answer(_away())
    except Exception as error:
        return problem_answer(error)  # raises again what is no refusal


def caller(request: HttpRequest) -> ApiKey:
    """Find the key. Raises KeyRefused, NotAllowed (scope or its owner's role), Problem 429."""
    known = KeyAuthentication().authenticate(request)
    if known is None:
        raise KeyRefused("Send an API key: “Authorization: Bearer mk_…”.")
    owner, key = known
    if not within(frozenset(key.scopes), SCOPE):
        raise NotAllowed(f"This API key lacks the scope “{SCOPE}”.", fix="Use another key")
    if not owner.has_perm(ABILITY):
        raise NotAllowed(f"This needs “{ABILITY}”.", fix="Give the key's owner a role that uses quotas")
    if not admit(f"key:{key.pk}", "quota"):
        refusal = Problem(429, "Too many calls with this key", fix="Reserve more at a time, or wait")
        refusal.wait = 60.0
        raise refusal
    return key


def answered(found: Answer) -> dict[str, Any]:
    """Write an answer: admitted or not, and how the limits stand."""
    near = found.nearest
    return {
        "admitted": found.admitted,
        "degraded": found.degraded,
        "reason": found.reason or None,
        "left": plain(near.left) if near else None,
        "nearest": described(near) if near else None,
        "limits": [described(each) for each in found.limits],
    }


def described(each: Standing) -> dict[str, Any]:
    """Write how a limit stands."""
    return {
        "id": each.limit_id,
        "name": each.name,
        "kind": each.kind,
        "is_hard": each.is_hard,
        "most": plain(each.most),
        "spent": plain(each.spent),
        "held": plain(each.held),
        "left": plain(each.left),
        "currency": each.currency or None,
        "window": each.window,
        "starts_at": each.starts_at,
        "ends_at": each.ends_at,
        "as_of": each.as_of,
    }


def reserved(hold: Hold) -> dict[str, Any]:
    """Write a reservation."""
    event = {"source": hold.event_source, "id": hold.event_id} if hold.event_id else None
    return {
        "key": hold.key,
        "status": str(hold.status),
        "amount": plain(hold.amount),
        "spend": plain(hold.spend) if hold.spend else None,
        "currency": hold.currency or None,
        "made_at": hold.made_at,
        "expires_at": hold.expires_at,
        "ended_at": hold.ended_at,
        "event": event,
    }


def _use(body: CheckBody | ReserveBody, call: Call) -> Use:
    subject, metric = name_in(body.account, "account"), name_in(body.metric, "metric")
    if len(body.dimensions) > MOST_DIMENSIONS:
        raise Invalid("Too many dimensions", field="dimensions", fix=f"At most {MOST_DIMENSIONS}")
    for key, value in body.dimensions.items():
        name_in(key, "dimensions")
        name_in(value or "-", f"dimensions.{key[:60]}")
    account_id, metric_id = named(environment_id=call.environment.pk, subject=subject, metric=metric, at=call.at)
    spend, currency = spend_in(body.spend, body.currency)
    return Use(account_id, metric, amount_in(body.amount), body.dimensions, metric_id, spend, currency)


def _away() -> Problem:
    words = "The limits can't be asked now"
    refusal = Problem(503, words, code="unavailable", fix="Decide by your own policy, or try again shortly")
    refusal.wait = 1.0
    return refusal
