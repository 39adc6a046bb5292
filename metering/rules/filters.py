"""Conditions that an event must meet to be counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from catalog.rules.terms import Filter, FilterOp
from metering.rules.fields import ABSENT, field_of, number_in, text_of

COMPARISONS = {FilterOp.GT: gt, FilterOp.GE: ge, FilterOp.LT: lt, FilterOp.LE: le}


Test = Callable[[Mapping[str, Any]], bool]


def compiled(condition: Filter) -> Test:
    """Compile a filter: the same answers as ``passes``, quicker where its field is plain."""
    field, plain = condition.field, "." not in condition.field
    if plain and condition.op is FilterOp.EXISTS:
        return lambda data: data.get(field) is not None
    if plain and condition.op is FilterOp.MISSING:
        return lambda data: data.get(field) is None
    if plain and condition.op is FilterOp.IN:
        values = frozenset(condition.values)
        return lambda data: found in values if type(found := data.get(field)) is str else passes(condition, data)
    return lambda data: passes(condition, data)


def passes(condition: Filter, data: Mapping[str, Any]) -> bool:
    """Test one filter; comparing what is not a number is false, never an error."""
    found = field_of(data, condition.field)
    if condition.op is FilterOp.EXISTS:
        return found is not ABSENT
    if condition.op is FilterOp.MISSING:
        return found is ABSENT
    if condition.op in (FilterOp.IN, FilterOp.NOT_IN):
        inside = found is not ABSENT and text_of(found) in condition.values
        return inside is (condition.op is FilterOp.IN)
    return _compares(condition, found)


def _compares(condition: Filter, found: Any) -> bool:
    number = number_in(found)
    if number is None or not number.is_finite():
        return False
    return bool(COMPARISONS[condition.op](number, Decimal(condition.values[0])))
