"""A quoted bill for people: each line with what lowers it beneath, its steps in words, its bar, and the sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.rules.balances import Balance
from billing.rules.bill import Bill
from billing.rules.lines import Line
from billing.rules.quotes.quote import Quoted
from billing.rules.rated import Step
from billing.rules.scopes import LineKind
from billing.rules.taxing import Tax
from monetization.foundation.templatetags.show import exact
from monetization.values.money import round_once, total_of
from monetization.values.periods import Period

WIDE = 1000
TONES = {LineKind.DISCOUNT: "off", LineKind.CAP: "off", LineKind.DRAWDOWN: "covered"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a line's bar, in thousandths of the dearest line; `tone`: due, covered or off."""

    tone: str
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step in words; `share` of the period where it is not all of it."""

    units: str
    step: Step
    share: Fraction | None


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line, the negative lines that lower it, what is left of it to pay."""

    line: Line
    steps: tuple[ShownStep, ...]
    less: tuple[Line, ...]
    due: Decimal
    bars: tuple[Bar, ...]

    @property
    def title(self) -> str:
        """What it is called, with the values of its dimensions."""
        return " · ".join([self.line.name, *(value for _, value in self.line.match)])

    @property
    def free(self) -> Fraction:
        """Units that cost nothing."""
        return self.line.rated.free if self.line.rated else Fraction(0)

    @property
    def measured(self) -> Fraction:
        """What was counted before free units."""
        return self.line.quantity + self.free

    @property
    def unit(self) -> str:
        """What one of its quantity is."""
        return self.line.rated.unit if self.line.rated else ""

    @property
    def has_fees(self) -> bool:
        """Whether a step has a fee beside its units."""
        return any(each.step.flat_fee for each in self.steps)

    @property
    def is_worked_out(self) -> bool:
        """Whether there is more to tell than its amount."""
        return bool(self.steps)


@dataclass(frozen=True, slots=True)
class ShownBill:
    """A period's bill."""

    period: Period
    zone: str
    currency: str
    lines: tuple[ShownLine, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    charged: Decimal
    lowered: tuple[tuple[str, Decimal], ...]
    taxes: tuple[Tax, ...]
    balances: tuple[Balance, ...]
    unpriced: int

    @property
    def is_lowered(self) -> bool:
        """Whether anything is off or covered, so that its bars need a legend."""
        return any(bar.tone != "due" for line in self.lines for bar in line.bars)


def bill_of(quoted: Quoted) -> ShownBill:
    """Put a bill into words."""
    bill, terms = quoted.bill, quoted.terms
    heads = [line for line in bill.lines if line.of is None]
    less = {id(head): [line for line in bill.lines if line.of is head] for head in heads}
    most = max((_whole(line) for line in heads), default=Decimal(0))
    lines = tuple(_line(head, less[id(head)], most) for head in heads)
    return ShownBill(
        terms.period, terms.zone, terms.currency, lines, bill.net, bill.tax, bill.total,
        round_once(total_of(line.amount for line in heads), terms.currency), _lowered(bill), bill.taxes,
        bill.balances, len(bill.unpriced),
    )  # fmt: skip


def _lowered(bill: Bill) -> tuple[tuple[str, Decimal], ...]:
    """Add up what lowers lines, by its name."""
    sums: dict[str, list[Decimal]] = {}
    for line in bill.lines:
        if line.of is not None:
            sums.setdefault(line.name, []).append(line.amount)
    return tuple((name, total_of(amounts)) for name, amounts in sums.items())


def _line(line: Line, less: Sequence[Line], most: Decimal) -> ShownLine:
    due = total_of([line.amount, *(each.amount for each in less)])
    steps = tuple(_step(each) for each in line.steps)
    return ShownLine(line, steps, tuple(less), due, tuple(_bars(line, less, due, most)))


def _step(step: Step) -> ShownStep:
    weight = Fraction(*step.weight)
    return ShownStep(_units(step), step, weight if weight != 1 else None)


def _units(step: Step) -> str:
    if step.up_to is None:
        return f"above {exact(step.over)}" if step.over else "all"
    return f"{exact(step.over)} to {exact(step.up_to)}" if step.over else f"first {exact(step.up_to)}"


def _whole(line: Line) -> Decimal:
    """Give what a line would cost without percentages off, or its amount where that is more."""
    return max(line.amount, Decimal(int(line.list_exact)))


def _bars(line: Line, less: Sequence[Line], due: Decimal, most: Decimal) -> list[Bar]:
    """Stack what is due, what credits cover and what is off, as long as the line is dear."""
    parts = {"due": due, "covered": Decimal(0), "off": max(_whole(line) - line.amount, Decimal(0))}
    for each in less:
        parts[TONES.get(each.kind, "off")] -= each.amount
    bars, x = [], 0
    for tone, amount in parts.items():
        width = int(WIDE * amount / most) if most > 0 and amount > 0 else 0
        if width:
            bars.append(Bar(tone, x, width))
            x += width
    return bars
