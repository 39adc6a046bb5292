"""The finance pages of the console: review queue, invoice review, line trail, payments.

The buttons of an invoice come from the table of its states (`rules/lifecycle.py`); each calls one
action. What a reviewer saw is named by its digest, so that nobody approves something else.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing import event_lines, rollback, timeline
from billing.actions import closing, invoices, payments
from billing.calculator import pages as calculator
from billing.documents.pdf import pdf_of
from billing.impacts import pages as impact_pages
from billing.impacts import panel as impact_panel
from billing.models import Document, Invoice, InvoiceLine
from billing.outlook import pages as outlook
from billing.queries import invoice_document, line_trail
from billing.queries.moves import compare
from billing.queries.queue import Tab, neighbours, queue_tabs
from billing.queries.queue import queue as queued
from billing.queries.seats import seat
from billing.queries.sources import cards_of
from billing.queries.spend import spend_by_day
from billing.queries.trail import events_of
from billing.rules.moves import percent_of
from metering.queries.partitions import gone
from metering.rules import places
from monetization.foundation.console import page, show, site
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import StaffRequest, perform, refused, tell
from monetization.values.errors import Invalid

QUEUE = ("Review queue", "console:invoices")


@require_GET
def queue(request: StaffRequest) -> HttpResponse:
    """List invoices by state, riskiest first, each with its change against the last period."""
    now, wanted = timezone.now(), request.GET.get("tab", "")
    accounts = accounts_for(request.user, request.environment)
    tab = Tab(wanted) if wanted in list(Tab) else Tab.REVIEW
    rows = Paginator(queued(accounts, tab, at=now), 50).get_page(request.GET.get("page"))
    tabs = queue_tabs(accounts, at=now)
    context = {"tab": tab, "tabs": tabs, "rows": rows, "now": now, "moved": _moved(rows)}
    return show(request, "billing/queue.html", context, title="Review queue")


@require_GET
def invoice(request: StaffRequest, pk: int) -> HttpResponse:
    """Show one invoice made for its review: lines, moves, flags, spend by day, who did what."""
    found = _invoice(request, pk)
    return _review(request, found)


def _review(request: StaffRequest, found: Invoice, **more: Any) -> HttpResponse:
    now = timezone.now()
    rows = list(found.lines.select_related("product").prefetch_related("flags"))
    context = {
        "invoice": found,
        "lines": rows,
        "cards": cards_of(rows),
        "taxes": found.taxes.all(),
        "flags": found.flags.select_related("line"),
        "comparison": compare(found),
        "seat": seat(found, request.user),
        "document": found.documents.first(),
        "payments": found.payments.select_related("recorded_by"),
        "spend": spend_by_day(found),
        "zone": found.account.time_zone,
        "now": now,
        "neighbours": neighbours(found, accounts_for(request.user, request.environment), at=now),
    }
    crumbs = [(QUEUE[0], reverse(QUEUE[1]))]
    title = f"{found.account.name}: {found}"
    return show(request, "billing/invoice.html", context | more, title=title, crumbs=crumbs)


def _moved(rows: Iterable[Any]) -> dict[int, Decimal | None]:
    """Return each row's change against the period before, in percent."""
    return {
        row.pk: None if row.net_before is None else percent_of(row.net - row.net_before, row.net_before) for row in rows
    }


@require_GET
def line(request: StaffRequest, pk: int, position: int) -> HttpResponse:
    """Walk a line back: its steps and price row, its usage by hour, its events."""
    found = _invoice(request, pk)
    rows = InvoiceLine.objects.select_related(
        "invoice", "product", "of", "instrument", "metric_version__metric", "evidence"
    )
    row = get_object_or_404(rows, invoice=found, position=position)
    trail = line_trail(row)
    chosen = _chosen(request, len(trail.used))
    try:
        events = events_of(trail, chosen, after=places.read(request.GET.get("after")))
    except Invalid as error:
        raise Http404(error.message) from error
    crumbs = [(QUEUE[0], reverse(QUEUE[1])), (str(found), reverse("console:invoice", args=[pk]))]
    context = {
        "invoice": found,
        "line": row,
        "trail": trail,
        "cards": cards_of([row]),
        "chosen": chosen,
        "events": events.events if events else (),
        "after": places.written(events.next) if events else None,
        "gone": gone(trail.period),
        "digest": bytes(row.evidence.digest).hex() if hasattr(row, "evidence") else "",
        "zone": found.account.time_zone,
    }
    return show(request, "billing/line.html", context, title=row.description, crumbs=crumbs, parts=["events"])


def _chosen(request: StaffRequest, count: int) -> int:
    """Return which of the line's sets of dimension values is looked at; the first where none is named."""
    text = request.GET.get("used", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) < count else 0


@require_GET
def pdf(request: StaffRequest, pk: int) -> HttpResponse:
    """Send the issued PDF, or a preview made now with its watermark."""
    found = _invoice(request, pk)
    ready = found.documents.filter(kind=Document.Kind.PDF, status=Document.Status.READY).first()
    if ready is not None:
        response = HttpResponse(ready.file.read(), content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="{found}.pdf"'
        return response
    if found.issued_at is not None:
        raise Http404("The PDF is still being made")
    response = HttpResponse(pdf_of(invoice_document(found)), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="preview-{found.pk}.pdf"'
    return response


def _refresh(*, invoice: Invoice, by: Any, at: Any) -> Invoice:
    return invoices.refresh(invoice=invoice, at=at)


VERBS: Mapping[str, tuple[str, Callable[..., Any], str]] = {
    "refresh": ("billing.draft_invoice", _refresh, "Recomputed."),
    "review": ("billing.review_invoice", invoices.review, "In review: its inputs are frozen now."),
    "send-back": ("billing.review_invoice", invoices.send_back, "Back in draft: usage counts again."),
    "approve": ("billing.approve_invoice", invoices.approve, "Approved."),
    "issue": ("billing.issue_invoice", invoices.issue, "Issued; the PDF is on its way."),
    "approve-and-issue": ("billing.issue_invoice", closing.approve_and_issue, "Approved and issued."),
}


@require_POST
def act(request: StaffRequest, pk: int, verb: str) -> HttpResponse:
    """Do what a button says; a refusal is told on top of the page and changes nothing."""
    if verb not in VERBS:
        raise Http404("No such button")
    found = _invoice(request, pk)
    ability, action, said = VERBS[verb]
    outcome = perform(request, action, invoice=found, **_seen(verb, request))
    tell(request, outcome)
    if outcome:
        messages.success(request, said)
    return redirect("console:invoice", pk)


def _seen(verb: str, request: StaffRequest) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if verb.startswith("approve"):
        more["seen"] = bytes.fromhex(request.POST.get("seen", "") if _is_hex(request.POST.get("seen", "")) else "")
    if verb == "send-back":
        more["reason"] = request.POST.get("reason", "")
    return more


def _is_hex(text: str) -> bool:
    return len(text) == 64 and all(c in "0123456789abcdef" for c in text)


@require_POST
def pay(request: StaffRequest, pk: int) -> HttpResponse:
    """Record a payment; the form stays as typed when something is refused."""
    found = _invoice(request, pk)
    try:
        typed = _payment(request.POST)
    except Invalid as error:
        outcome = refused(error)
    else:
        outcome = perform(request, payments.record, invoice=found, currency=found.currency, **typed)
    if outcome:
        messages.success(request, "Payment recorded.")
        return redirect("console:invoice", pk)
    return _review(request, found, payment=outcome, typed=request.POST)


def _payment(form: Mapping[str, str]) -> dict[str, Any]:
    try:
        amount = Decimal(form.get("amount", "").replace(",", "").strip())
    except InvalidOperation:
        raise Invalid("This is no amount.", field="amount", fix="Write it like 1234.50") from None
    try:
        received = date.fromisoformat(form.get("received_date", ""))
    except ValueError:
        raise Invalid("This is no date.", field="received_date", fix="Write it like 2026-11-30") from None
    return {"amount": amount, "received_date": received, "reference": form.get("reference", "").strip()}


def _invoice(request: StaffRequest, pk: int) -> Invoice:
    rows = Invoice.objects.select_related(
        "account__customer", "contract", "legal_entity", "prepared_by", "approved_by", "issued_by"
    )
    seen = accounts_for(request.user, request.environment)
    return get_object_or_404(rows, pk=pk, environment=request.environment, account__in=seen)


site.add_pages(
    [
        path("invoices/", page("billing.read")(queue), name="invoices"),
        path("invoices/<int:pk>/", page("billing.read")(invoice), name="invoice"),
        path("invoices/<int:pk>/pdf/", page("billing.read")(pdf), name="invoice_pdf"),
        path("invoices/<int:pk>/lines/<int:position>/", page("billing.read")(line), name="invoice_line"),
        path("invoices/<int:pk>/payments/", page("billing.record_payment")(pay), name="invoice_pay"),
        path("invoices/<int:pk>/<slug:verb>/", page("billing.read")(act), name="invoice_act"),
        *event_lines.pages,
        *calculator.pages,
        *timeline.pages,
        *outlook.pages,
        *rollback.pages,
        *impact_pages.pages,
        *impact_panel.pages,
    ]
)
