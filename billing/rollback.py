"""The page between “Roll back” and the request for it: what changes back, and what was issued at these prices."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.queries.priced_by import issued_with
from catalog.actions import rollbacks
from catalog.actions.rights import allow_card
from catalog.console.comparison import Comparison
from catalog.models import RateCardVersion
from catalog.queries import difference, version_content
from monetization.foundation.console import page, show
from monetization.foundation.templatetags.show import local_input
from monetization.foundation.web import Outcome, StaffRequest, instant_in, perform, refused
from monetization.values.errors import DomainError

MOST = 100


@page("catalog.read")
@require_http_methods(["GET", "HEAD", "POST"])
def roll_back(request: StaffRequest, pk: int) -> HttpResponse:
    """Show what a rollback to this version changes; ask for it."""
    cards = RateCardVersion.objects.filter(rate_card__environment=request.environment)
    version = get_object_or_404(cards.select_related("rate_card__environment"), pk=pk)
    allow_card(request.user, version.rate_card)
    outcome: Outcome[Any] = Outcome()
    if request.method == "POST":
        outcome = _perform(request, version)
        if outcome.value:
            return HttpResponseRedirect(reverse("console:request", args=[outcome.value.pk]))
    return _page(request, version, outcome)


def _perform(request: StaffRequest, version: RateCardVersion) -> Outcome[Any]:
    typed = request.POST
    try:
        when = instant_in(typed.get("effective_at", ""), request.user.time_zone, "effective_at")
    except DomainError as error:
        return refused(error)
    reason = typed.get("reason", "").strip()
    return perform(request, rollbacks.roll_back, version=version, reason=reason, effective_at=when)


def _page(request: StaffRequest, version: RateCardVersion, outcome: Outcome[Any]) -> HttpResponse:
    now, card, live = timezone.now(), version.rate_card, None
    try:
        live = rollbacks.guard(version, now)
    except DomainError as error:
        outcome = outcome if outcome.errors else refused(error)
    context: dict[str, Any] = {
        "version": version,
        "card": card,
        "live": live,
        "outcome": outcome,
        "typed": request.POST,
    }
    if live is not None:
        units = {charge.product: charge.metric.unit for charge in version_content(version)}
        comparison = Comparison(version, live, difference(live, version), units)
        issued = issued_with(live, request.user)
        context |= {
            "comparison": comparison,
            "lines": comparison.lines(text="", everything=False)[:MOST],
            "issued": issued[:MOST] if request.user.has_perm("billing.read") else (),
            "issued_count": issued.count(),
            "soon": local_input(now + rollbacks.SOON, request.user.time_zone),
        }
    crumbs = [
        ("Rate cards", reverse("console:catalog_ratecard_changelist")),
        (card.name, reverse("console:rate_card", args=[card.pk])),
    ]
    status = outcome.status if request.method == "POST" else 200  # that it makes no sense is an answer
    title = f"Roll {card.name} back to v{version.number}"
    return show(request, "billing/roll_back.html", context, title=title, crumbs=crumbs, status=status)


pages = [path("rate-cards/versions/<int:pk>/roll-back/", roll_back, name="roll_back")]
