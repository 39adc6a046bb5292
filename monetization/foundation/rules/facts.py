"""What policies may ask about: the facts by name, with their words and units, and the kinds of things that give them.

A fact is a number or a set of words. A kind may give fewer facts than it could (the margin before its impact was
computed); whatever a condition asks and nobody can say makes the policy apply.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from monetization.values.errors import Invalid

Fact = Decimal | frozenset[str]
Facts = Mapping[str, Fact]
KINDS: Mapping[str, str] = {
    "rate_card": "Rate card", "plan": "Plan", "metric": "Metric", "contract": "Contract", "credit": "Credit",
    "invoice": "Invoice", "policy": "Policy", "rollback": "Rollback",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """A fact in words: how people call it, its unit (empty: a count), whether it is a set of words, who gives it."""

    label: str
    unit: str
    kinds: tuple[str, ...]
    is_words: bool = False


FACTS: Mapping[str, Named] = {
    "max_change_percent": Named("Largest price change", "%", ("rate_card", "rollback")),
    "rows_changed": Named("Price rows changed", "", ("rate_card", "rollback")),
    "discount_percent": Named("All discounts together", "%", ("contract", "plan")),
    "trial_days": Named("Trial", "days", ("plan",)),
    "credits": Named("Value given for nothing", "", ("contract", "credit", "plan")),
    "length_months": Named("Contract length", "months", ("contract",)),
    "margin_percent": Named("Lowest margin", "%", ("rate_card", "contract")),
    "revenue_touched": Named("Revenue touched a month", "", ("rate_card", "metric", "contract")),
    "total": Named("Invoice total", "", ("invoice",)),
    "flags": Named("Findings", "", ("invoice",)),
    "currency": Named("Currency", "", ("rate_card", "contract", "credit"), is_words=True),
    "product_tag": Named("Product tag", "", ("rate_card", "contract"), is_words=True),
    "policy_kind": Named("What the policy is about", "", ("policy",), is_words=True),
}


def label_of(fact: str) -> str:
    """Return how people call a fact; one that is not in the table by its own name."""
    return FACTS[fact].label if fact in FACTS else fact.replace("_", " ").capitalize()


def merged(*several: Mapping[str, Decimal | Collection[str]]) -> dict[str, Fact]:
    """Return facts of the same thing as one: later ones win; words become sets."""
    return {
        name: value if isinstance(value, Decimal) else frozenset(value)
        for facts in several
        for name, value in facts.items()
    }


def stored(facts: Facts) -> dict[str, Any]:
    """Return facts as they are kept: numbers as they are, words in one order."""
    return {name: value if isinstance(value, Decimal) else sorted(value) for name, value in facts.items()}


def read(kept: Mapping[str, Any]) -> dict[str, Fact]:
    """Return kept facts as values again: text is a number, a list is words."""
    return {
        name: frozenset(value) if isinstance(value, list | tuple) else Decimal(value) for name, value in kept.items()
    }


def facts_in(given: Mapping[str, Any]) -> dict[str, Fact]:
    """Read facts as somebody sent them: numbers or text of one, lists of words. Raises Invalid that names the fact."""
    return {name: _fact(name, value) for name, value in given.items()}


def _fact(name: str, value: Any) -> Fact:
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return frozenset(value)
    if isinstance(value, int | Decimal | str) and not isinstance(value, bool) and len(str(value)) < 60:
        with suppress(InvalidOperation):
            number = Decimal(value)
            if number.is_finite():
                return number
    raise Invalid("This is neither a number nor a list of words", field=f"facts.{name}", fix='Write 20 or ["EUR"]')
