"""Lists, filters, search and history of terms; rows open their workflow pages, only products have a plain form."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from catalog.actions import products
from catalog.models import Contract, Metric, MetricVersion, Plan, PlanVersion, Product, RateCard, RateCardVersion
from monetization.foundation.console import ReadOnly, site
from monetization.foundation.forms import Acted, ActionForm
from monetization.foundation.queries import accounts_for
from monetization.foundation.templatetags.show import NOTHING, percent
from monetization.foundation.web import Outcome, environment_of, perform, person


@admin.register(Metric, site=site)
class Metrics(ReadOnly):
    page_name = "metric"
    new_page = ("metric_new", "New metric", "catalog.draft_metric")
    list_display = ("name", "key", "owner", "first_seen_at", "lately")
    list_after_template = "catalog/metrics_after.html"
    list_filter = (("first_seen_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "key", "description")
    list_select_related = ("owner",)

    @admin.display(description="Counted in 30 days")
    def lately(self, row: Metric) -> str:
        """Leave a place for what metering knows of it."""
        return format_html('<span id="use-{}" class="use">{}</span>', row.pk, NOTHING)


@admin.register(MetricVersion, site=site)
class MetricVersions(ReadOnly):
    environment_path = "metric__environment"
    page_name = "metric_version"
    list_display = ("__str__", "state", "event_type", "aggregation", "unit", "effective_at", "last_edited_by")
    list_filter = ("status", "event_type")
    search_fields = ("metric__name", "metric__key", "event_type")
    list_select_related = ("metric", "last_edited_by")


@admin.register(Product, site=site)
class Products(Acted):
    list_display = ("name", "key", "tax_category", "tags")
    list_filter = ("tax_category",)
    search_fields = ("name", "key", "description")
    fields = ("key", "name", "description", "tags", "tax_category")
    fixed = ("key", "tax_category")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(products.DRAFT)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(products.DRAFT)

    def act(self, request: HttpRequest, form: ActionForm, row: Model | None) -> Outcome[Any]:
        if row is None:
            return perform(request, products.create, environment=environment_of(request), **form.cleaned_data)
        return perform(request, products.describe, product=row, **form.cleaned_data)


@admin.register(RateCard, site=site)
class RateCards(ReadOnly):
    page_name = "rate_card"
    list_after_template = "catalog/rate_cards_after.html"
    new_page = ("rate_card_new", "New rate card", "catalog.draft_rate_card")
    list_display = ("name", "key", "owner", "created_at")
    list_filter = (("owner", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("name", "key", "description")
    list_select_related = ("owner",)


@admin.register(RateCardVersion, site=site)
class RateCardVersions(ReadOnly):
    environment_path = "rate_card__environment"
    page_name = "rate_card_version"
    list_display = ("__str__", "state", "effective_date", "effective_at", "last_edited_by", "edited_at")
    list_filter = ("status",)
    search_fields = ("rate_card__name", "rate_card__key", "notes")
    list_select_related = ("rate_card", "last_edited_by")


@admin.register(Plan, site=site)
class Plans(ReadOnly):
    page_name = "plan"
    new_page = ("plan_new", "New plan", "catalog.draft_plan")
    list_display = ("name", "key", "owner", "created_at")
    search_fields = ("name", "key", "description")
    list_select_related = ("owner",)


@admin.register(PlanVersion, site=site)
class PlanVersions(ReadOnly):
    environment_path = "plan__environment"
    page_name = "plan_version"
    list_display = ("__str__", "state", "effective_date", "rate_card", "last_edited_by", "edited_at")
    list_filter = ("status",)
    search_fields = ("plan__name", "plan__key", "notes")
    list_select_related = ("plan", "rate_card", "last_edited_by")


@admin.register(Contract, site=site)
class Contracts(ReadOnly):
    page_name = "contract"
    new_page = ("contract_new", "New contract", "catalog.draft_contract")
    list_display = ("name", "account", "state", "rate_card", "currency", "discount", "start_date", "end_date")
    list_filter = ("status", "currency", "cadence")
    search_fields = ("name", "key", "account__name", "account__key", "purchase_order")
    list_select_related = ("account", "rate_card")

    @admin.display(description="Discount", ordering="discount_percent")
    def discount(self, contract: Contract) -> str:
        return percent(contract.discount_percent) if contract.discount_percent else NOTHING

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        seen = accounts_for(person(request), environment_of(request))
        return super().get_queryset(request).filter(account__in=seen)
