"""Every refusal of the API in one form: `application/problem+json`. Source: RFC 9457.

`errors` lists each refusal with the field that it is about (a path such as `charges[0].tiers[1].up_to`) and what
mends it; `type` is stable and meant for programs, `detail` for people.
"""

import logging
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

import psycopg
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from monetization.values import errors as domain

CONTENT_TYPE = "application/problem+json"
STATUS: dict[type[domain.DomainError], int] = {
    domain.Invalid: 422,
    domain.NotAllowed: 403,
    domain.WrongState: 409,
    domain.Conflict: 409,
    domain.NotFound: 404,
}
Fault = dict[str, str | None]
FULL = "53100"  # PostgreSQL's disk_full
UNAVAILABLE = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
RETRY_SECONDS, FULL_SECONDS = 2.0, 30.0

log = logging.getLogger(__name__)


class Problem(exceptions.APIException):
    """A refusal of the edge itself, with its own status: `raise Problem(413, "Too large", fix="…")`."""

    def __init__(
        self, status: int, detail: str, *, code: str = "", field: str | None = None, fix: str | None = None
    ) -> None:
        super().__init__(detail, code or HTTPStatus(status).phrase.lower().replace(" ", "_"))
        self.status_code = status
        self.faults = [fault(detail, field=field, fix=fix, code=code or None)]
        self.wait: float | None = None


def unavailable(error: Exception) -> Problem:
    """Say that the database can't answer now: away, starting, full. Nothing of the call was done; it may be repeated.

    Should a commit have been under way, it is done or not: a repeat is then a duplicate or has its effect.
    """
    log.error("The database can't answer: %s", str(error).strip().partition("\n")[0])
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if getattr(cause, "sqlstate", None) == FULL:
        found = Problem(503, "There is no room to store this", code="storage_full", fix="Try again when there is room")
        found.wait = FULL_SECONDS
        return found
    found = Problem(503, "The database can't be reached just now", code="database_away", fix="Try again in a moment")
    found.wait = RETRY_SECONDS
    return found


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into its answer (DRF's exception handler); None for what is nobody's fault but ours."""
    error = _ours(error)
    found = _described(error)
    if found is None:
        return None
    status, code, detail, faults = found
    response = Response(content(status, code, detail, faults), status=status, content_type=CONTENT_TYPE)
    for name, value in _headers(error):
        response[name] = value
    return response


def problem_answer(error: Exception) -> HttpResponse:
    """Do the same for a plain Django view. Raises the error again where it is not a refusal."""
    error = _ours(error)
    found = _described(error)
    if found is None:
        raise error
    status, code, detail, faults = found
    text = JSONEncoder().encode(content(status, code, detail, faults))
    response = HttpResponse(text, status=status, content_type=CONTENT_TYPE)
    for name, value in _headers(error):
        response[name] = value
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours (Django's handler500): a problem for the API, a page for people."""
    if not request.path_info.startswith("/api/"):
        return defaults.server_error(request)
    words = "Something went wrong on our side; it was logged."
    text = JSONEncoder().encode(content(500, "server_error", words, [fault(words, fix="Try again later")]))
    return HttpResponse(text, status=500, content_type=CONTENT_TYPE)


def content(status: int, code: str, detail: str, faults: Iterable[Fault]) -> dict[str, Any]:
    """Return the body of a problem."""
    return {
        "type": f"about:blank#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": list(faults),
    }


def fault(message: str, *, field: str | None = None, fix: str | None = None, code: str | None = None) -> Fault:
    """Return one entry of `errors`."""
    return {"field": field, "message": message, "fix": fix, "code": code}


def _ours(error: Exception) -> Exception:
    """Take a database that can't answer for a refusal; COPY raises psycopg's own errors, past Django."""
    return unavailable(error) if isinstance(error, UNAVAILABLE) else error


def _described(error: Exception) -> tuple[int, str, str, list[Fault]] | None:
    """Return (status, code, detail, errors), or None for an exception that is no refusal."""
    if isinstance(error, domain.DomainError):
        faults = [fault(e.message, field=e.field, fix=e.fix, code=e.code) for e in error.errors]
        return _status(error), error.code, error.message, faults
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = Problem(413, "The body is too large", fix="Send it in parts")
    if not isinstance(error, exceptions.APIException):
        return None
    if isinstance(error, exceptions.ValidationError):
        faults = list(_flat(error.detail))
        return 422, "invalid", faults[0]["message"] or "Invalid", faults
    code = str(error.get_codes()) if isinstance(error.detail, str) else error.default_code
    return error.status_code, code, str(error.detail), getattr(error, "faults", [fault(str(error.detail), code=code)])


def _status(error: domain.DomainError) -> int:
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 422)


def _headers(error: Exception) -> Iterator[tuple[str, str]]:
    if isinstance(error, exceptions.APIException):
        if header := getattr(error, "auth_header", None):
            yield "WWW-Authenticate", header
        if (wait := getattr(error, "wait", None)) is not None:
            yield "Retry-After", str(max(1, int(wait + 0.999)))


def _flat(detail: Any, path: str = "") -> Iterator[Fault]:
    """Yield the leaves of a serializer's nested errors, each with the path of its field."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _flat(inner, _inside(path, key))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from _flat(inner, _inside(path, index) if isinstance(inner, dict | list) else path)
    else:
        yield fault(str(detail), field=path or None, code=getattr(detail, "code", None))


def _inside(path: str, key: str | int) -> str:
    if key == "non_field_errors":
        return path
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".lstrip(".")
