"""The explorer's picture: groups on each other where they add up, the time compared with as a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.utils import timezone

from metering.console.usage_choice import Choice
from metering.console.usage_tables import OTHER, TOTAL, Table, name_of, ranked, title_of
from metering.queries.explored import Explored
from monetization.foundation.rules.charts import MOST_SERIES, Chart, Slot, bars
from monetization.foundation.templatetags.show import exact
from monetization.values.money import round_half_away
from monetization.values.periods import Period

LABELS = 7
Slots = list[tuple[str, Period]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for a choice: its stretches, their figures, those of the time compared with, the tables."""

    choice: Choice
    slots: Slots
    found: Explored
    then: Explored | None
    tables: dict[str, Table]


def chart_of(answer: Answer) -> Chart:
    """Draw groups on each other where they add up, else the one value of all of them."""
    choice, found, now = answer.choice, answer.found, timezone.now()
    groups = ranked(found) if choice.question.by and choice.question.adds_up else []
    shown = groups if len(groups) <= MOST_SERIES else groups[: MOST_SERIES - 1]
    series = [*map(name_of, shown), *([OTHER] if len(shown) < len(groups) else [])] or [TOTAL]
    step = -(-len(answer.slots) // LABELS)
    slots = []
    for number, (label, span) in enumerate(answer.slots):
        mine, whole = found.slots[number], found.sums[number]
        parts = [mine.get(group, Fraction(0)) for group in shown]
        values = [*parts, *([whole - sum(parts)] if len(shown) < len(groups) else [])] if groups else [whole]
        text = _title(title_of(label, choice), series, values, answer.then, number)
        slots.append(Slot(
            _short(label, choice) if number % step == 0 else "", text, tuple(map(_rounded, values)), now in span
        ))  # fmt: skip
    line = [_rounded(value) for value in answer.then.sums] if answer.then else []
    return bars(series, slots, line=line)


def _title(when: str, series: Sequence[str], values: Sequence[Fraction], then: Explored | None, number: int) -> str:
    parts = [f"{name}: {exact(_rounded(value))}" for name, value in zip(series, values, strict=True) if value]
    past = [f"compared: {exact(_rounded(then.sums[number]))}"] if then and number < len(then.sums) else []
    return "\n".join([when, *(parts or ["nothing"]), *past])


def _short(label: str, choice: Choice) -> str:
    words = title_of(label, choice).split(" ")
    return words[-1] if choice.grain == "hour" else " ".join(words[:2])


def _rounded(value: Fraction) -> Decimal:
    return round_half_away(value, 9)
