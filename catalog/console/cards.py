"""A rate card: its versions in time, which one is live, what comes next, and the contracts on it."""

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.actions import rate_cards
from catalog.actions.rights import may_draft
from catalog.console.comparison import placed_versions
from catalog.models import Contract, RateCard, RateCardVersion
from monetization.foundation.console import Crumb, page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import Outcome, StaffRequest, perform, tell

OPEN = ("DRAFT", "SUBMITTED")


def cards_in(request: StaffRequest) -> QuerySet[RateCard]:
    """Return the rate cards of the environment that this person works in."""
    return RateCard.objects.filter(environment=request.environment).select_related("owner")


def card_crumbs(card: RateCard | None = None) -> list[Crumb]:
    """Lead from the list of rate cards to a page below it."""
    start: list[Crumb] = [("Rate cards", reverse("console:catalog_ratecard_changelist"))]
    return start if card is None else [*start, (card.name, reverse("console:rate_card", args=[card.pk]))]


@page("catalog.read")
@require_safe
def rate_card(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a card."""
    card, now = get_object_or_404(cards_in(request), pk=pk), timezone.now()
    versions = placed_versions(card, now)
    seen = accounts_for(request.user, request.environment)
    contracts = Contract.objects.filter(rate_card=card, status="APPROVED", account__in=seen)
    context = {
        "card": card,
        "versions": versions,
        "live": next((one for one in versions if one.state == "LIVE"), None),
        "next": [one for one in versions if one.state == "NEXT"],
        "open": [one for one in versions if one.version.status in OPEN],
        "contracts": contracts.select_related("account", "pinned_version").order_by("account__name"),
        "may_draft": may_draft(request.user, card),
        "now": now,
    }
    return show(request, "catalog/rate_card.html", context, title=card.name, crumbs=card_crumbs())


@page("catalog.draft_rate_card")
@require_http_methods(["GET", "HEAD", "POST"])
def new_card(request: StaffRequest) -> HttpResponse:
    """Make a rate card and start its first version."""
    typed = request.POST
    outcome: Outcome[RateCard] = Outcome()
    if request.method == "POST":
        outcome = perform(
            request, rate_cards.create, environment=request.environment, key=typed.get("key", "").strip(),
            name=typed.get("name", "").strip(), description=typed.get("description", "").strip(), owner=request.user,
        )  # fmt: skip
    if outcome.value:
        return HttpResponseRedirect(reverse("console:rate_card", args=[outcome.value.pk]))
    context = {"outcome": outcome, "typed": typed}
    return show(
        request, "catalog/rate_card_new.html", context, title="New rate card", crumbs=card_crumbs(),
        status=outcome.status,
    )  # fmt: skip


@page("catalog.read")
@require_POST
def draft(request: StaffRequest, pk: int) -> HttpResponse:
    """Start a new version from the live one, or from the one that was chosen."""
    card, chosen = get_object_or_404(cards_in(request), pk=pk), request.POST.get("based_on", "")
    base = get_object_or_404(card.versions, pk=chosen) if chosen.isdigit() else None
    outcome: Outcome[RateCardVersion] = perform(request, rate_cards.draft, rate_card=card, based_on=base)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:rate_card_version", args=[outcome.value.pk]))
    tell(request, outcome)
    return HttpResponseRedirect(reverse("console:rate_card", args=[pk]))


pages = [
    path("rate-cards/new/", new_card, name="rate_card_new"),
    path("rate-cards/<int:pk>/", rate_card, name="rate_card"),
    path("rate-cards/<int:pk>/draft/", draft, name="rate_card_draft"),
]
