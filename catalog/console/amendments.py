"""Amendments: drafted from their contract's page, filled with parts, shown as a difference, submitted and decided."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.actions import amendments
from catalog.console.amendment_forms import KINDS, amendment_in, charges_of, typed_form
from catalog.console.amendment_rows import differences
from catalog.console.contracts import DRAFT, contracts_in, crumbs_to
from catalog.console.part_forms import FORMS
from catalog.console.part_rows import part_rows
from catalog.console.parts import add_part
from catalog.console.standing import standing_of, timeline
from catalog.models import Amendment
from catalog.queries.amended_parts import KINDS as AMENDABLE
from monetization.foundation.console import page, show
from monetization.foundation.web import Outcome, StaffRequest, perform, perform_and_go, refused
from monetization.values.errors import DomainError

form_page = require_http_methods(["GET", "HEAD", "POST"])


def amendments_in(request: StaffRequest) -> QuerySet[Amendment]:
    """Return the amendments of the contracts that this person may see."""
    found = Amendment.objects.filter(contract__in=contracts_in(request))
    return found.select_related("contract__account__customer", "request", "last_edited_by", "rate_card")


@page(DRAFT)
@form_page
def new_amendment(request: StaffRequest, pk: int) -> HttpResponse:
    """Draft an amendment of a contract."""
    contract = get_object_or_404(contracts_in(request), pk=pk)
    outcome: Outcome[Amendment] = Outcome()
    if request.method == "POST":
        try:
            outcome = perform(request, amendments.draft, contract=contract, **amendment_in(request))
        except DomainError as error:
            outcome = refused(error)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:amendment", args=[outcome.value.pk]))
    form = typed_form(request.POST) if request.method == "POST" else {"kind": request.GET.get("kind", "CHANGE")}
    ends = [(f"{row.part} {row.row.key}", f"{row.row.name} · {row.kind}") for row in part_rows(contract)]
    context = {
        "contract": contract, "form": form, "outcome": outcome, "kinds": KINDS, "charges": charges_of(contract),
        "ends": [("", "none"), *(each for each in ends if each[0].partition(" ")[0] in AMENDABLE.values())],
    }  # fmt: skip
    title, crumbs = f"Amend {contract}", crumbs_to(contract)
    return show(request, "catalog/amendment_form.html", context, title=title, crumbs=crumbs, status=outcome.status)


@page("catalog.read")
@require_safe
def amendment_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show an amendment."""
    return _render(request, get_object_or_404(amendments_in(request), pk=pk), Outcome())


def _render(request: StaffRequest, amendment: Amendment, outcome: Outcome[Any]) -> HttpResponse:
    asked = amendment.request
    context = {
        "amendment": amendment, "contract": amendment.contract, "outcome": outcome, "typed": request.POST,
        "now": timezone.now(), "differences": differences(amendment),
        "standing": standing_of(asked, request.user) if asked else None, "timeline": timeline(asked) if asked else (),
        "may_edit": amendment.is_draft and request.user.has_perm(DRAFT),
        "part_kinds": [(part, form.noun) for part, form in FORMS.items() if part in AMENDABLE.values()],
    }  # fmt: skip
    crumbs = crumbs_to(amendment.contract)
    title = f"Amendment {amendment.number}: {amendment.get_kind_display().lower()}"
    return show(request, "catalog/amendment.html", context, title=title, crumbs=crumbs, status=outcome.status)


@page(DRAFT)
@form_page
def new_amendment_part(request: StaffRequest, pk: int, part: str) -> HttpResponse:
    """Add a part by an amendment's draft."""
    amendment = get_object_or_404(amendments_in(request), pk=pk)
    here = reverse("console:amendment", args=[pk])
    crumbs = [*crumbs_to(amendment.contract), (f"Amendment {amendment.number}", here)]
    return add_part(request, part, here, crumbs, contract=amendment.contract, amendment=amendment)


@page(DRAFT)
@require_POST
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for approval of an amendment."""
    amendment, typed = get_object_or_404(amendments_in(request), pk=pk), request.POST
    reason = typed.get("reason", "").strip() or amendment.reason
    outcome = perform(request, amendments.submit, amendment=amendment, reason=reason)
    if not outcome:
        return _render(request, amendment, outcome)
    return HttpResponseRedirect(reverse("console:amendment", args=[pk]))


@page(DRAFT)
@require_POST
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Give up a draft."""
    amendment = get_object_or_404(amendments_in(request), pk=pk)
    to = reverse("console:contract", args=[amendment.contract_id])
    return perform_and_go(request, amendments.discard, to, f"{amendment} is discarded.", amendment=amendment)


pages = [
    path("contracts/<int:pk>/amend/", new_amendment, name="contract_amend"),
    path("amendments/<int:pk>/", amendment_page, name="amendment"),
    path("amendments/<int:pk>/parts/<str:part>/new/", new_amendment_part, name="amendment_part_new"),
    path("amendments/<int:pk>/submit/", submit, name="amendment_submit"),
    path("amendments/<int:pk>/discard/", discard, name="amendment_discard"),
]
