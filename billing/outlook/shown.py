"""The first invoices of a contract as the panel shows them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.queries.outlook import Outlook, Upcoming
from billing.rules.kept import words
from billing.rules.lifecycle import Kind
from billing.rules.lines import Line
from monetization.values.errors import DomainError
from monetization.values.money import round_once, total_of
from monetization.values.periods import Period

MOST_LINES = 40


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line in the words of its invoice; ``lowers``: it takes something off another one."""

    words: str
    quantity: Fraction
    unit: str
    amount: Decimal
    lowers: bool


@dataclass(frozen=True, slots=True)
class ShownInvoice:
    """An invoice to come; ``errors`` where it can't be reckoned."""

    title: str
    period: Period
    lines: tuple[ShownLine, ...]
    more: int
    upcoming: Upcoming
    unpriced: int
    errors: tuple[DomainError, ...]


def invoices_of(found: Outlook, names: Mapping[str, str]) -> list[ShownInvoice]:
    """Put invoices into words; ``names``: what commits and credits are called, by key."""
    return [_shown(each, names) for each in found.invoices]


def _shown(upcoming: Upcoming, names: Mapping[str, str]) -> ShownInvoice:
    title = "Purchase" if upcoming.kind == Kind.COMMIT.value else "Usage and fees"
    made = upcoming.rated
    lines = tuple(_lines(made.lines, names)) if made is not None else ()
    unpriced = len(made.unpriced) if made is not None else 0
    return ShownInvoice(
        title, upcoming.period, lines[:MOST_LINES], max(len(lines) - MOST_LINES, 0), upcoming, unpriced, upcoming.errors
    )


def _lines(lines: tuple[Line, ...], names: Mapping[str, str]) -> Iterator[ShownLine]:
    for line in lines:
        unit = line.rated.unit if line.rated is not None else ""
        yield ShownLine(words(line, names), line.quantity, unit, line.amount, line.of is not None)


def total_of_all(found: Outlook, currency: str) -> Decimal:
    """Add up what the invoices come to."""
    made = (each.rated for each in found.invoices if each.rated is not None)
    return round_once(total_of(each.totals.total for each in made), currency)
