"""An impact in pictures and sentences: present beside proposed by month, and how many accounts change by how much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.models import AccountImpact
from billing.queries.impacts import Summary, Sums
from billing.rules.impacts import percent_of
from monetization.foundation.rules.charts import Chart, Slot, bars
from monetization.foundation.templatetags.show import exact, money

SIDES = ("On present terms", "On proposed terms")
ZERO = Decimal(0)
STEPS = (Decimal(-20), Decimal(-5), ZERO)
LABELS = (
    ("< −20", "down by more than 20 %"), ("−20", "down by 5 to 20 %"), ("−5", "down by up to 5 %"), ("0", "no change"),
    ("+5", "up by up to 5 %"), ("+20", "up by 5 to 20 %"), ("> 20", "up by more than 20 %"), ("new", "up from nothing"),
)  # fmt: skip
WAYS = ("Pay less", "Pay the same", "Pay more")


@dataclass(frozen=True, slots=True)
class Shown:
    """A summary with its change in percent, and the account that changes most."""

    summary: Summary
    percent: Decimal | None
    largest: AccountImpact | None


def by_month(months: Sequence[date], sums: Iterable[Sums], currency: str) -> Chart:
    """Draw two bars a month: what is billed on present terms, and on proposed ones."""
    found = {each.of: each for each in sums if each.currency == currency}
    slots = []
    for month in months:
        each = found.get(month)
        before, after = (each.before, each.after) if each else (ZERO, ZERO)
        title = f"{month:%B %Y}\nPresent: {money(before, currency)}\nProposed: {money(after, currency)}"
        slots += [Slot(f"{month:%b %Y}", title, (before, ZERO)), Slot("", title, (ZERO, after))]
    return bars(SIDES, slots)


def distribution(percents: Iterable[Decimal | None]) -> Chart:
    """Draw how many accounts change by how much; None: from nothing to something."""
    counts = [0] * len(LABELS)
    for each in percents:
        counts[_place(each)] += 1
    slots = []
    for place, ((label, words), count) in enumerate(zip(LABELS, counts, strict=True)):
        way = 1 if place == 3 else 0 if place < 3 else 2
        values = tuple(Decimal(count) if way == each else ZERO for each in range(3))
        slots.append(Slot(label, f"{exact(Decimal(count))} account{'' if count == 1 else 's'} {words}", values))
    return bars(WAYS, slots)


def shown(summary: Summary, largest: AccountImpact | None) -> Shown:
    """Give a summary with its percent."""
    return Shown(summary, percent_of(summary.total.before, summary.total.after), largest)


def _place(percent: Decimal | None) -> int:
    if percent is None:
        return len(LABELS) - 1
    if percent <= 0:
        return next((place for place, step in enumerate(STEPS) if percent < step), 3)
    return 4 if percent <= 5 else 5 if percent <= 20 else 6
