"""The history of one thing: who did what, when and why, what it changed, in which request, and who decided.

It only tells. To go back to what was, one drafts a version like an old one, which other people approve.
"""

from dataclasses import dataclass, replace

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from catalog.console.standing import ENTRY_TONES, VERDICTS
from catalog.queries.histories import KINDS, thing
from monetization.foundation.console import page, show
from monetization.foundation.queries.told import Told, entries_about, told
from monetization.foundation.rules.roles import Role
from monetization.foundation.web import StaffRequest

PER_PAGE = 50
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One entry, shaped for the page."""

    told: Told
    who: str
    what: str
    tone: str

    @property
    def more(self) -> int:
        """Say how many changed fields the page leaves out."""
        return max(len(self.told.changes) - SHOWN, 0)


@page("foundation.read")
@require_safe
def history(request: StaffRequest, thing_kind: str, pk: int) -> HttpResponse:
    """Show it, newest first."""
    row, rows = thing(thing_kind, pk, request.user, request.environment)
    entries = Paginator(entries_about(rows, request.environment), PER_PAGE).get_page(request.GET.get("page"))
    address = reverse(f"console:{KINDS[thing_kind].page}", args=[pk])
    context = {
        "thing": row, "entries": entries, "kind": thing_kind.replace("-", " "), "parts": len(rows) - 1, "most": SHOWN,
        "lines": [line_of(each) for each in told(list(entries), rows)], "address": address,
    }  # fmt: skip
    title = f"History of {row}"
    return show(request, "catalog/history.html", context, title=title, crumbs=[(str(row), address)])


def line_of(each: Told) -> Line:
    """Say an entry: who did what to which part."""
    entry = each.entry
    who = str(entry.actor) if entry.actor else "Meterstone"
    noun, _, verb = entry.action.rpartition(".")
    tone = ENTRY_TONES.get(verb, "quiet")
    if entry.action == "decision.made":
        said = entry.after or {}
        verdict, role = said.get("verdict", "APPROVE"), said.get("role", "")
        what = f"{VERDICTS[verdict]} as {Role(role).label if role in Role.__members__ else role}"
        return Line(replace(each, changes=()), who, what, ENTRY_TONES[verdict])  # it says all that changed
    return Line(each, who, f"{verb.replace('_', ' ')} · {noun.replace('_', ' ')}", tone)


pages = [path("history/<str:thing_kind>/<int:pk>/", history, name="history")]
