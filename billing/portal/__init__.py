"""The customers' portal: what was used, what it costs and why, what was invoiced, down to the single event.

Every page is a `portal_view`: own accounts only, read only, under row-level security (see
`monetization/foundation/portal.py`); what an admin may change is a `portal_form`. The address names the account.
Pages work without any script.
"""

from django.urls import include, path

from billing.portal import account, balances, calculator, cost, events, invoices, limits, overview, usage

app_name = "portal"
of_account = [
    path("", overview.home, name="home"),
    path("usage/", usage.by_day, name="usage"),
    path("usage/hours/<int:bucket_id>/", events.of_hour, name="events"),
    path("cost/", cost.cost, name="cost"),
    path("calculator/", calculator.calculator, name="calculator"),
    path("cost/<slug:price_id>/<int:metric_id>/", cost.line_usage, name="line_usage"),
    path("invoices/", invoices.issued, name="invoices"),
    path("invoices/<int:invoice_id>/", invoices.detail, name="invoice"),
    path("invoices/<int:invoice_id>/pdf/", invoices.pdf, name="invoice_pdf"),
    path("invoices/<int:invoice_id>/lines/<int:position>/", invoices.line_usage, name="invoice_line"),
    path("balances/", balances.balances, name="balances"),
    path("limits/", limits.limits, name="limits"),
    path("people/", account.people, name="people"),
    path("settings/", account.settings, name="settings"),
]
forms_of_account = [
    path("limits/new/", limits.new, name="limit_new"),
    path("limits/<int:limit_id>/change/", limits.change, name="limit_change"),
    path("limits/<int:limit_id>/end/", limits.end, name="limit_end"),
]
urlpatterns = [
    path("", overview.start, name="start"),
    path("<int:account_id>/", include(of_account + forms_of_account)),
]
