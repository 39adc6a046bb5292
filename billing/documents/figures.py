"""How numbers, days and spans look on paper. Never rounds: what comes in rounded goes out as it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing.rules.printed import PrintedLine, PrintedStep
from monetization.values.money import minor_digits, plain, round_once

MINUS = "\N{MINUS SIGN}"
THIN = "\N{THIN SPACE}"


def amount(value: Decimal, currency: str) -> str:
    """Write an amount with all digits of its currency: 1,234.50 (JPY 1,234)."""
    return _signed(f"{round_once(value, currency).copy_abs():,.{minor_digits(currency)}f}", value)


def number(value: Decimal) -> str:
    """Write a quantity or price with exactly the digits that it has: 12,345.000001."""
    whole, _, places = plain(value.copy_abs()).partition(".")
    grouped = f"{int(whole):,}"
    return _signed(f"{grouped}.{places}" if places else grouped, value)


def percent(value: Decimal) -> str:
    return f"{number(value)}{THIN}%"


def day(value: date | None) -> str:
    return f"{value.day} {value:%B %Y}" if value else ""


def span(first: date, last: date) -> str:
    """Write a stretch of days, both served, without repeating what they share: 1–31 October 2026."""
    if first == last:
        return day(last)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%B} – {day(last)}"
    return f"{day(first)} – {day(last)}"


def tier(step: PrintedStep) -> str:
    """Name a tier by its bounds."""
    if step.part != 1:
        return f"for {step.weight} of the period"
    if step.up_to is None:
        return f"above {number(step.over)}" if step.over else "all units"
    if not step.over:
        return f"first {number(step.up_to)}"
    return f"{number(step.over)} to {number(step.up_to)}"


def detail(line: PrintedLine, whole: tuple[date, date]) -> str:
    """Describe the line below its product; its days only where they are not the invoice's."""
    days = (line.first_date, line.last_date)
    return ", ".join(part for part in (line.detail, span(*days) if days != whole else "") if part)


def _signed(text: str, value: Decimal) -> str:
    return MINUS + text if value < 0 else text
