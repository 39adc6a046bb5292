"""What a reviewer should look at before an invoice leaves: pure checks, each a sentence with its
reason.

BLOCK must be settled before approval, WARN needs somebody's eyes, INFO is only said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from billing.rules.rated import RatedLine
from billing.rules.tax import Missing
from metering.rules.quantities import UsageRow
from monetization.values.money import plain, round_half_away

CHANGE_LIMIT_PERCENT = 50


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "INFO"
    WARN = "WARN"
    BLOCK = "BLOCK"


@dataclass(frozen=True, slots=True)
class Flag:
    """A finding; ``line`` is the index of the rated line that it is about, None for all."""

    code: str
    severity: Severity
    sentence: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """All that the checks look at. ``previous_net`` is None where no invoice came before in this
    contract.
    """

    lines: Sequence[RatedLine]
    net: Decimal
    currency: str
    previous_net: Decimal | None = None
    unpriced: Sequence[UsageRow] = ()
    missing_tax: Sequence[Missing] = ()
    late_events: int = 0
    overdrawn: Sequence[str] = ()


def flags(review: Review) -> tuple[Flag, ...]:
    """Run every check; blocking findings first, otherwise in the order of the checks."""
    found = [flag for check in CHECKS for flag in check(review)]
    rank = [Severity.BLOCK, Severity.WARN, Severity.INFO]
    return tuple(sorted(found, key=lambda flag: rank.index(flag.severity)))


def _change(review: Review) -> Iterator[Flag]:
    before, now = review.previous_net, review.net
    if before is None:
        yield Flag("FIRST_INVOICE", Severity.WARN, "This is the first invoice of this contract")
    elif before == 0:
        if now:
            yield Flag("LARGE_CHANGE", Severity.WARN, f"{now} {review.currency} after a period of nothing")
    elif abs(Fraction(now) - Fraction(before)) / abs(Fraction(before)) * 100 > CHANGE_LIMIT_PERCENT:
        yield Flag("LARGE_CHANGE", Severity.WARN, _change_sentence(now, before, review.currency))


def _change_sentence(now: Decimal, before: Decimal, currency: str) -> str:
    percent = round_half_away((Fraction(now) - Fraction(before)) / abs(Fraction(before)) * 100, 1)
    return f"{percent:+f} % against the last period ({before} → {now} {currency})"


def _prices(review: Review) -> Iterator[Flag]:
    for index, line in enumerate(review.lines):
        if line.amount < 0:
            yield Flag("NEGATIVE_AMOUNT", Severity.WARN, f"{line.name} is below zero: {line.amount}", index)
        elif line.quantity and not line.list_exact:
            sentence = f"{line.name}: {plain(line.quantity)} {line.unit} at a price of zero"
            yield Flag("ZERO_PRICE", Severity.WARN, sentence, index)


def _late(review: Review) -> Iterator[Flag]:
    if review.late_events:
        count = _events(review.late_events)
        sentence = f"{count} of this period came after review began and are not counted"
        yield Flag("LATE_USAGE", Severity.WARN, sentence)


def _unpriced(review: Review) -> Iterator[Flag]:
    for row in review.unpriced:
        values = ", ".join(f"{key} {value}" for key, value in row.dims) or "no dimensions"
        sentence = f"No price for {plain(row.quantity)} units ({_events(row.events)}) with {values}"
        yield Flag("UNPRICED_USAGE", Severity.BLOCK, sentence)


def _untaxed(review: Review) -> Iterator[Flag]:
    for missing in review.missing_tax:
        yield Flag("MISSING_TAX", Severity.BLOCK, f"{missing.what}. {missing.fix}")


def _overdrawn(review: Review) -> Iterator[Flag]:
    for key in review.overdrawn:
        sentence = f"Earlier periods drew more on {key} than it had; nothing is drawn here"
        yield Flag("BALANCE_BELOW_ZERO", Severity.BLOCK, sentence)


def _events(count: int) -> str:
    return f"{count} event" if count == 1 else f"{count} events"


CHECKS = (_unpriced, _untaxed, _overdrawn, _change, _prices, _late)


def blocks(found: Iterable[Flag]) -> bool:
    """Say whether any finding must be settled before approval."""
    return any(flag.severity is Severity.BLOCK for flag in found)
