"""Quantities that somebody types for a customer whose usage isn't known yet: the same in every period."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing.queries.quotes import Used
from billing.queries.tried import Tried, rows_of
from catalog.rules.terms import Terms
from monetization.foundation.web import number_in
from monetization.values.errors import DomainError

MOST = 12
BEFORE = "used:"


@dataclass(frozen=True, slots=True)
class Quantity:
    """An input: what it is for, its name in the form, and what is typed."""

    row: Tried
    name: str
    text: str
    errors: tuple[DomainError, ...] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """What is typed: the inputs, the usage that they say, and how many prices have no input."""

    inputs: tuple[Quantity, ...]
    used: tuple[Used, ...]
    more: int


def typed_in(terms: Terms | None, texts: Mapping[str, str]) -> Typed:
    """Read quantities in priced units; those of a price that is no longer there are left out."""
    charges = terms.segments[-1].charges if terms is not None and terms.segments else ()
    rows = [row for charge in charges if charge.metric.adds_up for row in rows_of(charge, {})]
    said = [row for row in rows if texts.get(BEFORE + row.key, "").strip()]
    shown = [*said, *(row for row in rows if row not in said)][: max(MOST, len(said))]
    inputs = sorted((_read(row, texts) for row in shown), key=lambda each: rows.index(each[0].row))
    return Typed(tuple(one for one, _ in inputs), tuple(u for _, u in inputs if u is not None), len(rows) - len(shown))


def _read(row: Tried, texts: Mapping[str, str]) -> tuple[Quantity, Used | None]:
    name = BEFORE + row.key
    text = texts.get(name, "")
    try:
        number: Decimal | None = number_in(text, name)
    except DomainError as error:
        return Quantity(row, name, text, error.errors), None
    return Quantity(row, name, text), row.quantity(number) if number else None
