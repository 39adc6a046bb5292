"""Reading a case strictly: what nobody took is an error, so no member is ever ignored silently."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

Body = dict[str, Any]
Number = str | int | Fraction
MISSING: Any = object()


class Unknown(ValueError):
    """A case has a member or a word that the adapter doesn't know."""


class Members:
    """The members of a mapping; each is taken once, and ``done`` refuses what is left."""

    def __init__(self, values: Any, path: str) -> None:
        self.path = path
        self._left: Body = dict(values)
        self._inner: list[Members] = []

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def take(self, name: str, default: Any = MISSING) -> Any:
        """Take a member; without a default it must be there."""
        value = self._left.pop(name, default)
        if value is MISSING:
            raise Unknown(f"{self.path} has no {name}")
        return value

    def number(self, name: str, default: Any = MISSING) -> Fraction:
        """Take a member that is a number."""
        return Fraction(self.take(name, default))

    def numbers(self, name: str, default: Any = MISSING) -> list[Fraction]:
        """Take a list of numbers."""
        return [Fraction(value) for value in self.take(name, default)]

    def word(self, name: str, known: Mapping[Any, Any], default: Any = MISSING) -> Any:
        """Take a word and give what it means here."""
        value = self.take(name, default)
        if value not in known:
            raise Unknown(f"{self.path}.{name}: {value!r}")
        return known[value]

    def expect(self, name: str, *known: Any) -> None:
        """Take a member that says what is done here anyway; another value is refused."""
        if name in self and (value := self.take(name)) not in known:
            raise Unknown(f"{self.path}.{name}: {value!r}")

    def child(self, name: str) -> Members:
        """Take a mapping; it is checked with this one."""
        return self.inside(self.take(name), f"{self.path}.{name}")

    def children(self, name: str) -> list[Members]:
        """Take a list of mappings."""
        return [self.inside(value, f"{self.path}.{name}[{index}]") for index, value in enumerate(self.take(name))]

    def inside(self, value: Any, path: str) -> Members:
        """Read a mapping that was found inside this one."""
        self._inner.append(Members(value, path))
        return self._inner[-1]

    def rest(self) -> Body:
        """Take all that is left, where names are free."""
        left, self._left = self._left, {}
        return left

    def done(self) -> None:
        """Refuse what nobody took."""
        if self._left:
            raise Unknown(f"{self.path}: nobody reads {', '.join(sorted(self._left))}")
        for inner in self._inner:
            inner.done()


def text(number: Number) -> str:
    """Write a number that ends as decimal text."""
    value = Fraction(number)
    digits = 0
    while value.denominator != 1 and (10**digits * value).denominator != 1:
        digits += 1
        if digits > 40:
            raise Unknown(f"{value} has no end as a decimal")
    sign, whole = "-" if value < 0 else "", str(abs(10**digits * value).numerator).rjust(digits + 1, "0")
    return sign + (f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole)


def rounded(number: Fraction, digits: int) -> Fraction:
    """Round half away from zero."""
    scaled = abs(number) * Fraction(10) ** digits
    whole = int(scaled + Fraction(1, 2))
    return Fraction(whole if number >= 0 else -whole) / Fraction(10) ** digits
