"""API of dues: invoices and their life, lines, payments, documents; sign-ups, quotes, impacts of change requests."""

from django.urls import URLPattern, path

from billing.api import balances, impacts, invoices, lines, payments, quotes, signups, steps

ONE = "invoices/<int:pk>"
IMPACT = "change-requests/<int:pk>/impact"
patterns: list[URLPattern] = [
    path("invoices", invoices.Invoices.as_view(), name="api_invoices"),
    path(ONE, invoices.OneInvoice.as_view(), name="api_invoice"),
    path("accounts/<str:key>/balances", balances.Balances.as_view(), name="api_account_balances"),
    path(f"{ONE}/pdf", invoices.Pdf.as_view(), name="api_invoice_pdf"),
    path(f"{ONE}/refresh", steps.Refresh.as_view(), name="api_invoice_refresh"),
    path(f"{ONE}/review", steps.Review.as_view(), name="api_invoice_review"),
    path(f"{ONE}/send-back", steps.SendBack.as_view(), name="api_invoice_send_back"),
    path(f"{ONE}/approve", steps.Approve.as_view(), name="api_invoice_approve"),
    path(f"{ONE}/issue", steps.Issue.as_view(), name="api_invoice_issue"),
    path(f"{ONE}/payments", payments.Payments.as_view(), name="api_invoice_payments"),
    path(f"{ONE}/lines", lines.Lines.as_view(), name="api_invoice_lines"),
    path(f"{ONE}/lines/<int:position>", lines.OneLine.as_view(), name="api_invoice_line"),
    path(f"{ONE}/lines/<int:position>/events", lines.Events.as_view(), name="api_invoice_line_events"),
    path(IMPACT, impacts.OneImpact.as_view(), name="api_change_request_impact"),
    path(f"{IMPACT}/accounts", impacts.Accounts.as_view(), name="api_change_request_impact_accounts"),
    path(f"{IMPACT}/cancel", impacts.Cancel.as_view(), name="api_change_request_impact_cancel"),
    path("signups", signups.SignUps.as_view(), name="api_signups"),
    path("quotes", quotes.Quotes.as_view(), name="api_quotes"),
]
