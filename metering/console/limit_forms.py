"""The form of a limit: what was typed, as the action takes it, or what is wrong with it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.models import Metric
from metering.actions.limits import LimitDraft
from metering.models import Limit
from metering.rules.quotas import USUAL_HOLD
from monetization.foundation.web import number_in
from monetization.values.errors import DomainError, Invalid, refuse_if

FIELDS = "name account metric match window most thresholds hold_seconds emails"


def draft_of(typed: Mapping[str, str], metric: Metric | None) -> LimitDraft:
    """Read a new limit of quantity. Raises Invalid, all fields at once."""
    found, errors = read(typed)
    match = _kept(errors, lambda: _match(typed.get("match", "")))
    refuse_if(errors)
    window = Limit.Window.DAY if typed.get("window") == "DAY" else Limit.Window.BILLING_PERIOD
    return LimitDraft(metric=metric, match=match or {}, window=window, **found)


def changes_of(typed: Mapping[str, str]) -> dict[str, Any]:
    """Read what is changed of a limit. Raises Invalid."""
    found, errors = read(typed)
    refuse_if(errors)
    return found


def read(typed: Mapping[str, str]) -> tuple[dict[str, Any], list[DomainError]]:
    """Read what both forms have, and what can't be read."""
    errors: list[DomainError] = []
    found = {
        "name": typed.get("name", "").strip(),
        "most": _kept(errors, lambda: _number(typed.get("most", ""), "most")),
        "is_hard": typed.get("strict") != "soft",
        "fails_open": bool(typed.get("fails_open")),
        "thresholds": _kept(errors, lambda: _percentages(typed.get("thresholds", ""))),
        "hold_seconds": _kept(errors, lambda: _seconds(typed.get("hold_seconds", ""))),
        "emails": _words(typed.get("emails", "")),
    }
    return found, errors


def typed_of(limit: Limit) -> dict[str, Any]:
    """Write a limit as its form."""
    return {
        "name": limit.name, "most": f"{limit.most.normalize():f}", "strict": "hard" if limit.is_hard else "soft",
        "fails_open": limit.fails_open, "thresholds": ", ".join(map(str, limit.thresholds)),
        "hold_seconds": limit.hold_seconds, "emails": "\n".join(limit.emails),
    }  # fmt: skip


def _kept(errors: list[DomainError], step: Any) -> Any:
    try:
        return step()
    except Invalid as error:
        errors.append(error)
        return None


def _number(text: str, field: str) -> Decimal:
    found = number_in(text, field)
    if found is None:
        raise Invalid("How much is missing", field=field, fix="Write a number")
    return found


def _words(text: str) -> list[str]:
    return text.replace(",", " ").replace(";", " ").split()


def _percentages(text: str) -> list[int]:
    words = [each.removesuffix("%") for each in _words(text) if each != "%"]
    if not all(each.isascii() and each.isdigit() and len(each) < 6 for each in words):
        raise Invalid("These are no percentages", field="thresholds", fix="Write them like 80, 100")
    return [int(each) for each in words]


def _seconds(text: str) -> int:
    words = text.strip() or str(USUAL_HOLD)
    if not (words.isascii() and words.isdigit() and len(words) < 7):
        raise Invalid("This is no number of seconds", field="hold_seconds", fix="Write a whole number")
    return int(words)


def _match(text: str) -> dict[str, str]:
    pairs = [line.partition("=") for line in text.replace(",", "\n").splitlines() if line.strip()]
    if not all(equals and key.strip() and value.strip() for key, equals, value in pairs):
        raise Invalid("Write each as dimension=value", field="match", fix="model=gpt-4o")
    return {key.strip(): value.strip() for key, _, value in pairs}
