"""The form of a limit: what was typed, as the action takes it, or what is wrong with it."""

from collections.abc import Mapping
from typing import Any

from catalog.models import Metric, Product
from metering.actions.limits import LimitDraft
from metering.models import Limit
from metering.rules.limit_words import match_in, most_in, percentages_in, seconds_in, words_in
from monetization.values.errors import DomainError, Invalid, refuse_if

FIELDS = "name account metric product currency match window most thresholds hold_seconds emails"
MONEY = [(Limit.Kind.SPEND.value, "Money: spend"), (Limit.Kind.BALANCE.value, "Money: balance left")]


def kind_in(typed: Mapping[str, str]) -> str:
    """Read what is limited: money, where the choice says so, else a metric's quantity."""
    chosen = typed.get("metric", "")
    return chosen if chosen in dict(MONEY) else Limit.Kind.QUANTITY.value


def draft_of(typed: Mapping[str, str], metric: Metric | None, product: Product | None = None) -> LimitDraft:
    """Read a new limit. Raises Invalid, all fields at once."""
    found, errors = read(typed)
    match = _kept(errors, lambda: match_in(typed.get("match", "")))
    refuse_if(errors)
    kind = kind_in(typed)
    is_money = kind != Limit.Kind.QUANTITY  # what else the form knows of money isn't shown with a quantity
    window = Limit.Window.DAY if typed.get("window") == "DAY" else Limit.Window.BILLING_PERIOD
    return LimitDraft(
        metric=metric, kind=kind, product=product if is_money else None,
        currency=typed.get("currency", "").strip().upper() if is_money else "", match=match or {}, window=window,
        **found,
    )  # fmt: skip


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
        "most": _kept(errors, lambda: most_in(typed.get("most", ""))),
        "is_hard": typed.get("strict") != "soft",
        "fails_open": bool(typed.get("fails_open")),
        "thresholds": _kept(errors, lambda: percentages_in(typed.get("thresholds", ""))),
        "hold_seconds": _kept(errors, lambda: seconds_in(typed.get("hold_seconds", ""))),
        "emails": words_in(typed.get("emails", "")),
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
