"""What a draft request holds: drafts put in and taken out, and all of it submitted together."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from catalog.actions import bundles
from monetization.foundation.console import page
from monetization.foundation.queries import requests_for
from monetization.foundation.queries.governed import governed_row
from monetization.foundation.rules.roles import OPENS
from monetization.foundation.web import StaffRequest, next_page, perform_and_go


@page(*sorted(OPENS))
@require_POST
def add(request: StaffRequest, pk: int) -> HttpResponse:
    """Put a draft into the request."""
    found = get_object_or_404(requests_for(request.user, request.environment), pk=pk)
    row = governed_row(request.user, request.environment, request.POST.get("subject", ""))
    return perform_and_go(request, bundles.add, next_page(request, _address(pk)), request=found, row=row)


@page(*sorted(OPENS))
@require_POST
def remove(request: StaffRequest, pk: int, item: int) -> HttpResponse:
    """Take something out of the request; it stays a draft."""
    found = get_object_or_404(requests_for(request.user, request.environment), pk=pk)
    held = get_object_or_404(found.items, pk=item)
    said = f"{held.label} is taken out; it is still a draft."
    return perform_and_go(request, bundles.remove, _address(pk), said, request=found, item=held)


@page(*sorted(OPENS))
@require_POST
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for decisions about everything in the request."""
    found = get_object_or_404(requests_for(request.user, request.environment), pk=pk)
    said = "Submitted. Nobody edits any of it from here on."
    return perform_and_go(request, bundles.submit, _address(pk), said, request=found)


def _address(pk: int) -> str:
    return reverse("console:request", args=[pk])


pages = [
    path("requests/<int:pk>/items/", add, name="request_add"),
    path("requests/<int:pk>/items/<int:item>/remove/", remove, name="request_remove"),
    path("requests/<int:pk>/submit/", submit, name="request_submit"),
]
