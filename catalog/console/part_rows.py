"""The parts of a contract as rows of its page: what it is, for what, on which days, how much."""

from dataclasses import dataclass
from typing import Any

from catalog.models import Contract
from monetization.foundation.templatetags.show import day, exact

KINDS = (
    ("recurring", "recurring charge"), ("one_time", "one-time charge"), ("discount", "discount"),
    ("bound", "minimum or maximum"), ("instrument", "commit or credit"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part in words; ``part`` names its kind in addresses."""

    part: str
    row: Any
    kind: str
    scope: str
    days: str
    figure: str


def part_rows(contract: Contract) -> list[PartRow]:
    """List the parts of a contract in the order of a bill."""
    recurring = contract.recurring_charges.select_related("product").prefetch_related("changes").order_by("pk")
    once = contract.one_time_charges.select_related("product").order_by("pk")
    return [
        *(PartRow("recurring", row, _every(row), row.product.name, _changes(row), _price(row)) for row in recurring),
        *(PartRow("one_time", row, "once", row.product.name, day(row.date or contract.start_date), _price(row))
          for row in once),
        *(PartRow("discount", row, "discount", _scope(row), "", _off(row)) for row in _scoped(contract.discounts)),
        *(PartRow("bound", row, row.get_kind_display().lower(), _scope(row), "", exact(row.amount))
          for row in _scoped(contract.bounds)),
        *(PartRow("instrument", row, row.get_kind_display().lower(), _scope(row), _days(row), _value(row))
          for row in _scoped(contract.instruments)),
    ]  # fmt: skip


def _scoped(rows: Any) -> Any:
    return rows.prefetch_related("products").order_by("pk")


def _scope(row: Any) -> str:
    return ", ".join(product.name for product in row.products.all()) or "everything"


def _every(row: Any) -> str:
    cadence = row.get_cadence_display().lower() if row.cadence else "each period"
    return f"{cadence}, {row.get_timing_display().lower()}"


def _changes(row: Any) -> str:
    return ", ".join(f"{exact(each.quantity)} from {day(each.start_date)}" for each in row.changes.all())


def _days(row: Any) -> str:
    return f"{day(row.start_date)} – {day(row.end_date) if row.end_date else 'open'}"


def _price(row: Any) -> str:
    return f"{exact(row.quantity)} × {exact(row.unit_price)}"


def _off(row: Any) -> str:
    return f"{exact(row.percent)} %" if row.percent is not None else f"−{exact(row.amount)} a period"


def _value(row: Any) -> str:
    return f"{exact(row.amount)}, billed {exact(row.invoiced)}" if row.invoiced else exact(row.amount)
