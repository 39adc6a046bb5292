"""The one place that says what a customer's person may see: their accounts, and nothing else.

Every page of the portal is a `portal_view`. It finds the accounts by the person's memberships, picks the one in
the address (anything else is a page that does not exist), and runs the view as the database role `portal` with
just these accounts named, so that a query that forgot its filter still finds no foreign row. Staff never see
the portal: what customers see is shown to them in the console.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate

from django.contrib.auth.views import redirect_to_login
from django.db import connection, transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from monetization.foundation.models import Account, Membership, User
from monetization.foundation.rules.roles import MemberRole
from monetization.foundation.walls import PORTAL_ROLE

CONSOLE_ADDRESS = "/console/"


@dataclass(frozen=True, slots=True)
class PortalScope:
    """What this person sees: all their accounts, and the account and membership of this page."""

    user: User
    accounts: tuple[Account, ...]
    account: Account
    membership: Membership

    @property
    def is_admin(self) -> bool:
        return self.membership.role == MemberRole.CUSTOMER_ADMIN.value


View = Callable[Concatenate[HttpRequest, PortalScope, ...], HttpResponseBase]


def scope(request: HttpRequest, account_id: int | None = None) -> PortalScope:
    """Give the scope of a signed-in customer's person at one of their accounts (None: the first).

    Raises Http404 for staff, for people of no customer, and for an account that isn't theirs.
    """
    user = request.user
    if not isinstance(user, User) or user.is_staff:
        raise Http404("no portal for this person")
    memberships = {each.customer_id: each for each in user.memberships.select_related("customer")}
    accounts = _accounts_of(memberships)
    account = next((each for each in accounts if account_id in (None, each.pk)), None)
    if account is None:
        raise Http404("no such account")
    return PortalScope(user, accounts, account, memberships[account.customer_id])


def portal_view(view: View) -> Callable[..., HttpResponseBase]:
    """Make a page of the portal: signed in, own account, read only, as the role `portal`.

    The view takes `(request, scope, **the address's other parts)` and must answer with a finished response:
    after it returns, nothing more can be read.
    """

    @never_cache
    @require_safe
    @wraps(view)
    def page(request: HttpRequest, account_id: int | None = None, **parts: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if request.user.is_staff and account_id is None:
            return redirect(CONSOLE_ADDRESS)
        try:
            found = scope(request, account_id)
            with reading_as_portal(each.pk for each in found.accounts):
                return view(request, found, **parts)
        except Http404:
            return render(request, "portal/not_found.html", status=404)

    return page


def portal_form(view: View) -> Callable[..., HttpResponseBase]:
    """Make a form of the portal: for the customer's admins, at their own account, by POST.

    The view calls one action as the app; a page that it shows again must be read inside `reading_as_portal`.
    """

    @never_cache
    @require_POST
    @wraps(view)
    def form(request: HttpRequest, account_id: int, **parts: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        try:
            found = scope(request, account_id)
            if not found.is_admin:
                raise Http404("for admins")
            return view(request, found, **parts)
        except Http404:
            return render(request, "portal/not_found.html", status=404)

    return form


@contextmanager
def reading_as_portal(account_ids: Iterable[int]) -> Iterator[None]:
    """Read as the database role `portal`, which sees only rows of these accounts and writes nothing.

    All reads see one instant, so that the figures of a page agree while usage arrives.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            _stand_still()
        _become(PORTAL_ROLE, ",".join(str(int(each)) for each in account_ids))
        yield
        _become("none", "")  # an outer transaction would go on as the portal; a failed one rolls both back


def _stand_still() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _become(role: str, account_ids: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('portal.account_ids', %s, true), set_config('role', %s, true)", [account_ids, role]
        )


def _accounts_of(customer_ids: Iterable[int]) -> tuple[Account, ...]:
    found = Account.objects.filter(customer__in=list(customer_ids)).select_related("customer", "environment")
    return tuple(found.order_by("environment__kind", "name", "pk"))
