"""Asking for quotes, and reading the figures of their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NamedTuple

from monetization.values.money import minor_digits
from tests.golden.members import Body, rounded

Quote = Callable[[Body], Body]
NOVEMBER = {"start_date": "2026-11-01", "end_date": "2026-11-30"}
CHARGED = ("usage", "recurring", "one_time", "composite")


class Unanswered(LookupError):
    """What was asked doesn't say this at all: a plain rater may leave out how it came to its amounts."""


class Refused(ValueError):
    """The body was refused."""


class Money(NamedTuple):
    """An amount before its rounding and as it was printed."""

    exact: Fraction
    printed: Fraction

    def less(self, other: Money) -> Money:
        """Subtract both ways."""
        return Money(self.exact - other.exact, self.printed - other.printed)

    @property
    def negative(self) -> Money:
        """The same with the other sign."""
        return ZERO.less(self)


ZERO = Money(Fraction(0), Fraction(0))


def total_of(parts: Iterable[Money]) -> Money:
    """Add both ways."""
    found = list(parts)
    return Money(sum((part.exact for part in found), Fraction(0)), sum((part.printed for part in found), Fraction(0)))


class Line:
    """One line of an answer."""

    def __init__(self, raw: Body) -> None:
        self.raw = raw
        self.kind: str = raw["kind"]
        self.charge: str | None = raw.get("charge")
        self.of: int | None = raw.get("of")
        self.money = Money(Fraction(raw["exact"]), Fraction(raw["amount"]))

    def number(self, name: str) -> Fraction:
        """Read a number of the line; nothing is zero."""
        return Fraction(self.raw.get(name) or 0)

    @property
    def steps(self) -> list[Body]:
        """The steps, tier by tier."""
        if "steps" not in self.raw:
            raise Unanswered("steps")
        return list(self.raw["steps"] or [])


class Answer:
    """The answer to one quote."""

    def __init__(self, raw: Body) -> None:
        self.raw = raw
        self.invoices: list[Body] = raw["invoices"]
        self.lines = [Line(line) for invoice in self.invoices for line in invoice["lines"]]
        self.net, self.tax, self.total, self.difference = (
            Fraction(raw[name]) for name in ("net", "tax", "total", "difference")
        )

    @property
    def amount(self) -> Money:
        """All lines together; printed it is the net."""
        return Money(total_of(line.money for line in self.lines).exact, self.net)

    @property
    def charged(self) -> list[Line]:
        """The lines of charges: no discount, true-up, cap or drawdown."""
        return [line for line in self.lines if line.kind in CHARGED]

    def of_kind(self, *kinds: str) -> Money:
        """The lines of some kinds together."""
        return total_of(line.money for line in self.lines if line.kind in kinds)

    def of_charge(self, key: str) -> Money:
        """The own lines of one charge together."""
        return total_of(line.money for line in self.charged if line.charge == key)

    def quantity(self, name: str = "quantity") -> Fraction:
        """The quantity of all lines of charges."""
        return sum((line.number(name) for line in self.charged), Fraction(0))

    def steps(self, charge: str | None = None) -> list[Body]:
        """The steps of all lines, or of those of one charge."""
        return [step for line in self.charged if charge in (None, line.charge) for step in line.steps]

    def line(self, charge: str) -> tuple[int, Line] | None:
        """The line of a charge, and its place; what came to nothing may have none."""
        own = ((place, line) for place, line in enumerate(self.lines) if line.charge == charge)
        return next(((place, line) for place, line in own if line.kind in CHARGED), None)

    def lowered(self, index: int, *kinds: str) -> Money:
        """What other lines take off the line at this place."""
        return total_of(line.money for line in self.lines if line.of == index and line.kind in kinds).negative

    def instrument(self, key: str, name: str) -> Fraction:
        """A balance of an instrument, over all invoices."""
        found = [row for invoice in self.invoices for row in invoice["instruments"] if row["id"] == key]
        return sum((Fraction(row[name]) for row in found), Fraction(0))


class Desk:
    """Where a case asks for its quotes: one currency, one period unless it names another."""

    def __init__(self, quote: Quote, currency: str | None) -> None:
        self._quote = quote
        self.currency = currency or "USD"
        self.unit = Fraction(1, 10 ** minor_digits(self.currency))

    def ask(self, charges: list[Body], usage: Iterable[Body] = (), **members: Any) -> Answer:
        """Ask for one quote."""
        body: Body = {"currency": self.currency, **members, "charges": charges, "usage": list(usage)}
        if "cycle" not in body:
            body.setdefault("period", NOVEMBER)
        return Answer(self._quote(body))

    def major(self, minor: Fraction) -> Fraction:
        """Turn minor units into the currency."""
        return minor * self.unit

    def round(self, amount: Fraction) -> Fraction:
        """Round an amount as a line is."""
        return rounded(amount / self.unit, 0) * self.unit
