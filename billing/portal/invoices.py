"""Issued invoices: list, one with its lines and payments, its PDF, and the usage behind a line."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from billing.models import Document, Invoice, InvoiceLine
from billing.portal.cost import hours
from billing.portal.frame import address, one_page, show, shown
from billing.queries import invoice_document
from billing.queries.statement import buckets, issued_invoices, lines_of_invoice
from monetization.foundation.portal import PortalScope, portal_view
from monetization.values.periods import Period

A_PAGE = 25
NOTE = (
    "The line stands as it was issued. Usage that arrived for these hours later is listed here too; it is"
    " settled on a later invoice."
)


def own(scope: PortalScope, invoice_id: int) -> Invoice:
    """Give an issued invoice of this account; Http404 for any other."""
    found: Invoice = get_object_or_404(issued_invoices(scope.account), pk=invoice_id)
    return found


@portal_view
def issued(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """List what was issued, the newest first."""
    return show(request, scope, "invoices", "invoices", **one_page(request, issued_invoices(scope.account), A_PAGE))


@portal_view
def detail(request: HttpRequest, scope: PortalScope, invoice_id: int) -> HttpResponse:
    """Show an invoice as it was issued, with the working of each line and what was paid."""
    invoice = own(scope, invoice_id)
    document = invoice_document(invoice)
    stored = invoice.lines.select_related("invoice").order_by("position")
    lines = [
        shown(
            line, document.zone,
            address(scope, "invoice_line", invoice_id=invoice.pk, **line.place) if line.is_usage else "",
        )
        for line in lines_of_invoice(document, stored)
    ]  # fmt: skip
    return show(
        request, scope, "invoice", "invoices", invoice=invoice, document=document, currency=document.currency,
        lines=lines, payments=invoice.payments.order_by("received_date", "pk"),
    )  # fmt: skip


@portal_view
def pdf(request: HttpRequest, scope: PortalScope, invoice_id: int) -> HttpResponseBase:
    """Hand out the PDF; Http404 until it is made."""
    invoice = own(scope, invoice_id)
    made = Document.objects.filter(invoice=invoice, kind=Document.Kind.PDF, status=Document.Status.READY).first()
    if made is None:
        raise Http404("not made yet")
    answer = FileResponse(
        made.file.open("rb"), as_attachment=True, filename=f"{invoice.number}.pdf", content_type="application/pdf"
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@portal_view
def line_usage(request: HttpRequest, scope: PortalScope, invoice_id: int, position: int) -> HttpResponse:
    """Show the hours of usage behind a line of an issued invoice."""
    invoice = own(scope, invoice_id)
    lines = invoice.lines.select_related("invoice", "metric_version")
    stored: InvoiceLine = get_object_or_404(lines, position=position)
    document = invoice_document(invoice)
    [read] = lines_of_invoice(document, [stored])
    return show(
        request, scope, "line_usage", "invoices", back=address(scope, "invoice", invoice_id=invoice.pk),
        back_label=f"Invoice {invoice.number}", period=Period(stored.starts_at, stored.ends_at),
        currency=document.currency, divisor=stored.metric_version.divisor if stored.metric_version else 1,
        shown=shown(read, document.zone, ""), note=NOTE, **hours(request, buckets(stored, scope.account)),
    )  # fmt: skip
