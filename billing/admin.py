"""Lists, filters, search and history of dues. Only the form of a tax rate writes, by its action."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from billing.actions import tax
from billing.models import Document, Invoice, Payment, TaxRate, Transfer
from monetization.foundation.console import ReadOnly, site
from monetization.foundation.forms import Acted, ActionForm
from monetization.foundation.queries import accounts_for
from monetization.foundation.templatetags import show
from monetization.foundation.web import Outcome, environment_of, perform, person


class OfAccounts(ReadOnly):
    """Rows that belong to an account; who may not see the account doesn't see them."""

    account_path = "account"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        seen = accounts_for(person(request), environment_of(request))
        return super().get_queryset(request).filter(**{f"{self.account_path}__in": seen})


@admin.register(Invoice, site=site)
class Invoices(OfAccounts):
    page_name = "invoice"
    list_display = ("called", "account", "period", "amount", "state", "due_date")
    list_filter = ("status", "legal_entity", "currency", "kind", "period_starts_at")
    search_fields = ("number", "account__name", "account__key", "account__customer__name", "contract__key")
    list_select_related = ("account", "contract", "legal_entity")
    date_hierarchy = "period_starts_at"

    @admin.display(description="Number", ordering="number")
    def called(self, invoice: Invoice) -> str:
        return str(invoice)

    @admin.display(description="Period", ordering="period_starts_at")
    def period(self, invoice: Invoice) -> str:
        return show.period_of(invoice.period_starts_at, invoice.period_ends_at, invoice.account.time_zone)

    @admin.display(description="Total", ordering="total")
    def amount(self, invoice: Invoice) -> str:
        return f"{invoice.currency} {show.money(invoice.total, invoice.currency)}"

    @admin.display(description="Status", ordering="status")
    def state(self, invoice: Invoice) -> SafeString:
        return show.badge(invoice.status)


@admin.register(Payment, site=site)
class Payments(OfAccounts):
    account_path = "invoice__account"
    list_display = ("reference", "invoice", "amount", "currency", "received_date", "recorded_by", "recorded_at")
    list_filter = ("currency", "received_date")
    search_fields = ("reference", "invoice__number", "invoice__account__name")
    list_select_related = ("invoice", "recorded_by")


@admin.register(Transfer, site=site)
class Transfers(ReadOnly):
    list_display = ("source", "debit", "credit", "amount", "currency", "code", "booked_at")
    list_filter = ("code", "currency", "legal_entity")
    search_fields = ("source", "invoice__number", "debit__code", "credit__code")
    list_select_related = ("debit", "credit")


@admin.register(TaxRate, site=site)
class TaxRates(Acted):
    list_display = ("country", "tax_category", "percent", "start_date", "source")
    list_filter = ("country", "tax_category")
    search_fields = ("country", "tax_category", "source")
    fields = ("country", "tax_category", "percent", "start_date", "source")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.set_tax_rate")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def act(self, request: HttpRequest, form: ActionForm, row: Model | None) -> Outcome[Any]:
        return perform(request, tax.set_rate, environment=environment_of(request), **form.cleaned_data)


@admin.register(Document, site=site)
class Documents(OfAccounts):
    account_path = "invoice__account"
    environment_path = "invoice__environment"
    list_display = ("invoice", "kind", "status", "attempts", "last_error", "size_bytes", "ready_at")
    list_filter = ("status", "kind")
    search_fields = ("invoice__number", "invoice__account__name")
    list_select_related = ("invoice",)
