"""Adding a part to a deal and taking one away, answered with the section that it stands in."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from catalog.console.builder.pages import CHANGED, NOTHING
from catalog.console.builder.plain_fields import shown_of
from catalog.console.builder.presets import Preset, section_of
from catalog.console.builder.rows import Tried, sections_of
from catalog.console.builder.typed import filled
from catalog.models import Contract
from monetization.foundation.web import Outcome, StaffRequest


def add_in_place(
    request: StaffRequest, contract: Contract, preset: Preset, add: Callable[[], Outcome[Any]]
) -> HttpResponse:
    """Add what a preset's form says; where it is refused, the form stays open with everything typed."""
    typed = request.POST
    request.POST = filled(typed, preset, contract)
    outcome = add()
    for error in outcome.errors:
        error.field = preset.about.get(error.field or "", error.field)
    return section(request, contract, preset.part, Tried(preset, typed, outcome))


def section(request: StaffRequest, contract: Contract, part: str, tried: Tried | None = None) -> HttpResponse:
    """Show the section of a kind of part as it is now, and tell the panel where something changed."""
    shown = sections_of(contract, section_of(part), tried)[0]
    outcome = tried.outcome if tried is not None else NOTHING
    context = {"contract": contract, "shown": shown, "plain": shown_of(contract, NOTHING, {})}
    answer = render(request, "catalog/builder/parts.html", context, status=outcome.status)
    if outcome:
        answer.headers["HX-Trigger"] = CHANGED
    return answer
