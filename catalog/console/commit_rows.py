"""Commits, credits and recurring grants of a contract as rows of its page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalog.models import Commit, Contract, Instrument, RecurringGrant
from monetization.foundation.templatetags.show import day, exact
from monetization.values.money import total_of


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part in words; ``part`` names its kind in addresses."""

    part: str
    row: Any
    kind: str
    scope: str
    days: str
    figure: str


def commit_rows(contract: Contract) -> Iterator[PartRow]:
    """Yield what may be drawn: a commit with its schedules is one row; what grants become isn't listed."""
    for commit in scoped(contract.commits).prefetch_related("items", "purchases", "prices"):
        yield PartRow("commit", commit, commit.get_kind_display().lower(), scope_words(commit), *_schedules(commit))
    for row in scoped(contract.instruments.filter(commit=None, recurring=None)).select_related("rolled_from"):
        yield PartRow("instrument", row, _kind(row), scope_words(row), days_words(row), _value(row))
    for grant in scoped(contract.recurring_grants):
        yield PartRow("grant", grant, _every(grant), scope_words(grant), _granted(grant), exact(grant.amount))


def scoped(rows: Any) -> Any:
    """Read rows with their products, in the order in which they were added."""
    return rows.prefetch_related("products").order_by("pk")


def scope_words(row: Any) -> str:
    """Say what a row is for."""
    products = [product.name for product in row.products.all()]
    tags = [f"tagged {tag}" for tag in getattr(row, "tags", ())]
    values = [f"{key} {value}" for key, value in sorted(getattr(row, "dimensions", {}).items())]
    return ", ".join([*products, *tags, *values]) or "everything"


def days_words(row: Any) -> str:
    """Say from when to when a row stands; without a first day from the contract's."""
    first = day(row.start_date) if row.start_date else "start"
    return f"{first} – {day(row.end_date) if row.end_date else 'open'}"


def _schedules(commit: Commit) -> tuple[str, str]:
    items = sorted(commit.items.all(), key=lambda each: (each.start_date, each.pk))
    billed = list(commit.purchases.all())
    days = ", ".join(f"{exact(each.amount)} {days_words(each)}" for each in items[:3])
    more = f" and {len(items) - 3} more" if len(items) > 3 else ""
    figure = exact(total_of(each.amount for each in items))
    on = ", ".join(f"{exact(each.amount)} on {day(each.date)}" for each in billed[:4])
    left = f" and {len(billed) - 4} more" if len(billed) > 4 else ""
    return days + more, f"{figure}, billed {on}{left}" if billed else figure


def _kind(row: Instrument) -> str:
    kind: str = row.get_kind_display().lower()
    return f"{kind}, rolled over from {row.rolled_from}" if row.rolled_from is not None else kind


def _value(row: Instrument) -> str:
    if row.rolled_from_id is not None:
        return f"up to {exact(row.amount)}"
    return f"{exact(row.amount)}, billed {exact(row.invoiced)}" if row.invoiced else exact(row.amount)


def _every(grant: RecurringGrant) -> str:
    return f"credit, {grant.get_cadence_display().lower() if grant.cadence else 'each period'}"


def _granted(grant: RecurringGrant) -> str:
    first = day(grant.start_date) if grant.start_date else ""
    dates = f"{first} – {day(grant.end_date)}" if grant.end_date else f"from {first}" if first else ""
    periods = grant.rollover_periods
    rest = f"its rest serves {periods} more period{'' if periods == 1 else 's'}" if periods else ""
    return ", ".join(filter(None, (dates, rest)))
