"""`Idempotency-Key`: the same key and the same request get the first answer again, byte for byte.

The effect and its remembered answer are one transaction. So a crash between the two undoes both and a repeat runs
anew; there is no state "perhaps". Who comes while the first call still runs gets 409 (an advisory lock says so).
Only answers that changed something (2xx) are remembered: what was refused may be tried again with the same key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from monetization.foundation.models import Environment, IdempotentAnswer
from monetization.foundation.rest.problems import Problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Repeat:
    """What makes two calls the same: who (`key:5`, `user:7`) in which environment, the key, the request's digest."""

    environment: Environment
    owner: str
    key: str
    digest: bytes

    @classmethod
    def of(cls, request: HttpRequest, *, environment: Environment, owner: str) -> "Repeat | None":
        """Read a request's header; None without one. Raises Problem 400 for a key that is no plain short text."""
        key = request.headers.get(HEADER)
        if key is None:
            return None
        if not (0 < len(key) <= 200 and key.isascii() and key.isprintable()):
            raise Problem(400, "The key must be 1–200 printable ASCII characters", field=HEADER, fix="Use a UUID")
        return cls(environment, owner, key, _digest(request))


def once(repeat: Repeat, run: Callable[[], HttpResponseBase], *, at: datetime) -> HttpResponseBase:
    """Run a call the first time; answer a repeat from memory. Raises Problem 409 (running) and 422 (other request).

    Whatever `run` raises undoes its effects; so does an answer of 400 or more.
    """
    if (known := _known(repeat, at)) is not None:
        return _replayed(known, repeat)
    with transaction.atomic():
        if not _first_in_line(repeat):
            raise Problem(409, "The first call with this key is still running", field=HEADER, fix="Try again shortly")
        if (known := _known(repeat, at)) is not None:  # it ended while this one came
            return _replayed(known, repeat)
        answer = run()
        if answer.status_code >= 400 or not isinstance(answer, HttpResponse):
            transaction.set_rollback(True)
        else:
            _remember(repeat, answer, at)
        return answer


def forget(*, at: datetime) -> int:
    """Drop answers older than 48 hours; returns how many."""
    dropped, _ = IdempotentAnswer.objects.filter(created_at__lte=at - KEPT).delete()
    return dropped


def _known(repeat: Repeat, at: datetime) -> IdempotentAnswer | None:
    kept = IdempotentAnswer.objects.filter(environment=repeat.environment, created_at__gt=at - KEPT)
    return kept.filter(owner=repeat.owner, key=repeat.key).first()


def _first_in_line(repeat: Repeat) -> bool:
    name = f"idempotent:{repeat.environment.pk}:{repeat.owner}:{repeat.key}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        return bool(cursor.fetchone()[0])


def _replayed(known: IdempotentAnswer, repeat: Repeat) -> HttpResponse:
    if bytes(known.request_digest) != repeat.digest:
        raise Problem(422, "This key was used for another request", field=HEADER, fix="Use a new key for a new request")
    answer = HttpResponse(bytes(known.body), status=known.status, content_type=known.content_type)
    answer[REPLAYED] = "true"
    return answer


def _remember(repeat: Repeat, answer: HttpResponse, at: datetime) -> None:
    IdempotentAnswer.objects.update_or_create(
        environment=repeat.environment, owner=repeat.owner, key=repeat.key,
        defaults={
            "request_digest": repeat.digest, "status": answer.status_code, "created_at": at,
            "content_type": answer.headers.get("Content-Type", ""), "body": answer.content,
        },
    )  # fmt: skip


def _digest(request: HttpRequest) -> bytes:
    head = f"{request.method} {request.get_full_path()}\n{request.content_type}\n"
    return sha256(head.encode("utf-8", "surrogatepass") + request.body).digest()
