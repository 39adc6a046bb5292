"""What a limit of use means: whose use counts, in which window, what is left, which thresholds were passed.

A counter holds what is spent and what is held, in the limit's units: priced units of the metric (quantity ÷ divisor)
or money. A reservation fits a hard limit only if spent + held + it ≤ most; of money it holds what its caller expects to
spend. Each reading is converted by itself, to 18
places, so that the sum depends neither on order nor on batches; for a divisor of twos and fives of that size it is
exact. The metric's rounding is the invoice's business: a limit compares what was used, not what will be printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_05UP, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from catalog.rules.terms import Dims, MetricTerms
from monetization.values.errors import Invalid
from monetization.values.money import EXACT
from monetization.values.periods import DAY, Cycle, Period, local_date, local_midnight

PLACES = 18
PER_DAY, PER_PERIOD = "DAY", "BILLING_PERIOD"
QUANTITY, SPEND, BALANCE = "QUANTITY", "SPEND", "BALANCE"
SHORTEST_HOLD, LONGEST_HOLD, USUAL_HOLD = 1, 86_400, 300
LONGEST_BEHIND = timedelta(minutes=5)
ZERO = Decimal(0)
LAST_PLACE = Decimal(1).scaleb(-PLACES)
# Rounded so that rounding once more, to 18 places, comes to what rounding the fraction itself does.
QUOTIENT = Context(prec=100, rounding=ROUND_05UP)
EXACT_ENOUGH = Context(prec=100)


@dataclass(frozen=True, slots=True)
class Standing:
    """A limit as a caller meets it: its counter's id (None: nothing was counted yet), spent and held."""

    limit_id: int
    name: str
    kind: str
    match: Mapping[str, str]
    most: Decimal
    is_hard: bool
    fails_open: bool
    hold_seconds: int
    window: str
    currency: str
    counter_id: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    spent: Decimal = ZERO
    held: Decimal = ZERO
    as_of: datetime | None = None
    is_behind: bool = False

    @property
    def is_gate(self) -> bool:
        """Whether it is about money, which billing writes."""
        return self.kind != QUANTITY

    def is_lost(self, at: datetime) -> bool:
        """Say whether billing has long not followed the account's usage, so that the limit can't be asked."""
        return self.is_behind and self.as_of is not None and at - self.as_of > LONGEST_BEHIND

    @property
    def left(self) -> Decimal:
        """What may still be held; below zero after use beyond the limit."""
        return EXACT.subtract(EXACT.subtract(self.most, self.spent), self.held)

    def has_room(self, amount: Decimal, spend: Decimal = ZERO, currency: str = "") -> bool:
        """Say whether a reservation of an amount, expected to cost ``spend``, fits, hard or not."""
        if not self.is_gate:
            return amount <= self.left
        return spend <= self.left if spend and currency == self.currency else self.left > 0


def nearest(standings: Iterable[Standing]) -> Standing | None:
    """Choose the limit that will be met first: hard before soft, then the smallest part left."""
    return min(standings, key=lambda each: (not each.is_hard, _part_left(each), each.limit_id), default=None)


def may_concern(match: Mapping[str, str], dims: Mapping[str, str]) -> bool:
    """Say whether a reservation may count towards a limit: a dimension that it doesn't name may be any value."""
    return all(dims.get(key, value) == value for key, value in match.items())


def counts(match: Mapping[str, str], dims: Dims) -> bool:
    """Say whether a reading counts towards a limit."""
    return match.items() <= dict(dims).items()


def converted(quantity: Decimal, metric: MetricTerms) -> Decimal:
    """Turn a quantity into priced units, to 18 places, half away from zero."""
    return QUOTIENT.divide(quantity, metric.divisor).quantize(LAST_PLACE, ROUND_HALF_UP, EXACT_ENOUGH)


def day_window(at: datetime, zone: str) -> Period:
    """Give the local day of an instant; of a day that the zone left out, the one that holds the instant."""
    day = local_date(at, zone)
    return Period(local_midnight(day, zone), local_midnight(day + DAY, zone))


def period_window(at: datetime, zone: str, cycles: Iterable[Cycle]) -> Period:
    """Give the billing period of the contract in force, without one the calendar month of the zone."""
    for cycle in cycles:
        found = cycle.containing(at)
        if found is not None:
            return found[1]
    month = local_date(at, zone).replace(day=1)
    return Period(local_midnight(month, zone), local_midnight((month + 31 * DAY).replace(day=1), zone))


def window_of(window: str, at: datetime, zone: str, cycles: Iterable[Cycle] = ()) -> Period:
    """Give the window of a limit in which an instant lies."""
    return day_window(at, zone) if window == PER_DAY else period_window(at, zone, cycles)


def reached(spent: Decimal, most: Decimal, thresholds: Iterable[int]) -> list[int]:
    """List the thresholds (percent) that are reached, lowest first; of a limit of zero all, once anything is spent."""
    if spent <= 0:
        return []
    return sorted(each for each in set(thresholds) if spent * 100 >= most * each)


def overrun(spent: Decimal, most: Decimal) -> Decimal:
    """Say how far beyond the limit use is."""
    return max(EXACT.subtract(spent, most), ZERO)


def is_new_overrun(before: Decimal, after: Decimal, most: Decimal) -> bool:
    """Say whether use beyond the limit is worth a row: when it begins, and with each further percent of the limit."""
    if after <= most or after <= before:
        return False
    return before <= most or (most > 0 and _percent(before, most) < _percent(after, most))


def state_of(spent: Decimal, held: Decimal, most: Decimal, thresholds: Iterable[int]) -> str:
    """Say how a limit stands in a word: OVER, FULL, NEAR (its first threshold is reached, without any 80 %), ROOM."""
    if spent > most:
        return "OVER"
    if EXACT.add(spent, held) >= most:
        return "FULL"
    return "NEAR" if reached(spent, most, [min(thresholds, default=80)]) else "ROOM"


def widths(spent: Decimal, held: Decimal, most: Decimal, whole: int = 1000) -> tuple[int, int]:
    """Give the lengths of what is spent and held on a bar of `whole` for the limit; use beyond it fills the bar."""
    if most <= 0:
        return (whole if spent > 0 else 0), 0
    first = max(0, min(whole, int(Fraction(spent) * whole / Fraction(most))))
    return first, max(0, min(whole - first, int(Fraction(held) * whole / Fraction(most))))


def hold_seconds(asked: int | None, standings: Sequence[Standing]) -> int:
    """Choose how long a reservation holds: as asked, else the shortest that its limits say. Raises Invalid."""
    if asked is None:
        return min((each.hold_seconds for each in standings), default=USUAL_HOLD)
    if not SHORTEST_HOLD <= asked <= LONGEST_HOLD:
        fix = f"From {SHORTEST_HOLD} to {LONGEST_HOLD} seconds"
        raise Invalid("A reservation can't hold that long", field="hold_seconds", fix=fix)
    return asked


def _percent(value: Decimal, most: Decimal) -> int:
    return int(Fraction(value) * 100 // Fraction(most))


def _part_left(each: Standing) -> Fraction:
    return Fraction(each.left) / Fraction(each.most) if each.most else Fraction(min(each.left, ZERO))
