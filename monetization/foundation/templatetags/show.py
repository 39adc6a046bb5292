"""How numbers, times and states look, the same on every page of console, portal and paper. No float anywhere.

Money has its currency's digits, a true minus and grouped thousands; a unit price exactly the digits it has;
absence is an en dash, zero is written. What a machine needs stays in `title` or `datetime`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.template import Library
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from monetization.values.money import EXACT, finite, minor_digits, plain, round_half_away
from monetization.values.periods import Period, local_date, zone_of

register = Library()
NOTHING, MINUS = "–", "−"
Number = Decimal | Fraction | int
TONES: Mapping[str, str] = {
    "DRAFT": "quiet", "SUBMITTED": "info", "IN_REVIEW": "info", "APPROVED": "good", "SCHEDULED": "info",
    "LIVE": "good", "ISSUED": "info", "PAID": "good", "REJECTED": "bad", "VETO": "bad", "REJECT": "bad",
    "APPROVE": "good", "WITHDRAWN": "quiet", "ROLLED_BACK": "warn", "VOID": "quiet", "PENDING": "info", "FAILED": "bad",
    "DELIVERED": "good", "DONE": "good", "OVERDUE": "warn", "INFO": "info", "WARN": "warn", "BLOCK": "bad",
    "OPEN": "warn", "REPLAYED": "good", "DISMISSED": "quiet", "SANDBOX": "warn", "READY": "good",
    "ENDED": "quiet", "NEXT": "info", "ROOM": "good", "NEAR": "warn", "FULL": "warn", "OVER": "bad", "HELD": "info",
    "SETTLED": "good", "RELEASED": "quiet", "EXPIRED": "quiet", "REFUSED": "warn", "OVERRUN": "bad", "WARNED": "warn",
    "REMOVED": "warn", "AMENDED": "info", "RUNNING": "info", "WAITING": "quiet",
    "GREEN_LIGHT": "good",
    "PAUSED": "warn", "CANCELLED": "quiet", "AMEND": "info", "DEPRECATE": "warn", "REPLACE": "info", "UNDO": "quiet",
    "FAULTY": "bad", "APPLYING": "info", "APPLIED": "good",
}  # fmt: skip


def grouped(text: str) -> str:
    """Group the thousands of a plain number and give it a true minus."""
    sign, digits = (MINUS, text[1:]) if text.startswith("-") else ("", text)
    whole, dot, rest = digits.partition(".")
    return f"{sign}{int(whole):,}{dot}{rest}" if whole.isdigit() else sign + digits


@register.filter
def money(value: Number | None, currency: str = "") -> str:
    """Write an amount with its currency's digits; with two at least where no currency is given."""
    if value is None or value == "":
        return NOTHING
    return grouped(f"{round_half_away(value, minor_digits(currency) if currency else 2):f}")


@register.filter
def exact(value: Number | None) -> str:
    """Write a unit price or quantity with exactly the digits it has: 0.000000075, 1,284,550."""
    return NOTHING if value is None or value == "" else grouped(plain(value))


@register.filter
def exact_text(value: str | None) -> str:
    """Write a number kept as text (a step's) with exactly its digits; a fraction stays one."""
    return NOTHING if value is None or value == "" else value if "/" in value else grouped(value)


@register.filter
def price_text(value: str | None) -> str:
    """Write a unit price kept as text, with two decimals at least."""
    return exact_text(value) if not value or "/" in value else price(Decimal(value))


@register.filter
def money_text(value: str | None, currency: str = "") -> str:
    """Write an amount kept as text."""
    return NOTHING if not value else money(Decimal(value), currency)


@register.filter
def price(value: Number | None, currency: str = "") -> str:
    """Write a unit price exactly, with its currency's digits at least (two, where none is given): 2.50, 0.000000075."""
    if value is None or value == "":
        return NOTHING
    whole, _, rest = plain(value).partition(".")
    if "/" in whole:
        return whole
    digits = rest.ljust(minor_digits(currency) if currency else 2, "0")
    return grouped(f"{whole}.{digits}" if digits else whole)


@register.filter
def quantity(value: Number | None, places: int = 6) -> SafeString | str:
    """Write a quantity with at most six decimals; where that cuts digits off, the whole number is the title."""
    if value is None or value == "":
        return NOTHING
    short = round_half_away(value, places)
    text = exact(finite(Fraction(short)))
    return text if Fraction(short) == Fraction(value) else format_html('<span title="{}">{}</span>', plain(value), text)


@register.filter
def fixed(value: Number | None, places: int) -> str:
    """Write a quantity with as many decimals as the others of its column, so that they line up."""
    return NOTHING if value is None or value == "" else grouped(f"{round_half_away(value, places):f}")


@register.filter
def percent(value: Number | None) -> str:
    """Write a percentage with the digits it has: 19 %, 7.5 %."""
    return NOTHING if value is None or value == "" else f"{exact(value)} %"


@register.filter
def change(value: Number | None, hover: str = "") -> SafeString | str:
    """Write a change in percent as arrow and number; up is not bad and down is not good."""
    if value is None or value == "":
        return NOTHING
    arrow = "↑" if value > 0 else "↓" if value < 0 else "="
    way = "up" if value > 0 else "down" if value < 0 else "same"
    sign = "+" if value > 0 else ""
    return format_html(
        '<span class="change change-{}" title="{}"><span aria-hidden="true">{}</span> {}{} %</span>',
        way, hover, arrow, sign, exact(value),
    )  # fmt: skip


@register.simple_tag
def difference_of(old: Decimal, new: Decimal, percent: Decimal | None, currency: str = "") -> SafeString | str:
    """Write what a price changes by: percent, with the absolute difference as title; that alone from zero."""
    absolute = EXACT.subtract(new, old)
    words = f"{'+' if absolute > 0 else ''}{price(absolute, currency)}"
    return change(percent, words) if percent is not None else words


@register.filter
def local_input(value: datetime, zone: str) -> str:
    """Write an instant as the value of a datetime-local field, in a zone."""
    return f"{value.astimezone(zone_of(zone)):%Y-%m-%dT%H:%M}"


@register.simple_tag
def step_chart(tiers: Sequence[Any]) -> SafeString:
    """Draw old and new unit prices of tiers as two stepped lines; steps are equally wide, heights relative."""
    sides = {"was": [t.old_unit_price for t in tiers], "will": [t.new_unit_price for t in tiers]}
    known = [price for prices in sides.values() for price in prices if price is not None]
    paths = format_html_join("", '<path class="{}" d="{}"/>', ((k, _steps(v, known)) for k, v in sides.items()))
    chart = '<svg class="steps" width="72" height="20" viewBox="0 0 72 20" aria-hidden="true">{}</svg>'
    return format_html(chart, paths)


def _steps(prices: Sequence[Decimal | None], known: Sequence[Decimal]) -> str:
    """Give a path of 72 by 20: the lowest known price at the bottom, the highest on top."""
    low, span = Fraction(min(known)), Fraction(max(known)) - Fraction(min(known)) or Fraction(1)
    width = 72 // len(prices)
    points: list[str] = []
    for index, one in enumerate(prices):
        if one is not None:
            y = 18 - int((Fraction(one) - low) / span * 16)
            points.append(f"{'L' if points else 'M'}{index * width} {y}H{(index + 1) * width}")
    return "".join(points)


@register.filter
def tone(status: str) -> str:
    """Name the tone of a status: quiet, info, good, warn or bad."""
    return TONES.get(str(status), "quiet")


@register.simple_tag
def badge(status: Any, label: str = "") -> SafeString:
    """Show a status; its tone comes from the one table, its words from the status itself."""
    value = str(getattr(status, "value", status))
    words = label or str(getattr(status, "label", "")) or value.replace("_", " ").capitalize()
    return format_html('<span class="badge tone-{}">{}</span>', tone(value), words)


@register.filter
def day(value: date | datetime | None, zone: str = "UTC") -> str:
    """Write a date as 3 Oct 2026; an instant as its date in the zone."""
    if value is None:
        return NOTHING
    local = local_date(value, zone) if isinstance(value, datetime) else value
    return f"{local.day} {local:%b %Y}"


@register.filter
def instant(value: datetime | None, zone: str = "UTC") -> SafeString | str:
    """Write an instant in a zone, to the minute; the exact UTC instant is the title."""
    if value is None:
        return NOTHING
    local = value.astimezone(zone_of(zone))
    stamp = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return format_html(
        '<time datetime="{}" title="{} UTC">{} {}</time>', stamp, stamp, day(local.date()), f"{local:%H:%M}"
    )


@register.filter
def moment(value: datetime, zone: str = "UTC") -> SafeString:
    """Write an instant in a zone, to the second; the exact UTC instant is the title."""
    local, stamp = value.astimezone(zone_of(zone)), value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    words = f"{day(local.date())} {local:%H:%M:%S}"
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', stamp, stamp, words)


@register.filter
def period(value: Period, zone: str = "UTC") -> str:
    """Write a period as the days that it serves in a zone: 1–31 Oct 2026."""
    first = local_date(value.starts_at, zone)
    if value.ends_at is None:
        return f"from {day(first)}"
    return days(first, local_date(value.ends_at - timedelta(microseconds=1), zone))


@register.simple_tag
def period_of(starts_at: datetime, ends_at: datetime | None, zone: str = "UTC") -> str:
    """Write the period between two instants as the days that it serves in a zone."""
    return period(Period(starts_at, ends_at), zone)


def days(first: date, last: date) -> str:
    """Write the days from the first to the last as shortly as they can be."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    return f"{first.day} {first:%b} – {day(last)}" if first.year == last.year else f"{day(first)} – {day(last)}"


@register.filter
def away(value: datetime | date, now: datetime) -> str:
    """Say how far a time is from now: in 3 days, 2 hours ago, today."""
    if not isinstance(value, datetime):
        return _words_of_days((value - now.date()).days)
    seconds = int((value - now).total_seconds())
    if abs(seconds) >= 2 * 86400:
        return _words_of_days((value.date() - now.date()).days)
    for size, word in ((3600, "hour"), (60, "minute")):
        if abs(seconds) >= size:
            return _ago(seconds, size, word)
    return "just now"


def _words_of_days(count: int) -> str:
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}
    return near.get(count) or (f"in {count} days" if count > 0 else f"{-count} days ago")


def _ago(seconds: int, size: int, word: str) -> str:
    count = abs(seconds) // size
    words = f"{count} {word}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds > 0 else f"{words} ago"


@register.filter
def dims(match: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
    """Write dimension values as gpt-4o · input; any where nothing is named."""
    pairs = match.items() if isinstance(match, Mapping) else match
    return " · ".join(value for _, value in pairs) or "any"


@register.filter
def words(name: str) -> str:
    """Write a machine's name as people say it: max_change_percent → max change percent."""
    return name.replace("_", " ")


@register.filter
def fact(value: str | list[str]) -> str:
    """Write a fact as it is kept: a number as people write it, words with commas."""
    return (", ".join(value) or "none") if isinstance(value, list) else exact_text(value)


@register.filter
def coded(text: str) -> SafeString:
    """Set what stands between backticks as code."""
    marked = ('<span class="mono">{}</span>' if index % 2 else "{}" for index, _ in enumerate(text.split("`")))
    return format_html("".join(marked), *text.split("`"))


@register.filter
def lookup(mapping: Mapping[Any, Any], key: Any) -> Any:
    """Read one entry of a mapping; nothing where it lacks it."""
    return mapping.get(key)


@register.inclusion_tag("parts/errors.html")
def errors_of(outcome: Any, field: str) -> dict[str, Any]:
    """Show what an outcome says about a field, beside it."""
    return {"errors": outcome.about(field) if hasattr(outcome, "about") else ()}


@register.inclusion_tag("parts/refusals.html")
def elsewhere(outcome: Any, fields: str) -> dict[str, Any]:
    """Show on top of a form what an outcome says about none of its fields (names with spaces between)."""
    return {"errors": outcome.elsewhere(fields.split()) if hasattr(outcome, "about") else ()}
