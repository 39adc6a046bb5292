"""Why a catalog file can't be applied, each with its path: what it names and nobody made, what can't change, time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from catalog.rules.listings.differences import Differences
from catalog.rules.listings.shapes import Card, Listing, Metric, Plan
from monetization.values.errors import DomainError, Invalid

KEPT = {
    "products": ("tax_category",), "metrics": ("name", "description"), "rate_cards": ("name", "description"),
    "plans": ("name", "description"),
}  # fmt: skip
Faults = Iterator[DomainError]


def faults(
    now: Listing, asked: Listing, found: Differences, *, sellers: Collection[str], at: datetime
) -> list[DomainError]:
    """List what is wrong with a file as things are now; what only decides itself on submission is not in here."""
    return [*_kept(now, asked), *_unknown(now, asked, sellers), *_late(now, asked, found, at)]


def _kept(now: Listing, asked: Listing) -> Faults:
    """Refuse to change what no version says."""
    for section, names in KEPT.items():
        known: dict[str, Any] = getattr(now, section)
        for key, thing in getattr(asked, section).items():
            for name in names if key in known else ():
                old = getattr(known[key], name)
                if old != getattr(thing, name):
                    what = name.replace("_", " ")
                    fix = f"Write “{old}” again" if old else "Leave it out"
                    yield Invalid(f"Its {what} stays as it is", field=f"{section}.{key}.{name}", fix=fix)


def _unknown(now: Listing, asked: Listing, sellers: Collection[str]) -> Faults:
    both = asked.over(now)
    for key, card in asked.rate_cards.items():
        for number, charge in enumerate(card.charges or ()):
            path = f"rate_cards.{key}.charges[{number}]"
            if charge.product not in both.products:
                fix = "Add it under products, or mend its key"
                yield Invalid(f"There is no product “{charge.product}”", field=f"{path}.product", fix=fix)
            metric = both.metrics.get(charge.metric)
            if metric is None or metric.meaning is None:
                fix = "Add it with its meaning under metrics, or mend its key"
                yield Invalid(f"Nothing says what “{charge.metric}” counts", field=f"{path}.metric", fix=fix)
    for key, plan in asked.plans.items():
        if plan.rate_card is not None and plan.rate_card not in both.rate_cards:
            fix = "Add it under rate_cards, or mend its key"
            yield Invalid(f"There is no rate card “{plan.rate_card}”", field=f"plans.{key}.rate_card", fix=fix)
        if plan.legal_entity is not None and plan.legal_entity not in sellers:
            fix = f"Name one of: {', '.join(sorted(sellers))}"
            yield Invalid(f"There is no legal entity “{plan.legal_entity}”", field=f"plans.{key}.legal_entity", fix=fix)


def _late(now: Listing, asked: Listing, found: Differences, at: datetime) -> Faults:
    """Want a time after the approval for whatever changes what stands."""
    for section in ("metrics", "rate_cards", "plans"):
        known: dict[str, Any] = getattr(now, section)
        for key, thing in getattr(asked, section).items():
            if key in known and _says(known[key]) and found.of(section, key) and (name := _begun(thing, at)):
                field = f"{section}.{key}.{'meaning.' if section == 'metrics' else ''}{name}"
                fix = "Choose a later one: what changes takes effect after its approval"
                yield Invalid("Its effective time has passed", field=field, fix=fix)


def _says(thing: Metric | Card | Plan) -> bool:
    return _said_by(thing) is not None


def _said_by(thing: Metric | Card | Plan) -> Any:
    """Give what a version of a thing would say; None where the file only names it."""
    if isinstance(thing, Metric):
        return thing.meaning
    return thing.charges if isinstance(thing, Card) else thing.package


def _begun(thing: Metric | Card | Plan, at: datetime) -> str:
    """Name the time of a thing that lies in the past."""
    said = thing.meaning if isinstance(thing, Metric) else thing
    instant, day = getattr(said, "effective_at", None), getattr(said, "effective_date", None)
    if instant is not None and instant <= at:
        return "effective_at"
    return "effective_date" if day is not None and day <= at.date() else ""
