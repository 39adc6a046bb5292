"""A catalog as its files: things by key, numbers as text, standard values left out, the same bytes every time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from catalog.rules.drafts import ChargeDraft, PriceDraft
from catalog.rules.listings.card_members import CardMembers, ChargeMembers, PriceMembers, TierMembers
from catalog.rules.listings.members import Members, PlanMembers, ProductMembers
from catalog.rules.listings.metric_members import (
    DimensionMembers,
    FilterMembers,
    MeaningMembers,
    MeasureMembers,
    MetricMembers,
)
from catalog.rules.listings.reading import FORM
from catalog.rules.listings.shapes import SECTIONS, Card, Listing, Metric, Plan, Product
from catalog.rules.listings.text import Flow, written
from catalog.rules.plans.package import KINDS, Package
from catalog.rules.plans.reading import written as package_written
from catalog.rules.written import STANDARD, said_of
from monetization.values.money import plain

Kind = type[Members]


def file_of(listing: Listing) -> str:
    """Write a whole catalog as one file."""
    return written({"catalog": int(FORM)} | _sections(listing))


def files_of(listing: Listing) -> dict[str, str]:
    """Write a catalog as a folder: file by its path, one for the products and one for each other thing."""
    found: dict[str, str] = {}
    for section, things in _sections(listing).items():
        parts = (
            {section: things} if section == "products" else {f"{section}/{key}": {key: things[key]} for key in things}
        )
        found |= {f"{name}.yaml": written({"catalog": int(FORM), section: part}) for name, part in parts.items()}
    return found


def _sections(listing: Listing) -> dict[str, Any]:
    said = {section: getattr(listing, section) for section in SECTIONS}
    return {
        section: {key: WRITERS[section](things[key]) for key in sorted(things)}
        for section, things in said.items()
        if things
    }


def _product(product: Product) -> dict[str, Any]:
    return _members(ProductMembers, _fields(product))


def _metric(metric: Metric) -> dict[str, Any]:
    found = _fields(metric)
    meaning = found.pop("meaning")
    said = _members(MetricMembers, found)
    return said if meaning is None else said | {"meaning": _meaning(_fields(meaning))}


def _meaning(said: dict[str, Any]) -> dict[str, Any]:
    for name, kind in (("measures", MeasureMembers), ("dimensions", DimensionMembers), ("filters", FilterMembers)):
        said[name] = [Flow(_members(kind, _fields(each))) for each in said[name]]
    return _members(MeaningMembers, said)


def _card(card: Card) -> dict[str, Any]:
    found = _fields(card)
    charges = found.pop("charges")
    said = _members(CardMembers, found)
    return said if charges is None else said | {"charges": [_charge(each) for each in charges]}


def _charge(charge: ChargeDraft) -> dict[str, Any]:
    terms = _fields(charge.terms)
    terms["round"] = "charge" if terms.pop("rounds_as_one") else "line"
    said = _members(ChargeMembers, {"product": charge.product, "metric": charge.metric, **terms})
    return said | {"prices": [_price(row) for row in charge.prices]}


def _price(row: PriceDraft) -> dict[str, Any]:
    tariff = {name: value for name, value in said_of(row.tariff).items() if value != STANDARD.get(name)}
    tiers = [Flow(_members(TierMembers, tier)) for tier in tariff.pop("tiers", None) or ()]
    match = Flow(sorted(row.match.items()))
    said = _members(PriceMembers, {"currency": row.currency, "match": match, **tariff})
    if said.get("model") == "PER_UNIT":
        del said["model"]
    return said | {"tiers": tiers} if tiers else Flow(said)


def _plan(plan: Plan) -> dict[str, Any]:
    found = _fields(plan)
    package = found.pop("package")
    said = _members(PlanMembers, found)
    return said if package is None else said | {"package": _package(package)}


def _package(package: Package) -> dict[str, Any]:
    """Leave out what a package has anyway."""
    usual = package_written(Package())
    said = {name: value for name, value in package_written(package).items() if value != usual[name]}
    for kind in KINDS:
        if kind in said:
            said[kind] = [_short(KINDS[kind], part) for part in said[kind]]
    return said


def _short(kind: type[msgspec.Struct], part: Mapping[str, Any]) -> dict[str, Any]:
    usual = {each.name: each.default for each in msgspec.structs.fields(kind)}
    return {name: value for name, value in part.items() if value not in ("", [], {}, None) and value != usual[name]}


def _members(kind: Kind, said: Mapping[str, Any]) -> dict[str, Any]:
    """Write members in the order in which they are defined, as text; those with their standard value are left out."""
    usual = {each.name: _usual(each) for each in msgspec.structs.fields(kind)}
    return {
        name: _plain(said[name])
        for name, standard in usual.items()
        if said.get(name) is not None and _listed(said[name]) != standard
    }


def _usual(field: Any) -> Any:
    return (
        field.default_factory()
        if field.default is msgspec.NODEFAULT and callable(field.default_factory)
        else field.default
    )


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | Flow):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value if isinstance(value, dict) else str(value)


WRITERS: Mapping[str, Any] = {"products": _product, "metrics": _metric, "rate_cards": _card, "plans": _plan}
