"""What an invoice line keeps of its rating, as JSON: numbers are exact text, ``1/31`` where one never ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from billing.rules.lines import Line
from billing.rules.rated import RatedLine, Step
from billing.rules.scopes import LineKind
from catalog.rules.terms import Discount, Level
from monetization.values.money import plain


def description(line: RatedLine) -> str:
    """Name a line by the dimension values that its price row asks for, in the metric's order."""
    return " · ".join(value for _, value in line.match) or line.name


def words(line: Line, names: Mapping[str, str]) -> str:
    """Describe a line; ``names``: what commits and credits are called, by their id."""
    if line.rated is not None:
        return description(line.rated)
    name = names.get(line.instrument, line.instrument)
    if line.of is not None:
        what = name if line.kind is LineKind.DRAWDOWN else line.name
        return line.name if line.kind is LineKind.CAP else f"{what}, on {words(line.of, names)}"
    return f"Shortfall of {name}" if name else line.name


def source_of_line(line: Line, discounts: Iterable[Discount], origin: Mapping[str, str]) -> dict[str, Any]:
    """Keep what a line of any kind rests on; ``origin`` says where a fee is agreed."""
    if line.rated is not None:
        return source_of(line.rated, discounts)
    kept: dict[str, Any] = {
        "cards": [], "discounts": _percents(line.discounts, discounts), "list": plain(line.list_exact),
        "measured": "0", "quantity": plain(line.quantity), "usage": [],
    }  # fmt: skip
    taken = {"discount": line.discount} if line.discount else {}
    return kept | taken | {"agreed": dict(origin)}


def _percents(names: Iterable[str], discounts: Iterable[Discount]) -> list[str]:
    percents = {each.name: each.percent for each in discounts}
    return [f"{name} of {plain(percents[name])} %" for name in names]


def source_of(line: RatedLine, discounts: Iterable[Discount]) -> dict[str, Any]:
    """Keep what a line rests on: price rows with their approval, discounts, exact sums, and the usage billed."""
    return {
        "cards": [
            {
                "row": price.row_id,
                "card": price.source.card,
                "version": price.source.version,
                "version_id": price.source.version_id,
                "owner": price.source.owner,
                "approval": price.source.approval,
                "override": price.key if price.level is Level.CONTRACT else None,
                "multipliers": [{"key": each.key, "factor": plain(each.factor)} for each in price.multipliers],
            }
            for price in line.prices
        ],
        "discounts": _percents(line.discounts, discounts),
        "list": plain(line.list_exact),
        "measured": plain(line.measured),
        "quantity": plain(line.quantity),
        "usage": _usage(line),
        **unit_of(line),
    }


def unit_of(line: RatedLine) -> dict[str, Any]:
    """Name the pricing unit that a line's steps are in, and what one of it is worth; nothing where it is a currency."""
    charge = line.charge
    if not charge.pricing_unit:
        return {}
    return {"pricing_unit": {"key": charge.pricing_unit, "rate": plain(charge.rate)}}


def _usage(line: RatedLine) -> list[dict[str, Any]]:
    sums: dict[tuple[tuple[str, str], ...], tuple[Fraction, int]] = {}
    for row in line.usage:
        quantity, events = sums.get(row.dims, (Fraction(0), 0))
        sums[row.dims] = quantity + Fraction(row.quantity), events + row.events
    return [
        {"dims": dict(dims), "quantity": plain(quantity), "events": events}
        for dims, (quantity, events) in sorted(sums.items())
    ]


def step_of(step: Step) -> dict[str, Any]:
    """Write a step down; all numbers are text."""
    said = {
        "over": plain(step.over),
        "up_to": None if step.up_to is None else plain(step.up_to),
        "quantity": plain(step.quantity),
        "unit_price": plain(step.unit_price),
        "flat_fee": plain(step.flat_fee),
        "exact": plain(step.exact),
        "share": plain(step.share),
    }
    weight = Fraction(*step.weight)
    said |= {} if weight == 1 else {"weight": plain(weight)}
    return said | ({"commit": step.instrument} if step.instrument else {})
