"""The form of a plan version's terms: columns of the version, and members of its package."""

from collections.abc import Callable
from typing import Any

from catalog.console.form_fields import Field, Form
from catalog.console.plan_forms import whole
from catalog.models import Contract, PlanVersion, RateCard, RateCardVersion
from catalog.queries.plans import package_of
from catalog.rules.plans.reading import written
from monetization.foundation.models import LegalEntity
from monetization.foundation.web import StaffRequest, day_in
from monetization.values.errors import Invalid

WHOLE = ("anchor_day", "net_days", "trial_days", "term_months")
TERMS = Form(
    "terms",
    (
        Field("effective_date", "In force from", "date", True, help="First day on which contracts may start."),
        Field("legal_entity", "Sold by", "entity", True),
        Field("rate_card", "Rate card", "card", True),
        Field("pinned_version", "Pinned to a version", "pin"),
        Field("currencies", "Currencies", required=True, help="EUR, USD"),
        Field("cadence", "Billed", "choice", True, options=tuple(Contract.Cadence.choices)),
        Field("anchor", "Periods begin on", "choice", True, options=tuple(Contract.Anchor.choices)),
        Field("anchor_day", "Stated day", "whole", help="1 to 31; only with a stated day."),
        Field("net_days", "Days to pay", "whole", True),
        Field("trial_days", "Days of trial", "whole", help="Everything is free in them; empty: none."),
        Field("term_months", "Months of the term", "whole", help="After the trial; empty: open."),
        Field("notes", "Notes", "long", help="What changes and why, for its readers."),
    ),
    dict,
)


def _entities(request: StaffRequest) -> list[tuple[str, str]]:
    return [(str(each.pk), each.name) for each in LegalEntity.objects.filter(environment=request.environment)]


def _cards(request: StaffRequest) -> list[tuple[str, str]]:
    return [(str(each.pk), each.name) for each in RateCard.objects.filter(environment=request.environment)]


def _pins(request: StaffRequest) -> list[tuple[str, str]]:
    found = RateCardVersion.objects.filter(rate_card__environment=request.environment, status="APPROVED")
    return [("", "none: it follows the card"), *((str(x.pk), str(x)) for x in found.select_related("rate_card"))]


OPTIONS: dict[str, Callable[[StaffRequest], list[tuple[str, str]]]] = {
    "entity": _entities, "card": _cards, "pin": _pins,
}  # fmt: skip


def terms_of(version: PlanVersion) -> dict[str, str]:
    """Write a version's terms as the form shows them."""
    package = package_of(version)
    day = version.effective_date
    return {
        "effective_date": day.isoformat() if day else "", "notes": version.notes,
        "legal_entity": str(version.legal_entity_id or ""), "rate_card": str(version.rate_card_id or ""),
        "pinned_version": str(version.pinned_version_id or ""), "currencies": ", ".join(package.currencies),
        "cadence": package.cadence, "anchor": package.anchor,
        **{name: str(getattr(package, name) or "") for name in WHOLE},
    }  # fmt: skip


def changes_in(request: StaffRequest, version: PlanVersion) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the form: (the whole package with its new terms, columns of the version). Raises Invalid."""
    typed = {field.name: request.POST.get(field.name, "").strip() for field in TERMS.fields}
    place = {"environment": request.environment}
    columns = {
        "effective_date": day_in(typed["effective_date"], "effective_date"),
        "legal_entity": _row(LegalEntity.objects.filter(**place), typed["legal_entity"], "legal_entity"),
        "rate_card": _row(RateCard.objects.filter(**place), typed["rate_card"], "rate_card"),
        "pinned_version": _pinned(request, typed["pinned_version"]),
        "notes": typed["notes"],
    }
    numbers = {name: whole(typed[name], name) if typed[name] else None for name in WHOLE}
    content = written(package_of(version)) | {
        "currencies": [code.strip().upper() for code in typed["currencies"].split(",") if code.strip()],
        "cadence": typed["cadence"] or "MONTHLY", "anchor": typed["anchor"] or "contract_day", **numbers,
        "net_days": numbers["net_days"] or 0, "trial_days": numbers["trial_days"] or 0,
    }  # fmt: skip
    return content, columns


def _pinned(request: StaffRequest, text: str) -> RateCardVersion | None:
    versions = RateCardVersion.objects.filter(rate_card__environment=request.environment, status="APPROVED")
    found: RateCardVersion | None = _row(versions, text, "pinned_version") if text else None
    return found


def _row(rows: Any, text: str, field: str) -> Any:
    found = rows.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 19 else None
    if found is None:
        raise Invalid("Nothing is chosen here", field=field, fix="Choose one of the list")
    return found
