"""The account itself: its people (for the customer's admins) and its settings, to be read."""

from __future__ import annotations

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from billing.portal.frame import show
from billing.queries.paper import ENGLISH
from billing.queries.statement import contracts_of
from monetization.foundation.models import AccountAlias, Membership
from monetization.foundation.portal import PortalScope, portal_view


@portal_view
def people(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """List the customer's people; only for their admins."""
    if not scope.is_admin:
        raise Http404("for admins")
    members = (
        Membership.objects.filter(customer=scope.membership.customer)
        .select_related("user")
        .only("role", "user_id", "user__name", "user__email", "user__is_active")  # all that the portal may read
    )
    return show(request, scope, "people", "people", people=members.order_by("user__name", "user__email"))


@portal_view
def settings(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """Show what invoices are addressed to, and how usage is found."""
    alive = Q(ends_at=None) | Q(ends_at__gt=timezone.now())
    return show(
        request, scope, "settings", "settings", account=scope.account, contracts=contracts_of(scope.account),
        country=ENGLISH.territories.get(scope.account.country, scope.account.country),
        aliases=AccountAlias.objects.filter(alive, account=scope.account),
    )  # fmt: skip
