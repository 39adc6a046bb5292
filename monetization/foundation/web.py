"""Edge of HTML pages: the chosen environment, one form to one action, a page or the part that changed.

Nothing here knows what is done: a view parses its form, calls `perform` with one action and shows the outcome.
A refusal becomes a line beside its field, everything typed stays; without a field it becomes a message on top.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from monetization.foundation.models import Environment, User
from monetization.values.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, WrongState
from monetization.values.periods import zone_of

T = TypeVar("T")
CHOSEN = "environment"
KNOWN = "_known_environment"
NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,40})?")
STATUS: Mapping[type[DomainError], int] = {NotAllowed: 403, NotFound: 404, Conflict: 409, WrongState: 409}


class StaffRequest(HttpRequest):
    """What a console view gets: somebody signed in, working in one environment."""

    user: User
    environment: Environment
    htmx: HtmxDetails


class EnvironmentMiddleware:
    """Put the chosen environment on the request (`request.environment`); nothing is read until it is asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.environment = SimpleLazyObject(lambda: environment_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def environment_of(request: HttpRequest) -> Environment:
    """Return the environment that this person works in: the chosen one while it exists, else LIVE.

    It is read once for a request, which asks for it many times.
    """
    known: Environment | None = vars(request).get(KNOWN)
    if known is None:
        chosen = Environment.objects.filter(key=request.session.get(CHOSEN, "")).first()
        known = chosen or Environment.objects.get(kind=Environment.Kind.LIVE)
        vars(request)[KNOWN] = known
    return known


def person(request: HttpRequest) -> User:
    """Return who is signed in; only for requests that a guard has let through."""
    return cast(User, request.user)


def choose_environment(request: HttpRequest, key: str) -> None:
    """Work in another environment from now on. Raises NotFound."""
    if not Environment.objects.filter(key=key).exists():
        raise NotFound(f"There is no environment “{key}”", field="environment", fix="Choose one from the list")
    request.session[CHOSEN] = key
    vars(request).pop(KNOWN, None)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of an action: its value, or the refusals."""

    value: T | None = None
    errors: tuple[DomainError, ...] = ()

    def __bool__(self) -> bool:
        return not self.errors

    @property
    def status(self) -> int:
        """The HTTP status that says the same."""
        return STATUS.get(type(self.errors[0]), 422) if self.errors else 200

    def about(self, field: str) -> tuple[DomainError, ...]:
        """Refusals about a field, or about a place inside it (`tiers` also gives `tiers[1].up_to`)."""
        inside = (f"{field}.", f"{field}[")
        return tuple(e for e in self.errors if e.field == field or (e.field or "").startswith(inside))

    def elsewhere(self, fields: Sequence[str]) -> tuple[DomainError, ...]:
        """Refusals about none of these fields, for the top of the form."""
        near = {id(e) for field in fields for e in self.about(field)}
        return tuple(e for e in self.errors if id(e) not in near)


def perform(request: HttpRequest, action: Callable[..., T], /, **kwargs: Any) -> Outcome[T]:
    """Call an action as the person who is signed in, now; a refusal comes back as an outcome."""
    try:
        return Outcome(action(by=request.user, at=timezone.now(), **kwargs))
    except DomainError as error:
        return Outcome(errors=error.errors)


def refused(*errors: DomainError) -> Outcome[Any]:
    """Make the outcome of a form that could not even be read."""
    return Outcome(errors=tuple(single for error in errors for single in error.errors))


def perform_and_go(
    request: HttpRequest, action: Callable[..., Any], to: str, said: str = "", /, **kwargs: Any
) -> HttpResponseRedirect:
    """Call the action behind a button and go to a page; a refusal is told on top of it."""
    outcome = perform(request, action, **kwargs)
    tell(request, outcome)
    if outcome and said:
        messages.success(request, said)
    return HttpResponseRedirect(to)


def tell(request: HttpRequest, outcome: Outcome[Any]) -> None:
    """Put refusals on top of the next page."""
    for error in outcome.errors:
        messages.error(request, sentence(error))


def sentence(error: DomainError) -> str:
    """Say what is wrong and what mends it."""
    message = error.message if error.message.endswith((".", "!", "?", "…")) else f"{error.message}."
    return f"{message} {error.fix}" if error.fix else message


def part_or_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], parts: Sequence[str] = (), status: int = 200
) -> HttpResponse:
    """Render the part that htmx will put in place (its target's id names the part), else the whole page."""
    part = wanted_part(request, parts)
    return render(request, f"{template}#{part}" if part else template, dict(context), status=status)


def wanted_part(request: HttpRequest, parts: Sequence[str]) -> str | None:
    """Return the name of the part that htmx asks for, if it is one of these."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    if not htmx or htmx.boosted or htmx.history_restore_request:
        return None
    return htmx.target if htmx.target in parts else None


def number_in(text: str, field: str) -> Decimal | None:
    """Read a number of a form exactly as it is written; None where there is none. Raises Invalid."""
    digits = text.strip().replace("\u202f", "").replace(" ", "").replace("−", "-")
    if not digits:
        return None
    if not NUMBER.fullmatch(digits):
        raise Invalid(f"“{text.strip()}” is not a number", field=field, fix="Write digits and one point: 1250.075")
    return Decimal(digits)


def day_in(text: str, field: str) -> date | None:
    """Read a date of a form (2026-10-31); None where there is none. Raises Invalid."""
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise Invalid(f"“{text}” is not a day", field=field, fix="Write it like 2026-10-31") from error


def instant_in(text: str, zone: str, field: str) -> datetime | None:
    """Read an instant of a form (2026-10-31T09:00), meant in a time zone, as UTC. Raises Invalid."""
    try:
        naive = datetime.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise Invalid(f"“{text}” is not a time", field=field, fix="Write it like 2026-10-31T09:00") from error
    if naive is None or naive.tzinfo is not None:
        return naive
    return naive.replace(tzinfo=zone_of(zone)).astimezone(UTC)


def next_page(request: HttpRequest, otherwise: str) -> str:
    """Return the address in `next` if it is one of ours, else the other one."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and ours else otherwise
