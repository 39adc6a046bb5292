"""A catalog from its files: each member by its type, and each fault with the path and line that says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from catalog.rules.drafts import ChargeDraft, ChargeTerms, Cut, MetricDraft, PriceDraft
from catalog.rules.listings.card_members import CardMembers, ChargeMembers
from catalog.rules.listings.members import PlanMembers, ProductMembers
from catalog.rules.listings.metric_members import MetricMembers
from catalog.rules.listings.shapes import SECTIONS, Card, Listing, Metric, Plan, Product
from catalog.rules.listings.text import Source
from catalog.rules.plans import reading as packages
from catalog.rules.tariffs import WrittenModel
from catalog.rules.terms import Dimension, Filter, Measure, Reset
from catalog.rules.written import tariff_in
from monetization.values.errors import DomainError, Invalid, refuse_if

T = TypeVar("T")
FORM = "1"
WHERE = re.compile(r"^(?P<said>.*?) - at `\$?\.?(?P<path>.*)`$", re.S)
MEMBER = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.S)
SHAPE = "See docs/catalog.md for what a file says"
FIXES = (
    ("decimal", "Write a number, such as '0.0025'"), ("date", "Write 2026-10-31; an instant like 2026-10-31T00:00:00Z"),
    ("bool", "Write true or false"), ("Invalid enum", SHAPE),
)  # fmt: skip


def listing_in(sources: Iterable[Source]) -> Listing:
    """Read a catalog from one file or several. Raises Invalid for all that can't be read."""
    found: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    faults: list[DomainError] = []
    for source in sources:
        for section, key, said in _things(source, faults):
            path = f"{section}.{key}"
            if key in found[section]:
                message = "Another file says this too"
                faults.append(source.at(Invalid(message, field=path, fix="Leave it in one of them")))
                continue
            try:
                found[section][key] = READERS[section](said, path)
            except DomainError as error:
                faults += [source.at(each) for each in error.errors]
    refuse_if(faults)
    return Listing(**found)


def _things(source: Source, faults: list[DomainError]) -> Iterator[tuple[str, str, Any]]:
    """Give each thing of a file, and note what is no thing."""
    value = source.value
    if not isinstance(value, dict) or value.get("catalog") != FORM:
        faults.append(source.at(Invalid("This is no catalog", field="catalog", fix=f"Begin with “catalog: {FORM}”")))
        return
    for section, things in value.items():
        if section == "catalog" or things is None:
            continue
        if section not in SECTIONS or not isinstance(things, dict):
            fix = f"A catalog has {', '.join(SECTIONS)}, each with things by their keys"
            faults.append(source.at(Invalid("There is no such section", field=section, fix=fix)))
            continue
        yield from ((section, key, said) for key, said in things.items())


def _product(said: Any, path: str) -> Product:
    found = _as(ProductMembers, said, path)
    return Product(found.name, found.description, tuple(found.tags), found.tax_category)


def _metric(said: Any, path: str) -> Metric:
    found = _as(MetricMembers, said, path)
    meaning = found.meaning
    if meaning is None:
        return Metric(found.name, found.description, found.unseen_reason)
    plain = {name: getattr(meaning, name) for name in meaning.__struct_fields__}
    read = {
        "measures": tuple(Measure(each.field, each.value, tuple(each.less)) for each in meaning.measures),
        "dimensions": tuple(
            Dimension(each.key, each.field, tuple(each.thresholds), each.required) for each in meaning.dimensions
        ),
        "filters": tuple(Filter(each.field, each.op, tuple(each.values)) for each in meaning.filters),
        "per": tuple(meaning.per),
    }
    return Metric(found.name, found.description, found.unseen_reason, MetricDraft(**plain | read))


def _card(said: Any, path: str) -> Card:
    found = _as(CardMembers, said, path)
    charges = None
    if found.charges is not None:
        charges = tuple(_charge(each, f"{path}.charges[{number}]") for number, each in enumerate(found.charges))
    return Card(found.name, found.description, found.effective_date, found.effective_at, found.notes, charges)


def _charge(said: ChargeMembers, path: str) -> ChargeDraft:
    terms = ChargeTerms(
        said.free_units, said.flat_at_zero, tuple(said.tier_by), Cut(said.cut), said.highest_of,
        said.round == "charge", Reset(said.tier_reset), said.pricing_unit,
    )  # fmt: skip
    prices = []
    for number, row in enumerate(said.prices):
        place = f"{path}.prices[{number}]"
        members = msgspec.structs.asdict(row) | {"tiers": [msgspec.structs.asdict(tier) for tier in row.tiers]}
        if row.model is not None and row.model not in WrittenModel.__members__:
            fix = f"Write one of {', '.join(WrittenModel.__members__)}"
            raise Invalid(f"There is no model “{row.model}”", field=f"{place}.model", fix=fix)
        prices.append(PriceDraft(row.currency, row.match, tariff_in(members, place)))
    return ChargeDraft(said.product, said.metric, tuple(prices), terms)


def _plan(said: Any, path: str) -> Plan:
    found = _as(PlanMembers, said, path)
    package = None
    if found.package is not None:
        with _under(f"{path}.package"):
            package = packages.read(found.package, lax=True)
    return Plan(
        found.name, found.description, found.effective_date, found.legal_entity, found.rate_card, found.pinned_version,
        found.notes, package,
    )  # fmt: skip


READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "products": _product, "metrics": _metric, "rate_cards": _card, "plans": _plan,
}  # fmt: skip


def _as(kind: type[T], said: Any, path: str) -> T:
    """Read members by their types; text stands for numbers, days and yes or no. Raises Invalid with the path."""
    try:
        return msgspec.convert(said, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), path) from error


def _refusal(words: str, path: str) -> Invalid:
    place = WHERE.match(words)
    message, inner = (place["said"], place["path"]) if place else (words, "")
    field = f"{path}.{inner}" if inner and not inner.startswith("[") else f"{path}{inner}"
    if member := MEMBER.fullmatch(message):
        unknown = member[1].startswith("contains")
        message = "There is no such member" if unknown else "This is missing"
        return Invalid(message, field=f"{field}.{member[2]}", fix=SHAPE)
    fix = next((fix for word, fix in FIXES if word.lower() in message.lower()), SHAPE)
    return Invalid(message, field=field, fix=fix)


@contextmanager
def _under(path: str) -> Iterator[None]:
    """Lay refusals about a part of something at their path in the file."""
    try:
        yield
    except DomainError as error:
        refuse_if(Invalid(each.message, field=_joined(path, each.field), fix=each.fix) for each in error.errors)


def _joined(path: str, field: str | None) -> str:
    return f"{path}.{field}" if field and field != "content" else path
