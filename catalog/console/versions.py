"""A rate card version beside the live one: what changes, from when, who must agree; and the buttons of its state."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from catalog.actions import rate_cards
from catalog.actions.rights import may_draft
from catalog.console.cards import card_crumbs
from catalog.console.comparison import Comparison, Line, compare, placed_versions
from catalog.console.rate_lines import rate_lines
from catalog.console.sheet import sheet
from catalog.console.standing import standing_of, timeline
from catalog.models import RateCardVersion
from monetization.foundation.console import page, show
from monetization.foundation.web import (
    Outcome,
    StaffRequest,
    day_in,
    instant_in,
    perform,
    perform_and_go,
    refused,
)
from monetization.values.errors import DomainError

PER_PAGE = 100
NOTHING_YET: Outcome[Any] = Outcome()


def versions_in(request: StaffRequest) -> QuerySet[RateCardVersion]:
    """Return the card versions of the environment that this person works in."""
    found = RateCardVersion.objects.filter(rate_card__environment=request.environment)
    return found.select_related("rate_card__environment", "rate_card__owner", "request", "based_on", "last_edited_by")


@page("catalog.read")
@require_safe
def version_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a version; with `format=csv` the lines that the address chooses, as a file."""
    version = get_object_or_404(versions_in(request), pk=pk)
    if request.GET.get("format") == "csv":
        comparison = compare(version, timezone.now())
        return sheet(comparison, chosen_lines(request, comparison)[2])
    return render_version(request, version)


def render_version(
    request: StaffRequest, version: RateCardVersion, outcome: Outcome[Any] = NOTHING_YET, doing: str = ""
) -> HttpResponse:
    """Render the page; after a refusal with what was typed and what is wrong with it."""
    now, card = timezone.now(), version.rate_card
    comparison = compare(version, now)
    may_edit = version.is_draft and may_draft(request.user, card)
    context = {
        "version": version,
        "card": card,
        "comparison": comparison,
        "place": next(one for one in placed_versions(card, now) if one.version.pk == version.pk),
        "may_draft": may_draft(request.user, card),
        "may_edit": may_edit,
        "standing": standing_of(version.request, request.user) if version.request else None,
        "timeline": timeline(version.request) if version.request else (),
        "outcome": outcome,
        "doing": doing,
        "typed": request.POST,
        "approve_words": f"Approve v{version.number}",
        "now": now,
        "rates": rate_lines(version, request.POST, may_edit=may_edit),
        "charges": dict(version.charges.values_list("product__key", "pk")),
        **list_context(request, comparison),
    }
    title = f"{card.name} v{version.number}"
    return show(
        request, "catalog/version.html", context, title=title, crumbs=card_crumbs(card), parts=("lines",),
        status=outcome.status,
    )  # fmt: skip


def chosen_lines(request: StaffRequest, comparison: Comparison) -> tuple[str, bool, list[Line]]:
    """Choose the lines that the address asks for: (words in `q`, whether `show=all`, lines)."""
    text, wanted = request.GET.get("q", "").strip(), request.GET.get("show", "")
    everything = wanted == "all" or (wanted != "changes" and comparison.changes == 0)
    return text, everything, comparison.lines(text=text, everything=everything)


def list_context(request: StaffRequest, comparison: Comparison) -> dict[str, Any]:
    """Give the page of lines that the address asks for."""
    text, everything, lines = chosen_lines(request, comparison)
    return {
        "text": text,
        "everything": everything,
        "lines": Paginator(lines, PER_PAGE).get_page(request.GET.get("page")),
    }


@page("catalog.read")
@require_POST
def set_effective(request: StaffRequest, pk: int) -> HttpResponse:
    """Say from when a draft shall hold."""
    version = get_object_or_404(versions_in(request), pk=pk)
    try:
        when = _when(request)
    except DomainError as error:
        return render_version(request, version, refused(error), "effective")
    outcome = perform(request, rate_cards.set_effective, version=version, **when)
    return _back(request, version, outcome, "effective")


def _when(request: StaffRequest) -> dict[str, Any]:
    typed = request.POST
    if typed.get("kind") == "instant":
        at: datetime | None = instant_in(typed.get("effective_at", ""), request.user.time_zone, "effective_at")
        return {"effective_at": at}
    return {"effective_date": day_in(typed.get("effective_date", ""), "effective_date")}


@page("catalog.read")
@require_POST
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for approval; what is not ready yet is listed on the page, nothing typed is lost."""
    version, typed = get_object_or_404(versions_in(request), pk=pk), request.POST
    title, reason = typed.get("title", "").strip(), typed.get("reason", "").strip()
    outcome = perform(request, rate_cards.submit, version=version, title=title, reason=reason)
    return _back(request, version, outcome, "submit")


@page("catalog.read")
@require_POST
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Give up a draft."""
    version = get_object_or_404(versions_in(request), pk=pk)
    to = reverse("console:rate_card", args=[version.rate_card_id])
    return perform_and_go(request, rate_cards.discard, to, f"{version} is discarded.", version=version)


@page("catalog.read")
@require_POST
def note(request: StaffRequest, pk: int) -> HttpResponse:
    """Tell the readers of a draft what changes and why."""
    version = get_object_or_404(versions_in(request), pk=pk)
    outcome = perform(request, rate_cards.note, version=version, notes=request.POST.get("notes", "").strip())
    return _back(request, version, outcome, "note")


def _back(request: StaffRequest, version: RateCardVersion, outcome: Outcome[Any], doing: str) -> HttpResponse:
    if not outcome:
        return render_version(request, get_object_or_404(versions_in(request), pk=version.pk), outcome, doing)
    return HttpResponseRedirect(reverse("console:rate_card_version", args=[version.pk]))


pages = [
    path("rate-cards/versions/<int:pk>/", version_page, name="rate_card_version"),
    path("rate-cards/versions/<int:pk>/effective/", set_effective, name="rate_card_version_effective"),
    path("rate-cards/versions/<int:pk>/submit/", submit, name="rate_card_version_submit"),
    path("rate-cards/versions/<int:pk>/discard/", discard, name="rate_card_version_discard"),
    path("rate-cards/versions/<int:pk>/note/", note, name="rate_card_version_note"),
]
