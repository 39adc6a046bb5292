"""The parts of a contract as rows of its page: what it is, for what, on which days, how much."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from catalog.console.commit_rows import PartRow, commit_rows, days_words, scope_words, scoped
from catalog.models import Contract
from catalog.queries import Amended, amended, first_paid
from catalog.queries.cards import tariff_of_row
from catalog.rules.tariff_words import words_of
from monetization.foundation.templatetags.show import day, exact
from monetization.values.periods import DAY

KINDS = (
    ("recurring", "recurring charge"), ("one_time", "one-time charge"), ("allowance", "allowance"),
    ("discount", "discount"), ("bound", "minimum or maximum"), ("composite", "composite"), ("commit", "commit"),
    ("instrument", "credit"),
    ("grant", "recurring grant"), ("override", "price of its own"), ("multiplier", "multiplier"),
)  # fmt: skip


def part_rows(contract: Contract, on: date | None = None) -> list[PartRow]:
    """List the parts agreed with a contract and by its approved amendments, in the order of a bill.

    ``on``: only what stands on a day, amendments counted that have taken effect by then.
    """
    known = amended(contract) if on is None else amended(contract).known(on + DAY)
    found = rows_of(contract, known.holds)
    return [_ended(row, known) for row in found if on is None or _stands_on(row, known, on)]


def _stands_on(row: PartRow, known: Amended, on: date) -> bool:
    if not hasattr(row.row, "end_date"):
        return True
    days = known.days(row.part, row.row)
    return (days.first is None or days.first <= on) and (days.last is None or on <= days.last)


def _ended(row: PartRow, known: Amended) -> PartRow:
    last = known.ends_on(row.part, row.row.key)
    if last is None:
        return row
    return replace(row, days=", ".join(each for each in (row.days, f"ended {day(last)} by an amendment") if each))


def rows_of(contract: Contract, keep: Callable[[Any], bool]) -> list[PartRow]:
    """List those parts of a contract that are kept."""
    return [row for row in _all(contract) if keep(row.row)]


def _all(contract: Contract) -> list[PartRow]:
    recurring = contract.recurring_charges.select_related("product").prefetch_related("changes__amendment")
    recurring = recurring.order_by("pk")
    once = contract.one_time_charges.select_related("product").order_by("pk")
    own = contract.overrides.select_related("product").prefetch_related("tiers").order_by("pk")
    return [
        *(PartRow("override", row, "own price", _of_price(row), days_words(row), words_of(tariff_of_row(row)))
          for row in own),
        *(PartRow("multiplier", row, "multiplier", _of_factor(row), days_words(row), f"× {exact(row.factor)}")
          for row in scoped(contract.multipliers)),
        *(PartRow("recurring", row, _every(row), row.product.name, _changes(row), _price(row)) for row in recurring),
        *(PartRow("one_time", row, "once", row.product.name, day(row.date or first_paid(contract)), _price(row))
          for row in once),
        *(PartRow("allowance", row, "free units", row.product.name, _per(row), exact(row.units))
          for row in contract.allowances.select_related("product", "per").order_by("pk")),
        *(PartRow("discount", row, "discount", scope_words(row), days_of(row), _off(row))
          for row in scoped(contract.discounts)),
        *(PartRow("bound", row, row.get_kind_display().lower(), scope_words(row), days_of(row), exact(row.amount))
          for row in scoped(contract.bounds)),
        *(PartRow("composite", row, "percentage of lines", scope_words(row), days_of(row), f"{exact(row.percent)} %")
          for row in scoped(contract.composites)),
        *commit_rows(contract),
    ]  # fmt: skip


def _per(row: Any) -> str:
    return f"each period, per {row.per.name}" if row.per else "each period"


def _of_price(row: Any) -> str:
    return " · ".join([row.product.name, *row.match.values()])


def _of_factor(row: Any) -> str:
    named = [*(product.name for product in row.products.all()), *row.tags, *row.match.values()]
    return " · ".join(named) or "every list price"


def _every(row: Any) -> str:
    cadence = row.get_cadence_display().lower() if row.cadence else "each period"
    return f"{cadence}, {row.get_timing_display().lower()}"


def _changes(row: Any) -> str:
    changes = (
        f"{exact(each.quantity)} from {day(each.start_date)}" for each in row.changes.all() if _stands(each, row)
    )
    return ", ".join(each for each in (days_of(row), *changes) if each)


def _stands(change: Any, row: Any) -> bool:
    """Say whether a change of quantity was agreed with its charge, or by an approved amendment."""
    return bool(change.amendment_id == row.amendment_id or change.amendment.status == "APPROVED")


def days_of(row: Any) -> str:
    """Say when a part stands; nothing where it does as long as the contract."""
    if row.start_date is None:
        return f"until {day(row.end_date)}" if row.end_date else ""
    return f"{day(row.start_date)} – {day(row.end_date) if row.end_date else 'open'}"


def _price(row: Any) -> str:
    return f"{exact(row.quantity)} × {exact(row.unit_price)}"


def _off(row: Any) -> str:
    off = f"{exact(row.percent)} %" if row.percent is not None else f"−{exact(row.amount)} a period"
    if row.periods:
        off += ", once" if row.periods == 1 else f", {row.periods} periods"
    return f"{off}, the rest later" if row.carry_rest else off
