"""The parts of a contract as rows of its page: what it is, for what, on which days, how much."""

from typing import Any

from catalog.console.commit_rows import PartRow, commit_rows, days_words, scope_words, scoped
from catalog.models import Contract
from catalog.queries import first_paid
from catalog.queries.cards import tariff_of_row
from catalog.rules.tariff_words import words_of
from monetization.foundation.templatetags.show import day, exact


def part_rows(contract: Contract) -> list[PartRow]:
    """List the parts of a contract in the order of a bill."""
    recurring = contract.recurring_charges.select_related("product").prefetch_related("changes").order_by("pk")
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
        *(PartRow("discount", row, "discount", scope_words(row), "", _off(row)) for row in scoped(contract.discounts)),
        *(PartRow("bound", row, row.get_kind_display().lower(), scope_words(row), "", exact(row.amount))
          for row in scoped(contract.bounds)),
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
    return ", ".join(f"{exact(each.quantity)} from {day(each.start_date)}" for each in row.changes.all())


def _price(row: Any) -> str:
    return f"{exact(row.quantity)} × {exact(row.unit_price)}"


def _off(row: Any) -> str:
    off = f"{exact(row.percent)} %" if row.percent is not None else f"−{exact(row.amount)} a period"
    if row.periods:
        off += ", once" if row.periods == 1 else f", {row.periods} periods"
    return f"{off}, the rest later" if row.carry_rest else off
