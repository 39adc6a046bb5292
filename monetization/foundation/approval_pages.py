"""The page that says what approval something would need, and why: a draft, a request, or facts that somebody types."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from monetization.foundation.console import page, show
from monetization.foundation.models import ChangeRequest
from monetization.foundation.queries import Answer, approval_for_facts, approval_needed, facts_of_row
from monetization.foundation.queries.governed import subject_in
from monetization.foundation.rules.facts import FACTS, KINDS, Fact, label_of
from monetization.foundation.web import Outcome, StaffRequest, number_in, refused
from monetization.values.errors import DomainError


@page("foundation.read")
@require_safe
def needed(request: StaffRequest) -> HttpResponse:
    """Answer for `?subject=` (a draft, a request), or for a kind and typed facts."""
    subject = request.GET.get("subject", "")
    return _of_subject(request, subject) if subject else _of_facts(request)


def typed_facts(typed: Any, kind: str) -> dict[str, Fact]:
    """Read typed facts of a kind; an empty field is an unknown fact. Raises Invalid that names the field."""
    found: dict[str, Fact] = {}
    for name, one in FACTS.items():
        text = typed.get(name, "").strip() if kind in one.kinds else ""
        if text and one.is_words:
            found[name] = frozenset(word.strip() for word in text.split(",") if word.strip())
        elif text:
            number = number_in(text, name)
            if number is not None:
                found[name] = number
    return found


def _of_subject(request: StaffRequest, subject: str) -> HttpResponse:
    row = subject_in(request.user, request.environment, subject)
    answer = approval_needed(row, request.user, at=timezone.now())
    known = answer.facts if isinstance(row, ChangeRequest) else facts_of_row(row)
    context = {
        "answer": answer,
        "row": row,
        "known": _written(known),
        "kind_words": KINDS.get(answer.kind, answer.kind),
    }
    return show(request, "console/approval_needed.html", context, title=f"Approval of {row}")


def _of_facts(request: StaffRequest) -> HttpResponse:
    kind = request.GET.get("kind", "")
    outcome: Outcome[Answer] = Outcome()
    answer: Answer | None = None
    if kind in KINDS:
        try:
            facts = typed_facts(request.GET, kind)
            answer = approval_for_facts(request.environment, kind, facts, request.user, at=timezone.now())
        except DomainError as error:
            outcome = refused(error)
    fields = [(name, one, request.GET.get(name, "")) for name, one in FACTS.items() if kind in one.kinds]
    context = {
        "answer": answer, "kinds": [("", "Choose…"), *KINDS.items()], "kind": kind, "fields": fields,
        "outcome": outcome, "names": " ".join(FACTS),
    }  # fmt: skip
    return show(request, "console/approval_try.html", context, title="What approval would it need?",
                status=outcome.status)  # fmt: skip


def _written(facts: Any) -> list[tuple[str, str, str]]:
    """Write facts as (label, value, unit)."""
    return [
        (label_of(name), ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else f"{value:f}",
         FACTS[name].unit if name in FACTS else "")
        for name, value in facts.items()
    ]  # fmt: skip
