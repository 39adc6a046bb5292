"""The form of a metric version: rows of measures, dimensions and filters as text, read into a `MetricDraft`.

What the chosen aggregation has no use for is hidden by the page and left out here, so that a form can be changed
from a sum to a count without emptying its rows first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import QueryDict

from catalog.models import MetricVersion
from catalog.rules.drafts import MetricDraft
from catalog.rules.metrics import LESS
from catalog.rules.terms import Again, Aggregation, Dimension, Filter, FilterOp, Measure, Rounding, Window
from monetization.foundation.web import instant_in, number_in
from monetization.values.errors import Invalid
from monetization.values.money import plain

Row = dict[str, str]
Typed = Mapping[str, Any]
COLUMNS = {
    "measures": ("value", "field", "less"),
    "dimensions": ("key", "field", "thresholds", "optional"),
    "filters": ("field", "op", "values"),
}
CHOSEN = frozenset({"optional", "op"})  # they always have a value
SPARE, YES = 2, "yes"
PLAIN = ("event_type", "aggregation", "unit", "divisor", "rounding", "digits", "measure_dimension", "effective_at",
         "carry", "of_level", "per", "window", "again")  # fmt: skip


def typed_form(typed: QueryDict) -> Typed:
    """Give a form as it was typed, with spare rows."""
    rows = {name: [*typed_rows(typed, name), *_spare(name)] for name in COLUMNS}
    return {name: typed.get(name, "").strip() for name in PLAIN} | rows


def typed_rows(typed: QueryDict, name: str) -> list[Row]:
    """Read the rows of one table; those in which nothing is written are left out, whatever is chosen there."""
    columns = [typed.getlist(f"{name}_{column}") for column in COLUMNS[name]]
    rows = ([cell.strip() for cell in row] for row in zip(*columns, strict=False))
    named = [dict(zip(COLUMNS[name], row, strict=True)) for row in rows]
    return [row for row in named if any(text for column, text in row.items() if column not in CHOSEN)]


def form_of(version: MetricVersion | None) -> Typed:
    """Give the form that says what a version says; with a new metric's usual start where there is none."""
    if version is None:
        empty = {name: list(_spare(name, 1)) for name in COLUMNS}
        return {"aggregation": "SUM", "divisor": "1", "digits": "0", **empty}
    return {
        "event_type": version.event_type, "aggregation": version.aggregation, "unit": version.unit,
        "divisor": plain(version.divisor), "rounding": version.rounding, "digits": str(version.rounding_digits),
        "measure_dimension": version.measure_dimension, "effective_at": "", "per": ", ".join(version.per),
        "carry": YES if version.carry else "", "of_level": YES if version.of_level else "",
        "window": version.window, "again": version.again,
        "measures": [*_measures(version), *_spare("measures")],
        "dimensions": [*_dimensions(version), *_spare("dimensions")],
        "filters": [*_filters(version), *_spare("filters")],
    }  # fmt: skip


def draft_in(typed: QueryDict, zone: str) -> MetricDraft:
    """Read a form. Raises Invalid with the field that can't be read."""
    effective_at = instant_in(typed.get("effective_at", ""), zone, "effective_at")
    if effective_at is None:
        raise Invalid("It has no effective time", field="effective_at", fix="Choose an instant")
    return meaning_in(typed, effective_at)


def meaning_in(typed: QueryDict, effective_at: datetime) -> MetricDraft:
    """Read what a form says, whenever it shall hold. Raises Invalid with the field that can't be read."""
    return _applicable(_as_typed(typed, effective_at))


def _applicable(draft: MetricDraft) -> MetricDraft:
    """Leave out what the aggregation has no use for."""
    kind = draft.aggregation
    measures = () if kind is Aggregation.COUNT else draft.measures
    return replace(
        draft,
        measures=measures if kind in LESS else tuple(replace(each, less=()) for each in measures),
        measure_dimension="" if kind is Aggregation.COUNT else draft.measure_dimension,
        carry=draft.carry and kind is Aggregation.LATEST,
        of_level=draft.of_level and kind is Aggregation.TIME_WEIGHTED,
    )


def _as_typed(typed: QueryDict, effective_at: datetime) -> MetricDraft:
    return MetricDraft(
        event_type=typed.get("event_type", "").strip(),
        aggregation=_one_of(Aggregation, typed.get("aggregation", ""), "aggregation"),
        unit=typed.get("unit", "").strip(),
        effective_at=effective_at,
        measures=tuple(
            Measure(row["field"], row["value"] or None, _list(row["less"])) for row in typed_rows(typed, "measures")
        ),
        measure_dimension=typed.get("measure_dimension", "").strip(),
        dimensions=tuple(_dimension(i, row) for i, row in enumerate(typed_rows(typed, "dimensions"))),
        filters=tuple(
            Filter(row["field"], _one_of(FilterOp, row["op"], f"filters[{i}].op"), _list(row["values"]))
            for i, row in enumerate(typed_rows(typed, "filters"))
        ),
        divisor=_divisor(typed.get("divisor", "")),
        rounding=_chosen(Rounding, typed, "rounding"),
        digits=_whole(typed.get("digits", ""), "digits"),
        carry=typed.get("carry", "") == YES,
        of_level=typed.get("of_level", "") == YES,
        per=_list(typed.get("per", "")),
        window=_chosen(Window, typed, "window"),
        again=_chosen(Again, typed, "again"),
    )


def _chosen(kind: Any, typed: QueryDict, field: str) -> Any:
    text = typed.get(field, "")
    return _one_of(kind, text, field) if text else None


def _divisor(text: str) -> Decimal:
    number = number_in(text, "divisor")
    return Decimal(1) if number is None else number


def _whole(text: str, field: str) -> int:
    number = number_in(text, field) or Decimal(0)
    if number != int(number):
        raise Invalid(f"“{text.strip()}” is not a whole number", field=field, fix="Write digits only: 2, or -2")
    return int(number)


def _dimension(index: int, row: Row) -> Dimension:
    field = f"dimensions[{index}].thresholds"
    bounds = (number_in(text, field) for text in _list(row["thresholds"]))
    return Dimension(row["key"], row["field"], tuple(b for b in bounds if b is not None), row["optional"] != YES)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _one_of(kind: Any, text: str, field: str) -> Any:
    if text not in {one.value for one in kind}:
        known = ", ".join(one.value for one in kind)
        raise Invalid(f"“{text}” is not known here", field=field, fix=f"Choose one of: {known}")
    return kind(text)


def _spare(name: str, count: int = SPARE) -> Iterator[Row]:
    return (dict.fromkeys(COLUMNS[name], "") for _ in range(count))


def _measures(version: MetricVersion) -> Iterator[Row]:
    return ({"value": m.value, "field": m.field, "less": ", ".join(m.less)} for m in version.measures.all())


def _dimensions(version: MetricVersion) -> Iterator[Row]:
    for one in version.dimensions.all():
        bounds = ", ".join(plain(bound) for bound in one.thresholds)
        optional = "" if one.is_required else YES
        yield {"key": one.key, "field": one.field, "thresholds": bounds, "optional": optional}


def _filters(version: MetricVersion) -> Iterator[Row]:
    for one in version.filters:
        yield {"field": one["field"], "op": one["op"], "values": ", ".join(one.get("values", ()))}
