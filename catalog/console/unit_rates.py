"""What pricing units are worth by a draft of a rate card, kept from the form on its page."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from catalog.actions import unit_rates
from catalog.console.rate_lines import typed_rates
from catalog.console.versions import render_version, versions_in
from monetization.foundation.console import page
from monetization.foundation.web import StaffRequest, perform, refused
from monetization.values.errors import DomainError


@page("catalog.read")
@require_POST
def set_rates(request: StaffRequest, pk: int) -> HttpResponse:
    """Keep the rates that were typed; a line without a number is left out."""
    version = get_object_or_404(versions_in(request), pk=pk)
    try:
        rates = list(typed_rates(request.POST))
    except DomainError as error:
        return render_version(request, version, refused(error), "rates")
    outcome: Any = perform(request, unit_rates.set_rates, version=version, rates=rates)
    if not outcome:
        return render_version(request, get_object_or_404(versions_in(request), pk=pk), outcome, "rates")
    return HttpResponseRedirect(reverse("console:rate_card_version", args=[pk]))


pages = [path("rate-cards/versions/<int:pk>/unit-rates/", set_rates, name="rate_card_version_unit_rates")]
