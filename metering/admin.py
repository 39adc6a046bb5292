"""Lists of facts: hourly usage as it was folded, and what was taken out of it. Nothing here writes."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from metering.models import EventRemoval, HourlyUsage
from monetization.foundation.console import ReadOnly, site
from monetization.foundation.queries import accounts_for
from monetization.foundation.templatetags import show
from monetization.foundation.web import environment_of, person


class OfAccounts(ReadOnly):
    """Rows of the accounts that this person sees."""

    environment_path = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        seen = accounts_for(person(request), environment_of(request))
        return super().get_queryset(request).filter(account__in=seen)


@admin.register(HourlyUsage, site=site)
class Hours(OfAccounts):
    list_display = ("hour", "account", "metric_version", "dimensions", "amount", "events")
    list_filter = ("metric_version__metric", "hour")
    search_fields = ("account__key", "account__name")
    list_select_related = ("account", "metric_version__metric", "dimensions")

    @admin.display(description="Quantity", ordering="quantity")
    def amount(self, row: HourlyUsage) -> str:
        return show.exact(row.quantity)


@admin.register(EventRemoval, site=site)
class Removals(OfAccounts):
    list_display = ("removed_at", "account", "source", "event_id", "time", "reason")
    list_filter = ("reason", "removed_at")
    search_fields = ("event_id", "account__key", "account__name")
    list_select_related = ("account",)
