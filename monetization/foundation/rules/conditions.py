"""One condition of a policy: what it asks of a fact, whether that holds, and the sentence that says why.

An unknown fact is treated as if the condition held: who can't say how deep a discount is has no claim to fewer eyes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from monetization.foundation.rules.facts import FACTS, Facts
from monetization.values.errors import Invalid


class Operator(Enum):
    """How a fact is compared; `is_words` ones take words instead of a bound."""

    ABOVE = "ABOVE"
    AT_LEAST = "AT_LEAST"
    BELOW = "BELOW"
    AT_MOST = "AT_MOST"
    ANY_OF = "ANY_OF"
    NONE_OF = "NONE_OF"

    @property
    def label(self) -> str:
        """Return the words between a fact and its bound."""
        return f"is {WORDS[self]}"

    @property
    def is_words(self) -> bool:
        """Tell whether it compares words."""
        return self in {Operator.ANY_OF, Operator.NONE_OF}


WORDS = {
    Operator.ABOVE: "above", Operator.AT_LEAST: "at least", Operator.BELOW: "below", Operator.AT_MOST: "at most",
    Operator.ANY_OF: "any of", Operator.NONE_OF: "none of",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a condition: whether it holds, whether its fact was known, and the sentence."""

    holds: bool
    is_known: bool
    why: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact, an operator, and the bound or the words that it is compared with."""

    fact: str
    operator: Operator
    bound: Decimal | None = None
    words: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the fact as people write it."""
        return self.fact.replace("_", " ")

    @property
    def sentence(self) -> str:
        """Return the condition in words: discount percent is above 20."""
        against = ", ".join(self.words) if self.operator.is_words else _number(self.bound or Decimal(0))
        return f"{self.name} {self.operator.label} {against}"

    def judge(self, facts: Facts) -> Finding:
        """Compare. A fact that is missing, or of the other sort, is unknown."""
        value = facts.get(self.fact)
        if isinstance(value, frozenset) and self.operator.is_words:
            common = value & set(self.words)
            holds = bool(common) == (self.operator is Operator.ANY_OF)
            return Finding(holds, True, self._said(", ".join(sorted(value)) or "none", ", ".join(self.words), holds))
        if isinstance(value, Decimal) and self.bound is not None and not self.operator.is_words:
            holds = _compare(self.operator, value, self.bound)
            return Finding(holds, True, self._said(_number(value), _number(self.bound), holds))
        return Finding(True, False, f"{self.name} is not known")

    def _said(self, value: str, against: str, holds: bool) -> str:
        words = WORDS[self.operator]
        return f"{self.name} is {value} ({words if holds else f'not {words}'} {against})"


def errors(conditions: Iterable[Condition]) -> Iterable[Invalid]:
    """Yield what is wrong with conditions as somebody wrote them."""
    for index, one in enumerate(conditions):
        place = f"conditions[{index}]"
        if not one.fact.isidentifier():
            yield Invalid("A condition looks at a fact", field=f"{place}.fact", fix=f"Choose from: {', '.join(FACTS)}")
        elif one.fact in FACTS and FACTS[one.fact].is_words != one.operator.is_words:
            fix = "Use “any of” or “none of”" if FACTS[one.fact].is_words else "Compare it with a number"
            yield Invalid(f"{one.name} can't be compared so", field=f"{place}.operator", fix=fix)
        if one.operator.is_words and not one.words:
            yield Invalid("Which ones?", field=f"{place}.words", fix="Name at least one")
        if not one.operator.is_words and one.bound is None:
            yield Invalid("A comparison needs its number", field=f"{place}.bound", fix="Write it like 20 or 2500.50")


def _compare(operator: Operator, value: Decimal, bound: Decimal) -> bool:
    if operator in {Operator.ABOVE, Operator.AT_MOST}:
        return (value > bound) == (operator is Operator.ABOVE)
    return (value >= bound) == (operator is Operator.AT_LEAST)


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"
