"""The explorer's figures as tables: the page shows them, a download writes them, both from here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from metering.console.usage_choice import Choice
from metering.queries.explored import Explored, Group
from monetization.foundation.models import Account
from monetization.foundation.templatetags.show import day as day_text
from monetization.values.money import finite, round_half_away
from monetization.values.periods import Period, zone_of

MOST_COLUMNS, MOST_PLACES, LARGEST = 12, 6, 20
NONE, OTHER, TOTAL, THEN, CHANGE = "(none)", "Other", "Total", "Compared", "Change in percent"
Number = Fraction | None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; `title` is how its first label is shown, where that is not how it is written."""

    labels: tuple[str, ...]
    numbers: tuple[Number, ...]
    title: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Labels to the left, exact numbers to the right; `foot` says what the whole comes to."""

    name: str
    heads: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    foot: tuple[Number, ...] = ()

    @property
    def places(self) -> int:
        """Choose one number of decimals for all its figures: at most six."""
        numbers = [n for row in (*(row.numbers for row in self.rows), self.foot) for n in row if n is not None]
        return max((_places(number) for number in numbers), default=0)


def name_of(group: Group) -> str:
    """Write a group's dimension values."""
    return " · ".join(value or NONE for value in group) or TOTAL


def ranked(found: Explored) -> list[Group]:
    """List the groups, the largest first."""
    return sorted(found.groups, key=lambda group: (-found.groups[group], group))


def time_table(
    choice: Choice, found: Explored, then: Explored | None, slots: Sequence[tuple[str, Period]]
) -> Table:  # fmt: skip
    """Give a line for each day or hour with usage: the total, what it is compared with, each group."""
    groups = ranked(found) if choice.question.by else []
    shown = groups if len(groups) <= MOST_COLUMNS else groups[: MOST_COLUMNS - 1]
    rest = groups[len(shown) :] if choice.question.adds_up else []
    columns = [TOTAL, *([THEN] if then else []), *map(name_of, shown), *([OTHER] if rest else [])]
    rows = []
    for number, (label, _) in enumerate(slots):
        mine = found.slots[number]
        numbers: list[Number] = [mine.get(group, Fraction(0)) for group in shown]
        if rest:
            numbers.append(sum((mine.get(group, Fraction(0)) for group in rest), Fraction(0)))
        compared = _at(then, number)
        if mine or compared:
            ends = [found.sums[number], *([compared] if then else [])]
            rows.append(Row((label,), (*ends, *numbers), title_of(label, choice)))
    ends = [found.total, *([then.total] if then else [])]
    other = [sum((found.groups[group] for group in rest), Fraction(0))] if rest else []
    foot = (*ends, *(found.groups[group] for group in shown), *other)
    return Table("time", (choice.grain,), tuple(columns), tuple(rows), foot)


def groups_table(choice: Choice, found: Explored, then: Explored | None) -> Table:
    """Give a line for each combination of the dimensions that are told apart."""
    past: Mapping[Group, Fraction] = then.groups if then else {}
    rows = []
    for group in [*ranked(found), *sorted(set(past) - set(found.groups))]:
        value = found.groups.get(group, Fraction(0))
        beside = _beside(value, past.get(group, Fraction(0))) if then else ()
        rows.append(Row(tuple(each or NONE for each in group), (value, *beside)))
    foot = (found.total, *(_beside(found.total, then.total) if then else ()))
    return Table("groups", choice.question.by, (choice.unit, *((THEN, CHANGE) if then else ())), tuple(rows), foot)


def accounts_table(choice: Choice, largest: Sequence[tuple[Account, Fraction]]) -> Table:
    """Give a line for each of the largest accounts."""
    rows = [
        Row((account.key,), (value,), account.name, choice.address(account=account.pk)) for account, value in largest
    ]
    return Table("accounts", ("account",), (choice.unit,), tuple(rows))


def percent_of(new: Fraction, old: Fraction) -> Number:
    """Give a change in percent to one decimal; nothing where there was nothing before."""
    return Fraction(round_half_away((new - old) / abs(old) * 100, 1)) if old else None


def title_of(label: str, choice: Choice) -> str:
    """Write a day, or an hour in the choice's zone."""
    if choice.grain == "day":
        return day_text(date.fromisoformat(label))
    local = datetime.fromisoformat(label).astimezone(zone_of(choice.zone))
    return f"{day_text(local.date())} {local:%H:%M}"


def _beside(new: Fraction, old: Fraction) -> tuple[Number, Number]:
    return old, percent_of(new, old)


def _at(then: Explored | None, number: int) -> Fraction:
    return then.sums[number] if then and number < len(then.sums) else Fraction(0)


def _places(number: Fraction) -> int:
    exact: Decimal | None = finite(Fraction(round_half_away(number, MOST_PLACES)))
    exponent = exact.as_tuple().exponent if exact is not None else 0
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
