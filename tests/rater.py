"""A naive rater: a quote's body in, its invoices out, straight from the rules and from docs/quotes.md.

It shares nothing with the engine and exists to disagree with it: plain loops over raw events, fractions everywhere,
nothing kept between calls. Every number of the answer is a Fraction, instants are aware datetimes in UTC, days dates.
Where the two pages are silent, CHOICES says in one sentence each what was decided here.
"""

import calendar
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any
from zoneinfo import ZoneInfo

CHOICES = [
    # Time
    "A local midnight that doesn't exist or happens twice is the first instant that reads so under the offset before.",
    "Anchor with a stated day: the first such day on or after the contract's start begins the grid, then every 1,"
    " 3 or 12 months; the days before it are a stub of the grid's period before.",
    "Cadence DAYS counts from the contract's start, whatever the anchor says.",
    "With `period` a charge's own cadence is counted from the period's start_date, and `service` clips it.",
    "A charge with its own cadence is billed whole, with every change the body knows: on the invoice that holds"
    " its first instant (advance), or its last (arrears).",
    "A stub that doesn't prorate is charged as if its first (last) span reached to the full period's start (end).",
    "day_count 30 is 30/360: the place of a day in its period, the period's end standing at the full number; what a"
    " span weighs is the difference of two places.",
    "A price row that starts at an instant has a recurring charge's whole local day.",
    "The line of a recurring charge shows the day-weighted quantity.",
    "A recurring charge that bills in advance is billed on the invoice of the period that it is for.",
    # Events
    "Events before the first served instant give only levels and carried values; those at or after the last are"
    " nothing.",
    "Without id, events of one instant and source keep the order of the list; the last of them is the latest.",
    "Readings of a level (`of: level`) belong to the event's dimension values, and levels of several values add.",
    "An event is given to the row that prices it at its own time; earlier ones to the row of the first served instant.",
    "A row that was replaced by a later one with the same match never returns, also when the later one ends;"
    " a list row that an override hid does, on a line of its own.",
    "Where an override begins or ends, each counter is all usage so far that its row selects under the rows now in"
    " force; free units given stay with their match.",
    "A list row is not in force while an override with no more conditions than it has is.",
    "Multipliers scale unit prices, flat fees, percent, fixed fee and both clamps of list rows; what stays the same"
    " number goes on in its line.",
    "Events that no row prices make no line.",
    "UNIQUE without a `value` takes the quantity as the value.",
    "p95 is the nearest rank: the ceil(0.95 n)-th smallest of the windows; windows without an event are not among"
    " them, except for levels above zero.",
    "A windowed metric adds up only with `again: sum`; otherwise its `cut` is next_period by default, as for UNIQUE.",
    "cut by_time: a row's quantity is the period's whole Q times its share of the served time, and the position"
    " goes on.",
    "cut next_period: the rows in force at the first served instant price the whole period.",
    "Q of an empty span is zero, also for LATEST with carry, so that the first row gets the carried value.",
    "`measured` is Q before conversion and rounding, as a difference of the cut; rounding happens per row's"
    " counter (match and tier_by values).",
    # Prices
    "The price of the first unit (for the line order) leaves flat fees out: the tier of the first unit above the"
    " position, a block's or package's price by its size, percent by 100, DYNAMIC its multiplier, TIERED_FLAT"
    " zero, all in currency.",
    "Lines that tie in kind, start, first unit's price and name stand in the order of charges and rows in the body.",
    "A charge's free units (own and pooled together, both prorated with the body's setting) are given in line"
    " order; units given back return billed ones first, then free ones.",
    "VOLUME telescopes inside the period: price(after) - price(before), with (x - position at the period's start)"
    " units at the tier of x; `retroactive` prices x itself; the flat fee is that of the tier of x if those units"
    " are above zero.",
    "flat_at_zero charges the first tier's flat fee in the first row of each counter, also without events when"
    " there is no tier_by, and only if `position` is zero; it isn't charged again when zero is passed.",
    "PACKAGE: a new version counts from the end of the last paid package; after another model it counts from the"
    " position.",
    "PERCENTAGE: the count and the sum of its free zone run on per counter through a new row; a negative amount"
    " pays the bare percentage.",
    "Model numbers (free_events, free_amount, minimum_fee) never prorate.",
    "The lines of a charge that sum below zero while its Q isn't negative are lifted to zero, latest negative"
    " part first, before discounts.",
    "highest_of compares the charges' exact totals in currency, before discounts and own prices of instruments.",
    "`position` stands as given before each period of a cycle.",
    "Windowed commitment: windows are those that touch the served time, each owed in full; without `unit_price`"
    " the inside is at the row's price; discounts leave inside units with an own price alone; the missing part is"
    " one true-up line per charge that counts for minimums and maximums, and is in no composite's base; credits"
    " and other commits may cover what is inside.",
    # Discounts, minimums, maximums
    "A scope with several members wants all of them; `kinds` are kinds of charges; a true-up is in scope if every"
    " charge that it stands for is.",
    "Narrow is: fewer charges of the body in scope; no scope is the widest; then order in the body (minimums and"
    " maximums: the lists before the charges' own).",
    "A discount stands on the whole invoice unless it starts after the last served day.",
    "A percentage discount is inside the line; a fixed one is a `discount` line per line that it lowers.",
    "A discount for some periods counts those of the body that end after it starts; one that carries its rest gives"
    " what its periods so far add up to, less what it took, and never prorates.",
    "A fixed discount with `remaining` gives at most the lesser of it and `amount`; in a cycle it is used up;"
    " without `remaining` it gives its amount in each period.",
    "A fixed discount prorates if all lines in its scope are recurring: with the largest share of their stubs;"
    " then it is rounded.",
    "A fixed discount is shared by the amounts still standing of units that no commit prices.",
    "A composite's base is the lines less fixed discounts; no discount lowers a composite.",
    "A percentage discount with counts_for_minimum is taken out of the line before it is counted, rounded again;"
    " a fixed one is not subtracted.",
    "A prorated minimum or maximum is rounded to the minor unit; its weight is that of the body's proration.",
    "A minimum over no amounts at all has the tax category of the first charge in scope, else S.",
    "Maximums go narrow before wide, see true-ups and composites, and lower the last line first, and in it the"
    " last part.",
    "THRESHOLD leaves out every charge with a VOLUME row, all true-ups and minimums; discounts and maximums stand.",
    # Instruments and tax
    "Step 1 asks only instruments with own prices, in their order; an own price's units are covered by that"
    " instrument alone; flats of tiers passed inside them aren't charged.",
    "An own price is in the instrument's unit; with `multiplier` the list value covered is at most balance /"
    " multiplier.",
    "A usage line is split at the start and end of every instrument that has it in scope and has something left;"
    " parts are shares of the rounded line and are covered in time order, together never beyond what is left of"
    " the line.",
    "A drawdown is whole minor units: what a balance can't pay in them stays.",
    "An instrument with a pricing unit covers any line in its scope at the unit's rate; drawn is exact.",
    "`invoiced` absent is a cost basis of zero.",
    "A one-time line counts at its day's first instant, a composite at the period's last.",
    "A postpaid instrument draws without a line; its true-up (if it ends inside the period) comes after drawdown,"
    " is split by tax category like a minimum's, and is covered by what others without scope have left.",
    "What is left when an instrument ends by the period's end is `expired`, for postpaid too, and `after` is zero.",
    "Tax: prepaid drawdown lowers the base only where all in its scope share one category; credits, discounts and"
    " caps do; a category without a rate makes no entry.",
    "`net` is the sum of all lines, drawdown included; `difference` is the net of all invoices less `booked`.",
    "Charges without usage and without an amount make no line.",
]

Body = dict[str, Any]
ZERO = Fraction(0)
TICK = timedelta(microseconds=1)
EVER, NEVER = datetime(1, 1, 9, tzinfo=UTC), datetime(9999, 12, 9, tzinfo=UTC)
MONTHS = {"MONTHLY": 1, "QUARTERLY": 3, "ANNUAL": 12}
NO_CENTS = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
THOUSANDTHS = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
STEPS = ["usage", "recurring", "one_time"]


def number(text: Any, default: Any = 0) -> Fraction:
    """Read a decimal text."""
    return Fraction(str(default if text is None else text))


def digits_of(currency: str) -> int:
    """Name a currency's minor digits (ISO 4217)."""
    if currency in NO_CENTS:
        return 0
    return 3 if currency in THOUSANDTHS else 4 if currency in ("CLF", "UYW") else 2


def half_away(value: Fraction, minor: Fraction) -> Fraction:
    """Round to a multiple of `minor`, halves away from zero."""
    steps = floor(abs(value) / minor + Fraction(1, 2))
    return (steps if value >= 0 else -steps) * minor


def share(total: Fraction, weights: Sequence[Fraction], minor: Fraction) -> list[Fraction]:
    """Split a rounded total by largest remainder, ties to the earlier part."""
    if total < 0:
        return [-part for part in share(-total, [-w for w in weights], minor)]
    whole = sum(weights, ZERO)
    mixed = whole == 0 or min(weights, default=ZERO) < 0
    quotas = [w / minor if mixed else total / minor * w / whole for w in weights]
    parts = [floor(quota) for quota in quotas]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - quotas[i], i))
    left = int(total / minor) - sum(parts)
    while left and order:
        for i in order if left > 0 else reversed(order):
            if left:
                parts[i] += 1 if left > 0 else -1
                left -= 1 if left > 0 else -1
    return [part * minor for part in parts]


# -- time


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Give a local day's first instant, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def instant(text: str, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """Read an instant or a day; as a `last` day it ends with the midnight after."""
    if "T" in text:
        return datetime.fromisoformat(text).astimezone(UTC)
    return midnight(date.fromisoformat(text) + timedelta(days=int(last)), zone)


def add_months(year: int, month: int, day: int, months: int) -> date:
    """Move by months, down to the last day of a short month."""
    year, month = divmod(year * 12 + month - 1 + months, 12)
    return date(year, month + 1, min(day, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Span:
    """A full period and its served days, as half-open dates; months of the full period, or None."""

    full_start: date
    full_end: date
    start: date
    end: date
    months: int | None


def grid_start(start: date, anchor: str, months: int) -> tuple[int, int, int]:
    """Find year, month and wanted day from which periods are counted."""
    if anchor == "contract_day":
        return start.year, start.month, start.day
    if anchor == "first":
        return start.year, (start.month - 1) // months * months + 1, 1
    here = add_months(start.year, start.month, int(anchor), 0)
    ahead = 0 if here >= start else 1
    first = add_months(start.year, start.month, 1, ahead)
    return first.year, first.month, int(anchor)


def cycle_spans(cycle: Body, cadence: str, until: date) -> Iterator[Span]:
    """Walk the periods of a cycle that start on or before `until`."""
    start = date.fromisoformat(cycle["start_date"])
    end = date.fromisoformat(cycle["end_date"]) + timedelta(days=1) if cycle.get("end_date") else date.max
    months = MONTHS.get(cadence)
    year, month, day = grid_start(start, cycle.get("anchor") or "contract_day", months or 1)
    index = -1
    while True:
        if months:
            bounds = [add_months(year, month, day, (index + i) * months) for i in (0, 1)]
        else:
            bounds = [start + timedelta(days=(index + i) * int(cycle["days"])) for i in (0, 1)]
        index += 1
        if bounds[1] <= start:
            continue
        first, last = max(bounds[0], start), min(bounds[1], end)
        if first > until or first >= end:
            return
        yield Span(bounds[0], bounds[1], first, last, months)


def period_months(start: date, end: date) -> int | None:
    """Guess how many whole months a stated period has."""
    months = (end.year - start.year) * 12 + end.month - start.month
    at_ends = all((day + timedelta(days=1)).day == 1 for day in (start, end))
    return months if months > 0 and (at_ends or add_months(start.year, start.month, start.day, months) == end) else None


def stated_span(body: Body, zone: ZoneInfo) -> Span:
    """Read `period` and `service`; without them the calendar month of today."""
    first = datetime.now(zone).date().replace(day=1)
    last = add_months(first.year, first.month, 1, 1) - timedelta(days=1)
    period = body.get("period") or {"start_date": first.isoformat(), "end_date": last.isoformat()}
    service = {**period, **{name: day for name, day in (body.get("service") or {}).items() if day}}
    start, end, first, last = [
        date.fromisoformat(days[name]) for days in (period, service) for name in ("start_date", "end_date")
    ]
    end, last = end + timedelta(days=1), last + timedelta(days=1)
    return Span(start, end, first, last, period_months(start, end))


def day_weights(span: Span, proration: str, day_count: str) -> tuple[list[int], int]:
    """Weigh each served day; the second number is the full period's."""
    edges = [span.start + timedelta(days=n) for n in range((span.end - span.start).days + 1)]
    if proration not in ("first", "first_and_last"):
        edges[0] = span.full_start
    if proration not in ("last", "first_and_last"):
        edges[-1] = span.full_end
    if day_count == "30" and span.months:
        full = 30 * span.months
        places = [full if day == span.full_end else min(days_of_30(span.full_start, day), full) for day in edges]
    else:
        full = (span.full_end - span.full_start).days
        places = [(day - span.full_start).days for day in edges]
    return [b - a for a, b in zip(places, places[1:], strict=False)], full


def days_of_30(start: date, end: date) -> int:
    """Count days by 30/360: every month has thirty, its 31st is its 30th."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months * 30 + min(end.day, 30) - min(start.day, 30)


def windows_of(kind: str, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Walk the UTC hours or local days that touch [start, end)."""
    here = window_at(kind, start, zone)
    while here[0] < end:
        yield here
        here = window_at(kind, here[1], zone)


def window_at(kind: str, at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Find the UTC hour or local day that an instant lies in."""
    if kind == "hour":
        hour = at.replace(minute=0, second=0, microsecond=0)
        return hour, hour + timedelta(hours=1)
    day = at.astimezone(zone).date()
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)


def seconds(length: timedelta) -> Fraction:
    """Measure a length exactly, in seconds."""
    return Fraction(length // TICK, 10**6)


# -- events and metrics


@dataclass(frozen=True)
class Event:
    """One event that counts."""

    charge: str
    at: datetime
    source: str
    id: str
    index: int
    quantity: Fraction
    value: str
    dimensions: tuple[tuple[str, str], ...]

    def dims(self, keys: Iterable[str]) -> tuple[str | None, ...]:
        """Pick the values of some dimensions."""
        return tuple(dict(self.dimensions).get(key) for key in keys)


def read_events(body: Body, first: datetime, zone: ZoneInfo) -> list[Event]:
    """Read the usage in order of (time, source, id), each (source, id) once."""
    seen, events = set(), []
    for index, item in enumerate(body.get("usage") or []):
        source, key = item.get("source") or "api", item.get("id")
        if key is not None and (source, key) in seen:
            continue
        seen.add((source, key))
        at = instant(item["at"], zone) if item.get("at") else first
        quantity = number(item.get("quantity"), 1)
        value = str(item.get("value", quantity))
        dimensions = tuple(sorted((item.get("dimensions") or {}).items()))
        events.append(Event(item["charge"], at, source, key or "", index, quantity, value, dimensions))
    return sorted(events, key=lambda e: (e.at, e.source, e.id, e.index))


def integral(events: list[Event], start: datetime, end: datetime, level: bool) -> Fraction:
    """Add level × seconds over a span, from the level that earlier events left."""
    levels: dict[Any, Fraction] = {}
    area, here = ZERO, start
    for event in [e for e in events if e.at < end]:
        if event.at > here:
            area += sum(levels.values(), ZERO) * seconds(event.at - here)
            here = event.at
        key = event.dimensions
        levels[key] = event.quantity if level else levels.get(key, ZERO) + event.quantity
    return area + sum(levels.values(), ZERO) * seconds(end - here)


def simple(metric: Body, events: list[Event], start: datetime, end: datetime, whole: Fraction) -> Fraction:
    """Aggregate events over [start, end); `whole` is what an integral of levels is divided by, in seconds."""
    kind = metric.get("aggregation") or "SUM"
    if kind == "TIME_WEIGHTED":
        return integral(events, start, end, metric.get("of") == "level") / whole
    if kind == "LATEST" and metric.get("carry"):
        earlier = [e for e in events if e.at < end]
        return earlier[-1].quantity if earlier else ZERO
    inside = [e for e in events if start <= e.at < end]
    values = [e.quantity for e in inside]
    if kind == "COUNT":
        return Fraction(len(inside))
    if kind == "UNIQUE":
        return Fraction(len({e.value for e in inside}))
    if not values:
        return ZERO
    total = sum(values, ZERO)
    return {"MAX": max(values), "MIN": min(values), "LATEST": values[-1], "AVERAGE": total / len(values)}.get(
        kind, total
    )


def again(how: str, values: list[Fraction]) -> Fraction:
    """Aggregate windows again."""
    if not values:
        return ZERO
    if how == "p95":
        return sorted(values)[ceil(Fraction(95, 100) * len(values)) - 1]
    total = sum(values, ZERO)
    return {"max": max(values), "average": total / len(values)}.get(how, total)


def windowed(metric: Body, events: list[Event], start: datetime, end: datetime, zone: ZoneInfo) -> Fraction:
    """Aggregate each window, then the windows."""
    values = []
    for low, high in windows_of(metric["window"], start, end, zone):
        value = simple(metric, events, max(low, start), min(high, end), seconds(high - low))
        if value or any(max(low, start) <= e.at < min(high, end) for e in events):
            values.append(value)
    return again(metric.get("again") or "sum", values)


def measure(
    metric: Body, events: list[Event], start: datetime, end: datetime, whole: Fraction, zone: ZoneInfo
) -> Fraction:
    """Aggregate with `per` and `window`, before conversion; an empty span is zero."""
    if end <= start:
        return ZERO
    groups: dict[Any, list[Event]] = {}
    for event in events:
        groups.setdefault(event.dims(metric.get("per") or []), []).append(event)
    if metric.get("window"):
        return sum((windowed(metric, group, start, end, zone) for group in groups.values()), ZERO)
    return sum((simple(metric, group, start, end, whole) for group in groups.values()), ZERO)


def converted(metric: Body, quantity: Fraction) -> Fraction:
    """Divide and round a quantity, once."""
    quantity = quantity * number(metric.get("multiplier"), 1) / number(metric.get("divisor"), 1)
    step = Fraction(10) ** -int(metric.get("digits") or 0)
    rounding = metric.get("rounding")
    if rounding == "up":
        return ceil(quantity / step) * step
    if rounding == "down":
        return floor(quantity / step) * step
    return half_away(quantity, step) if rounding else quantity


# -- prices


def tiers_of(row: Body) -> Iterator[tuple[Fraction, Fraction | None, Body]]:
    """Walk a row's tiers with their lower and upper bounds."""
    low = ZERO
    for tier in row["tiers"]:
        high = None if tier.get("up_to") is None else number(tier["up_to"])
        yield low, high, tier
        low = high or low


def tier_price(row: Body, tier: Body) -> Fraction:
    """Read the price of a tier's unit or block."""
    return (
        number(tier.get("percent")) / 100
        if row.get("model") == "GRADUATED_PERCENTAGE"
        else number(tier.get("unit_price"))
    )


def tier_units(tier: Body, units: Fraction) -> Fraction:
    """Count units, or begun blocks."""
    size = number(tier.get("block_size"))
    return Fraction(ceil(units / size)) if size else units


def graduated(row: Body, x: Fraction, flats: bool, zero: bool) -> Fraction:
    """Price each tier's units at its price."""
    total = ZERO
    for low, high, tier in tiers_of(row):
        if x > low:
            total += tier_units(tier, (x if high is None else min(x, high)) - low) * tier_price(row, tier)
        if flats and (x > low or (zero and low == 0)):
            total += number(tier.get("flat_fee"))
    return total


def tier_at(row: Body, x: Fraction) -> Body:
    """Find the tier that a quantity lies in."""
    for _, high, tier in tiers_of(row):
        if high is None or x <= high:
            return tier
    raise ValueError("the last tier is open")


def volume(row: Body, x: Fraction, base: Fraction, flats: bool, zero: bool) -> Fraction:
    """Price all units of this period (or all, retroactively) at the tier reached."""
    tier = tier_at(row, abs(x))
    units = x if row.get("retroactive") else x - base
    flat = number(tier.get("flat_fee")) if flats and (units > 0 or zero) else ZERO
    return tier_units(tier, units) * number(tier.get("unit_price")) + flat


def packages(row: Body, x: Fraction) -> Fraction:
    """Count packages of a quantity."""
    count = x / number(row["package_size"])
    how = row.get("rounding") or "up"
    return count if how == "exact" else Fraction(floor(count) if how == "down" else ceil(count))


def price_at(row: Body, x: Fraction, base: Fraction = ZERO, zero: bool = False, flats: bool = True) -> Fraction:
    """Price a position; `base` is the position at the period's start, `zero` charges a first flat fee at zero."""
    if x < 0:
        return -price_at(row, -x, -base if base < 0 else ZERO, flats=False)
    model = row.get("model") or "PER_UNIT"
    if model in ("GRADUATED", "GRADUATED_PERCENTAGE"):
        return graduated(row, x, flats, zero)
    if model == "VOLUME":
        return volume(row, x, base, flats, zero)
    if model == "TIERED_FLAT":
        return number(tier_at(row, x).get("flat_fee")) if flats and (x > 0 or zero) else ZERO
    if model == "PACKAGE":
        return packages(row, x) * number(row["package_price"])
    return x * (number(row.get("multiplier"), 1) if model == "DYNAMIC" else number(row.get("unit_price")))


def first_unit(row: Body, position: Fraction) -> Fraction:
    """Price the unit above a position, without flat fees."""
    model = row.get("model") or "PER_UNIT"
    if model in ("GRADUATED", "VOLUME", "GRADUATED_PERCENTAGE"):
        tier = next(t for _, high, t in tiers_of(row) if high is None or position < high)
        return tier_price(row, tier) / (number(tier.get("block_size")) or 1)
    if model == "PACKAGE":
        return number(row["package_price"]) / number(row["package_size"])
    if model == "PERCENTAGE":
        return number(row.get("percent")) / 100
    return number(row.get("multiplier"), 1) if model == "DYNAMIC" else number(row.get("unit_price"))


def transaction(row: Body, amount: Fraction, count: int, before: Fraction) -> Fraction:
    """Price one transaction, the count-th, with `before` in amounts before it."""
    percent = number(row.get("percent")) / 100
    if amount < 0:
        return amount * percent
    events, limit = row.get("free_events"), row.get("free_amount")
    in_zone = (events is not None or limit is not None) and (events is None or count <= int(events))
    if in_zone and (limit is None or before + amount <= number(limit)):
        return ZERO
    if in_zone and before < number(limit):
        amount = before + amount - number(limit)
    fee = amount * percent + number(row.get("fixed_fee"))
    fee = max(fee, number(row.get("minimum_fee"), fee))
    return min(fee, number(row.get("maximum_fee"), fee))


# -- what an invoice is made from


@dataclass
class Instrument:
    """A credit or commit, with what is left of it in its own unit."""

    data: Body
    start: datetime
    end: datetime
    rate: Fraction
    left: Fraction
    spare: Fraction = ZERO
    drawn: Fraction = ZERO

    @property
    def id(self) -> str:
        return str(self.data["id"])


@dataclass
class Piece:
    """A part of a line that instruments see as one: [start, end), exact, rounded and what still stands."""

    start: datetime
    end: datetime
    value: Fraction
    own: str | None = None
    segments: list["Segment"] = field(default_factory=list)
    units: Fraction = ZERO
    exact: Fraction = ZERO
    amount: Fraction = ZERO
    left: Fraction = ZERO
    skip: Fraction = ZERO


@dataclass
class Line:
    """A line before it is printed."""

    kind: str
    charges: list[Body]
    start: datetime
    end: datetime
    name: str
    category: str
    row: int | None = None
    match: Body = field(default_factory=dict)
    quantity: Fraction | None = None
    measured: Fraction | None = None
    free: Fraction | None = None
    unit: Fraction = ZERO
    order: tuple[int, ...] = (0, 0)
    shelved: Any = None
    override: str | None = None
    multipliers: tuple[str, ...] = ()
    weight: Fraction = Fraction(1)
    segments: list["Segment"] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    amount: Fraction = ZERO
    left: Fraction = ZERO
    spend: Fraction = ZERO
    discounts: list[str] = field(default_factory=list)
    instrument: str | None = None
    of: "Line | None" = None
    of_all: bool = False
    stood: Fraction | None = None  # what was open before anything was covered

    @property
    def key(self) -> str | None:
        return self.charges[0]["key"] if len(self.charges) == 1 else None


class Invoice:
    """The terms and the time of one invoice, and the lines made so far."""

    def __init__(self, body: Body, span: Span, zone: ZoneInfo, instruments: list[Instrument]) -> None:
        self.body, self.span, self.zone, self.instruments = body, span, zone, instruments
        self.so_far = [span]
        self.taken: dict[int, Fraction] = {}
        self.minor = Fraction(1, 10 ** digits_of(body["currency"]))
        self.start, self.end = midnight(span.start, zone), midnight(span.end, zone)
        self.whole = seconds(midnight(span.full_end, zone) - midnight(span.full_start, zone))
        self.threshold = body.get("kind") == "THRESHOLD"
        self.rates = {unit["key"]: number(unit["rate"]) for unit in body.get("pricing_units") or []}
        self.charges = [c for c in body["charges"] if not (self.threshold and has_volume(c))]
        self.events = read_events(body, self.start, zone)
        self.lines: list[Line] = []
        self.missing: list[Line] = []

    def rate(self, owner: Body) -> Fraction:
        """Give the currency per unit of a charge's or minimum's numbers."""
        return self.rates[owner["pricing_unit"]] if owner.get("pricing_unit") else Fraction(1)

    def weight(self) -> Fraction:
        """Give the share of the full period that free units, minimums and maximums have."""
        days, full = day_weights(self.span, self.body.get("proration") or "first_and_last", day_count(self.body))
        return Fraction(sum(days), full)

    def rounded(self, value: Fraction) -> Fraction:
        """Round to the currency's minor unit."""
        return half_away(value, self.minor)

    def floored(self, value: Fraction) -> Fraction:
        """Cut to whole minor units."""
        return floor(value / self.minor) * self.minor


def day_count(body: Body) -> str:
    """Read the day count."""
    return str(body.get("day_count") or "actual")


@dataclass(frozen=True)
class Shelved:
    """A row in force: where it stands (0: override, 1: list), its place there, its numbers as they are charged."""

    level: int
    index: int
    row: Body
    multipliers: tuple[str, ...] = ()

    @property
    def same(self) -> Any:
        """What makes it the same price: level and numbers."""
        usual = {"multiplier": 1} if self.row.get("model") == "DYNAMIC" else {}
        said = {"model": "PER_UNIT", **usual, **self.row}
        left = ("starts_on", "ends_on", "name", "id", "charge")
        said = {k: v for k, v in said.items() if k not in left and (k not in FEES or number(v))}
        return self.level, repr(sorted((k, exactly(v)) for k, v in said.items()))


FEES = ("flat_fee", "fixed_fee")  # none is as good as nothing said


def exactly(said: Any) -> str:
    """Write a number the one way, and a tier without a fee that is none."""
    if isinstance(said, list):
        return repr([sorted((k, exactly(v)) for k, v in tier.items() if k not in FEES or number(v)) for tier in said])
    try:
        return str(Fraction(str(said)))
    except ValueError:
        return repr(said)


def overrides_of(inv: "Invoice", charge: Body) -> list[tuple[int, Body]]:
    """List a charge's overrides with their places in the body."""
    return [(n, row) for n, row in enumerate(inv.body.get("overrides") or []) if row["charge"] == charge["key"]]


def in_force(data: Body, at: datetime, zone: ZoneInfo) -> bool:
    """Tell whether something dated is in force."""
    return row_start(data, zone) <= at < row_end(data, zone)


def shelf(inv: "Invoice", charge: Body, at: datetime) -> list[tuple[Any, Shelved]]:
    """Give the rows in force at an instant: overrides, and what of the list they leave."""
    own = [(match_key(r), Shelved(0, n, r)) for n, r in overrides_of(inv, charge) if in_force(r, at, inv.zone)]
    found = list(own)
    rows = rows_of(charge)
    for key in {match_key(row) for row in rows}:
        for index, start, end in timeline(rows, key, inv.zone):
            if start <= at < end and not any(set(mine) <= set(key) for mine, _ in own):
                found.append((key, multiplied(inv, charge, Shelved(1, index, rows[index]), at)))
    return found


def multiplied(inv: "Invoice", charge: Body, listed: Shelved, at: datetime) -> Shelved:
    """Scale a list row by the multipliers in force and in scope."""
    mine = [m for m in inv.body.get("multipliers") or [] if in_force(m, at, inv.zone)]
    mine = [m for m in mine if in_scope(m.get("scope"), charge, listed.row.get("match"))]
    mine.sort(key=lambda m: (int(m.get("priority") or 0), row_start(m, inv.zone), m["id"]))
    how = inv.body.get("combine_multipliers") or "compound"
    if how == "first":
        mine = mine[:1]
    if how == "lowest" and mine:
        least = min(number(m["factor"]) for m in mine)
        mine = [m for m in mine if number(m["factor"]) == least][:1]
    factor = Fraction(1)
    for m in mine:
        factor *= number(m["factor"])
    if not mine:
        return listed
    return Shelved(1, listed.index, scaled(listed.row, factor), tuple(m["id"] for m in mine))


def scaled(row: Body, factor: Fraction) -> Body:
    """Multiply every price of a row; bounds, sizes and free zones stay."""
    made = dict(row)
    if row.get("model") == "DYNAMIC":
        made["multiplier"] = number(row.get("multiplier"), 1)
    for name in ("unit_price", "package_price", "percent", "fixed_fee", "minimum_fee", "maximum_fee", "multiplier"):
        if made.get(name) is not None:
            made[name] = number(made[name]) * factor
    if row.get("tiers"):
        names = ("unit_price", "flat_fee", "percent")
        made["tiers"] = [
            {**tier, **{name: number(tier[name]) * factor for name in names if tier.get(name) is not None}}
            for tier in row["tiers"]
        ]
    return made


def epochs(inv: "Invoice", charge: Body) -> list[datetime]:
    """List the instants from which other rows may be in force, and the end."""
    if cut_of(charge) == "next_period":
        return [inv.start, inv.end]
    dated = [*rows_of(charge), *(row for _, row in overrides_of(inv, charge)), *(inv.body.get("multipliers") or [])]
    edges = {edge for each in dated for edge in (row_start(each, inv.zone), row_end(each, inv.zone))}
    return [inv.start, *sorted(edge for edge in edges if inv.start < edge < inv.end), inv.end]


def rows_of(charge: Body) -> list[Body]:
    """Read a charge's price rows; a bare unit price is one."""
    return charge.get("prices") or [{"unit_price": charge.get("unit_price")}]


def has_volume(charge: Body) -> bool:
    """Tell whether a charge has a volume price."""
    return any(row.get("model") == "VOLUME" for row in rows_of(charge))


def name_of(charge: Body, row: Body | None = None) -> str:
    """Name a line."""
    return str((row or {}).get("name") or charge.get("name") or product_of(charge))


def product_of(charge: Body) -> str:
    """Name a charge's product."""
    return str(charge.get("product") or charge["key"])


def category_of(charge: Body) -> str:
    """Name a charge's tax category."""
    return str(charge.get("tax_category") or "S")


def in_scope(scope: Body | None, charge: Body, match: Body | None = None) -> bool:
    """Tell whether a scope holds a charge (and a row's literal values)."""
    if not scope:
        return True
    holds = {
        "charges": lambda named: charge["key"] in named,
        "products": lambda named: product_of(charge) in named,
        "tags": lambda named: bool(set(charge.get("tags") or []) & set(named)),
        "kinds": lambda named: (charge.get("kind") or "usage") in named,
        "dimensions": lambda named: all((match or {}).get(key) == value for key, value in named.items()),
    }
    return all(holds[member](named) for member, named in scope.items() if named is not None)


def line_in(scope: Body | None, line: Line) -> bool:
    """Tell whether a scope holds a line: every charge that it stands for; the whole invoice fits no narrower one."""
    if line.of_all or not line.charges:
        return not scope
    return all(in_scope(scope, charge, line.match) for charge in line.charges)


def width(scope: Body | None, charges: list[Body]) -> float | int:
    """Count the charges in scope; none stated is the widest."""
    return sum(in_scope({**scope, "dimensions": None}, c) for c in charges) if scope else len(charges) + 1


# -- usage lines


@dataclass
class Counter:
    """What one match and one value of tier_by have measured; segments price it in time."""

    invoice: Invoice
    charge: Body
    events: list[Event]
    by_time: bool
    purse: dict[str, Fraction] = field(default_factory=dict)

    @property
    def used(self) -> Fraction:
        """The free units that its match has had."""
        return self.purse.get("used", ZERO)

    @used.setter
    def used(self, units: Fraction) -> None:
        self.purse["used"] = units

    def raw(self, at: datetime) -> Fraction:
        """Measure Q(period start -> at) before conversion."""
        inv = self.invoice
        metric = self.charge.get("metric") or {}
        if self.by_time:
            part = seconds(at - inv.start) / seconds(inv.end - inv.start)
            return measure(metric, self.events, inv.start, inv.end, inv.whole, inv.zone) * part
        return measure(metric, self.events, inv.start, at, inv.whole, inv.zone)

    def q(self, at: datetime) -> Fraction:
        """Measure Q(period start -> at), converted and rounded."""
        metric = self.charge.get("metric") or {}
        if not self.by_time:
            return converted(metric, self.raw(at))
        inv = self.invoice
        whole = converted(metric, self.raw(inv.end))
        return whole * seconds(at - inv.start) / seconds(inv.end - inv.start)

    @property
    def position(self) -> Fraction:
        return number(self.charge.get("position"))


@dataclass
class Segment:
    """One counter under one price row for [start, end)."""

    counter: Counter
    index: int
    row: Body
    start: datetime
    end: datetime
    before: "Segment | None"
    used_before: Fraction = ZERO
    used_after: Fraction = ZERO

    def free(self, at: datetime) -> Fraction:
        """Count the counter's free units used until an instant."""
        if at in (self.start, self.end):
            return self.used_before if at == self.start else self.used_after
        return min(max(self.counter.q(at), ZERO), max(self.used_before, self.used_after))

    def x(self, at: datetime) -> Fraction:
        """Give the position at an instant."""
        return self.counter.position + self.counter.q(at) - self.free(at)

    def origin(self) -> Fraction:
        """Find the position from which packages are counted."""
        base, earlier = self.counter.position, self.before
        if earlier is None:
            return packages(self.row, base) * number(self.row["package_size"])
        if earlier.row.get("model") != "PACKAGE":
            return self.x(self.start)
        return earlier.origin() + earlier.count(self.x(self.start)) * number(earlier.row["package_size"])

    def count(self, x: Fraction) -> Fraction:
        """Count the packages bought under this row when the position is x."""
        origin = self.origin()
        if x < 0 and origin == 0:
            return -packages(self.row, -x)
        if origin > 0 and x <= origin:
            return ZERO
        return packages(self.row, x - origin)

    def zero(self) -> bool:
        """Tell whether this segment owes a flat fee at zero."""
        return bool(self.counter.charge.get("flat_at_zero")) and self.counter.position == 0

    def at(self, x: Fraction) -> Fraction:
        """Price a position."""
        if self.row.get("model") == "PACKAGE":
            return self.count(x) * number(self.row["package_price"])
        return price_at(self.row, x, self.counter.position, self.zero())

    def opening(self) -> Fraction:
        """Price the position at the start."""
        if self.before is None and self.zero() and not self.x(self.start):
            return ZERO
        return ZERO if self.row.get("model") == "PACKAGE" else self.at(self.x(self.start))

    def amount(self, low: datetime, high: datetime, skip: Fraction = ZERO) -> Fraction:
        """Price the units of [low, high), without the first `skip` of them."""
        if self.row.get("model") == "PERCENTAGE":
            return self.transactions(low, high)
        if low == self.start and not skip:
            return self.at(self.x(high)) - self.opening()
        return self.at(self.x(high)) - self.at(self.x(low) + skip)

    def transactions(self, low: datetime, high: datetime) -> Fraction:
        """Price the single transactions of [low, high)."""
        divisor = number((self.counter.charge.get("metric") or {}).get("divisor"), 1)
        total, running = ZERO, self.counter.position
        inside = [e for e in self.counter.events if self.counter.invoice.start <= e.at < high]
        for count, event in enumerate(inside, 1):
            amount = event.quantity / divisor
            if event.at >= low:
                total += transaction(self.row, amount, count, running)
            running += amount
        return total

    def units(self, low: datetime, high: datetime) -> Fraction:
        """Count the billed units of [low, high)."""
        return self.x(high) - self.x(low)


def match_key(row: Body) -> tuple[tuple[str, str], ...]:
    """Write a row's literal values so that they can be compared."""
    return tuple(sorted((row.get("match") or {}).items()))


def row_start(row: Body, zone: ZoneInfo) -> datetime:
    """Read from when a row is in force."""
    return instant(row["starts_on"], zone) if row.get("starts_on") else EVER


def row_end(row: Body, zone: ZoneInfo) -> datetime:
    """Read until when a row is in force, exclusive."""
    return instant(row["ends_on"], zone, last=True) if row.get("ends_on") else NEVER


def timeline(rows: list[Body], key: Any, zone: ZoneInfo) -> list[tuple[int, datetime, datetime]]:
    """List the rows of one match with the time in which each is in force."""
    chosen = sorted((row_start(row, zone), i) for i, row in enumerate(rows) if match_key(row) == key)
    ends = [start for start, _ in chosen[1:]] + [NEVER]
    return [
        (i, start, min(end, row_end(rows[i], zone)))
        for (start, i), end in zip(chosen, ends, strict=True)
        if start < min(end, row_end(rows[i], zone))
    ]


def literal(charge: Body, key: Any) -> tuple[int, list[bool]]:
    """Weigh a match: most literal conditions, then the metric's order of dimensions."""
    named = [name for name, _ in key]
    return len(key), [name in named for name in (charge.get("metric") or {}).get("dimensions") or []]


def matching(charge: Body, event: Event, rows: list[tuple[Any, Shelved]]) -> Any:
    """Find the match of the row that prices an event, or None: overrides first, then the most literal."""
    found = [
        (-shelved.level, literal(charge, key), key)
        for key, shelved in rows
        if all(dict(event.dimensions).get(name) == value for name, value in key)
    ]
    return max(found, key=lambda item: item[:2])[2] if found else None


def cut_of(charge: Body) -> str:
    """Read how new price rows cut a charge."""
    metric = charge.get("metric") or {}
    stays = metric.get("aggregation") in ("LATEST", "MAX", "MIN", "AVERAGE", "UNIQUE")
    stays = stays or (bool(metric.get("window")) and metric.get("again") != "sum")
    return str(charge.get("cut") or ("next_period" if stays else "increments"))


def counted(inv: Invoice, charge: Body, rows: list[tuple[Any, Shelved]]) -> dict[Any, list[Event]]:
    """Sort a charge's events by what these rows select: (match, tier_by values)."""
    keys = charge.get("tier_by") or []
    found: dict[Any, list[Event]] = {} if keys else {(key, ()): [] for key, _ in rows}
    for event in inv.events:
        if event.charge == charge["key"] and event.at < inv.end:
            match = matching(charge, event, rows)
            if match is not None:
                found.setdefault((match, event.dims(keys)), []).append(event)
    return found


def segments(inv: Invoice, charge: Body) -> list[tuple[Any, Shelved, "Segment"]]:
    """Cut a charge's counters where other rows are in force; a cut that changes nothing is none."""
    found: list[tuple[Any, Shelved, Segment]] = []
    latest: dict[Any, tuple[Shelved, Segment]] = {}
    purses: dict[Any, dict[str, Fraction]] = {}
    times = epochs(inv, charge)
    for start, end in zip(times, times[1:], strict=False):
        rows = shelf(inv, charge, start)
        by_match = dict(rows)
        for key, events in sorted(counted(inv, charge, rows).items(), key=repr):
            shelved = by_match[key[0]]
            known = latest.get(key)
            goes_on = known and known[1].end == start and known[0].same == shelved.same
            if known and goes_on and known[1].counter.events == events:
                known[1].end = end
                continue
            counter = Counter(inv, charge, events, cut_of(charge) == "by_time", purses.setdefault(key, {}))
            segment = Segment(counter, shelved.index, shelved.row, start, end, known[1] if known else None)
            latest[key] = shelved, segment
            found.append((key[0], shelved, segment))
    return found


def usage_lines(inv: Invoice, charge: Body, order: int) -> list[Line]:
    """Make a usage charge's lines, one for each row and each time that it stands without a break, not priced yet."""
    made: list[Line] = []
    for match, shelved, seg in segments(inv, charge):
        line = next((li for li in made if li.shelved == (match, shelved.same) and stands_on(inv, li, seg)), None)
        if line is None:
            name, category = name_of(charge, shelved.row), category_of(charge)
            row = first_row(inv, charge, match, shelved, seg)
            line = Line("usage", [charge], seg.start, seg.end, name, category, row, dict(match))
            line.order, line.shelved = (order, shelved.level, seg.index), (match, shelved.same)
            line.multipliers = shelved.multipliers
            if shelved.level == 0:
                line.row, line.override = None, shelved.row["id"]
            made.append(line)
        line.segments.append(seg)
        line.start, line.end = min(line.start, seg.start), max(line.end, seg.end)
        unit = first_unit(seg.row, seg.counter.position + seg.counter.q(seg.start)) * inv.rate(charge)
        line.unit = max(line.unit, unit) if seg.start == line.start else line.unit
    return made


def first_row(inv: Invoice, charge: Body, match: Any, shelved: Shelved, seg: "Segment") -> int:
    """Give the row from which what the segment costs stands without a break; rows that say the same are one."""
    row = seg.index
    for at in reversed([at for at in epochs(inv, charge)[:-1] if at < seg.start]):
        there = next((each for key, each in shelf(inv, charge, at) if key == match and each.same == shelved.same), None)
        if there is None:
            return row
        row = there.index
    return row


def stands_on(inv: Invoice, line: Line, seg: "Segment") -> bool:
    """Tell whether a line's row has been in force all the time until this segment."""
    charge = line.charges[0]
    times = [at for at in epochs(inv, charge)[:-1] if line.start <= at < seg.start]
    return all(any((key, each.same) == line.shelved for key, each in shelf(inv, charge, at)) for at in times)


def free_units(inv: Invoice, charge: Body) -> Fraction:
    """Give a usage charge's free units in this period."""
    free = number(charge.get("free_units"))
    pooled = charge.get("free_units_per")
    if pooled:
        seats = next(c for c in inv.body["charges"] if c["key"] == pooled["charge"])
        free += number(pooled["units"]) * quantity_on(seats, inv.span.start)
    return free * inv.weight()


def give_free(inv: Invoice, lines: list[Line]) -> None:
    """Give free units to usage lines in line order."""
    left = {
        charge["key"]: free_units(inv, charge) for charge in inv.charges if (charge.get("kind") or "usage") == "usage"
    }
    for seg in [seg for line in lines for seg in line.segments]:
        counter, key = seg.counter, seg.counter.charge["key"]
        before, after = (max(counter.q(at), ZERO) for at in (seg.start, seg.end))
        seg.used_before = counter.used
        if after >= before:
            counter.used += min(after - before, left[key])
        else:
            counter.used = min(counter.used, after)
        left[key] -= counter.used - seg.used_before
        seg.used_after = counter.used


def boundaries(inv: Invoice, line: Line) -> list[datetime]:
    """List the instants at which a usage line is split for instruments and commitments."""
    times = {line.start, line.end}
    able = [i for i in inv.instruments if i.left > 0 and line_in(i.data.get("scope"), line)]
    times |= {t for i in able for t in (i.start, i.end) if line.start < t < line.end}
    commitment = line.charges[0].get("windowed_commitment")
    if commitment:
        for event in [e for seg in line.segments for e in seg.counter.events]:
            window = window_at(commitment["window"], event.at, inv.zone)
            times |= {t for t in window if line.start < t < line.end}
    return sorted(times)


def price_line(inv: Invoice, line: Line) -> None:
    """Price a usage line's pieces at list."""
    times, rate = boundaries(inv, line), inv.rate(line.charges[0])
    for low, high in zip(times, times[1:], strict=False):
        held = [s for s in line.segments if s.start < high and low < s.end]
        value = sum((s.amount(max(low, s.start), min(high, s.end)) for s in held), ZERO)
        units = sum((s.units(max(low, s.start), min(high, s.end)) for s in held), ZERO)
        line.pieces.append(Piece(low, high, value * rate, None, held, units))
    line.quantity = sum((s.units(s.start, s.end) for s in line.segments), ZERO)
    line.measured = sum((s.counter.raw(s.end) - s.counter.raw(s.start) for s in line.segments), ZERO)
    line.free = sum((s.used_after - s.used_before for s in line.segments), ZERO)


def rest_after(inv: Invoice, piece: Piece, taken: Fraction) -> Fraction:
    """Price what is left of a piece after `taken` more units, at list."""
    model = piece.segments[0].row.get("model") if piece.segments else "PERCENTAGE"
    if model == "PERCENTAGE":
        return piece.value * (1 - taken / piece.units)
    total, skipped = ZERO, piece.skip + taken
    for seg in piece.segments:
        low, high = max(piece.start, seg.start), min(piece.end, seg.end)
        units = seg.units(low, high)
        skip = min(skipped, max(units, ZERO))
        skipped -= skip
        if skip < units or not skip:
            total += seg.amount(low, high, skip)
    return total * inv.rate(piece.segments[0].counter.charge)


def lift(inv: Invoice, lines: list[Line]) -> None:
    """Keep a charge's lines from summing below zero while its Q isn't negative."""
    pieces = [piece for line in lines for piece in line.pieces]
    ends = {id(s.counter): s.counter.q(inv.end) for line in lines for s in line.segments}
    short = -sum((piece.value for piece in pieces), ZERO)
    latest = sorted(pieces, key=lambda p: p.start, reverse=True)
    for piece in latest if sum(ends.values(), ZERO) >= 0 else []:
        if short > 0 and piece.value < 0:
            given = min(short, -piece.value)
            piece.value += given
            short -= given


def dearest(lines: list[Line], charges: list[Body]) -> list[Line]:
    """Keep only the dearest charge of each group of highest_of; one that wasn't used costs nothing."""
    totals: dict[str, Fraction] = {}
    for line in sorted(lines, key=lambda li: li.order):
        totals[line.key or ""] = totals.get(line.key or "", ZERO) + sum((p.value for p in line.pieces), ZERO)
    groups: dict[str, str] = {}
    for charge in charges:
        group, key = charge.get("highest_of"), charge["key"]
        if group and (group not in groups or totals.get(key, ZERO) > totals.get(groups[group], ZERO)):
            groups[group] = key
    return [li for li in lines if groups.get(li.charges[0].get("highest_of") or "", li.key) == li.key]


# -- own prices of commits


def commit_windows(inv: Invoice, charge: Body, lines: list[Line]) -> None:
    """Price the units inside a windowed commitment, and note what is missing."""
    terms = charge["windowed_commitment"]
    rate = inv.rate(charge)
    inside = number(terms["unit_price"]) * rate if terms.get("unit_price") is not None else None
    amount = committed(terms, inside, lines) if terms.get("quantity") is not None else number(terms["amount"]) * rate
    windows = list(windows_of(terms["window"], inv.start, inv.end, inv.zone))
    left = dict.fromkeys(windows, amount)
    used = set()
    for line in lines:
        made = []
        for piece in line.pieces:
            window = window_at(terms["window"], piece.start, inv.zone)
            events = [e for s in piece.segments for e in s.counter.events if piece.start <= e.at < piece.end]
            if events:
                used.add(window)
            made += take_inside(inv, piece, inside, left, window) if events and piece.value > 0 else [piece]
        line.pieces = made
    owed = [left[w] for w in windows if w in used or terms.get("windows") != "used"]
    if not inv.threshold and inv.rounded(sum(owed, ZERO)) > 0:
        inv.missing.append(true_up(inv, [charge], name_of(charge), category_of(charge), sum(owed, ZERO)))


def committed(terms: Body, inside: Fraction | None, lines: list[Line]) -> Fraction:
    """Value a committed quantity at the inside price, else at the price of the first unit."""
    price = inside if inside is not None else max((line.unit for line in lines), default=ZERO)
    return number(terms["quantity"]) * price


def take_inside(
    inv: Invoice, piece: Piece, inside: Fraction | None, left: dict[Any, Fraction], window: Any
) -> list[Piece]:
    """Split a piece at the amount that its window still wants."""
    if inside is None:
        left[window] -= min(left[window], piece.value)
        return [piece]
    taken = min(piece.units, left[window] / inside) if inside else piece.units
    left[window] -= taken * inside
    return split(inv, piece, taken, taken * inside, "window")


def split(inv: Invoice, piece: Piece, taken: Fraction, value: Fraction, own: str) -> list[Piece]:
    """Split a piece into units priced by a commit and the rest at list."""
    made = [Piece(piece.start, piece.end, value, own, [], taken)]
    if taken < piece.units:
        rest = Piece(piece.start, piece.end, rest_after(inv, piece, taken), None, piece.segments, piece.units - taken)
        rest.skip = piece.skip + taken
        made.append(rest)
    return made


def own_price(inst: Instrument, line: Line) -> Body | None:
    """Find an instrument's own price of a usage line."""
    for price in inst.data.get("prices") or []:
        wanted = (price.get("match") or {}).items()
        if price["charge"] == line.key and all(line.match.get(k) == v for k, v in wanted):
            return dict(price)
    return None


def price_own(inv: Invoice, line: Line) -> None:
    """Give a usage line's units to the commits that price them, in the order of instruments."""
    for inst in inv.instruments:
        price = own_price(inst, line)
        made = []
        for piece in line.pieces:
            fits = price and piece.own is None and piece.units > 0 and piece.value > 0
            fits = fits and may_cover(inst, line, piece)
            made += own_split(inv, inst, piece, price) if fits and price else [piece]
        line.pieces = made


def own_split(inv: Invoice, inst: Instrument, piece: Piece, price: Body) -> list[Piece]:
    """Split a piece where a commit's balance ends."""
    funds = inst.spare * inst.rate
    if price.get("unit_price") is None:
        multiplier = number(price.get("multiplier"), 1)
        listed = min(piece.value, funds / multiplier) if multiplier else piece.value
        inst.spare -= listed * multiplier / inst.rate
        part = listed / piece.value
        made = [Piece(piece.start, piece.end, listed * multiplier, inst.id, [], piece.units * part)]
        rest = Piece(piece.start, piece.end, piece.value - listed, None, [], piece.units * (1 - part))
        return [*made, rest] if part < 1 else made
    unit = number(price["unit_price"]) * inst.rate
    taken = min(piece.units, funds / unit) if unit else piece.units
    inst.spare -= taken * unit / inst.rate
    return split(inv, piece, taken, taken * unit, inst.id) if taken else [piece]


def may_cover(inst: Instrument, line: Line, piece: Piece) -> bool:
    """Tell whether an instrument may cover a piece: by scope and time."""
    scope = inst.data.get("scope")
    if line.kind == "true_up" and (scope or line.instrument == inst.id):
        return False
    return line_in(scope, line) and inst.start <= piece.start and piece.end <= inst.end


# -- recurring and one-time lines


def quantity_on(charge: Body, day: date) -> Fraction:
    """Give a recurring charge's quantity on a day."""
    quantity = number(charge.get("quantity"), 1)
    for change in sorted(charge.get("quantities") or [], key=lambda c: str(c["date"])):
        if date.fromisoformat(change["date"]) <= day:
            quantity = number(change["quantity"])
    return quantity


def own_spans(inv: Invoice, charge: Body) -> list[Span]:
    """List the spans of a recurring charge that this invoice bills."""
    cadence = charge.get("cadence")
    if not cadence:
        return [inv.span]
    body, span = inv.body, inv.span
    cycle = body.get("cycle")
    if not cycle:
        cycle = {"start_date": span.full_start.isoformat(), "days": (span.full_end - span.full_start).days}
        if span.end < span.full_end:
            cycle["end_date"] = (span.end - timedelta(days=1)).isoformat()
    found = []
    for own in cycle_spans(cycle, cadence, span.end - timedelta(days=1)):
        start = own.start if body.get("cycle") else max(own.start, span.start)
        if start >= own.end:
            continue
        own = Span(own.full_start, own.full_end, start, own.end, own.months)
        arrears = charge.get("timing") == "arrears"
        if (span.start < own.end <= span.end) if arrears else (span.start <= own.start < span.end):
            found.append(own)
    return found


def row_on(rows: list[Body], day: date, zone: ZoneInfo) -> int | None:
    """Find the row in force on a local day."""
    found = None
    for index, start, end in timeline(rows, (), zone):
        if start.astimezone(zone).date() <= day < end.astimezone(zone).date():
            found = index
    return found


def recurring_lines(inv: Invoice, charge: Body, order: int) -> list[Line]:
    """Make a recurring charge's lines, day by day."""
    rows, rate, lines = rows_of(charge), inv.rate(charge), {}
    proration = charge.get("proration") or inv.body.get("proration") or "first_and_last"
    for span in own_spans(inv, charge):
        weights, full = day_weights(span, proration, day_count(inv.body))
        for i, weight in enumerate(weights):
            day = span.start + timedelta(days=i)
            index = row_on(rows, day, inv.zone)
            if index is None:
                continue
            quantity, part = quantity_on(charge, day), Fraction(weight, full)
            start, end = midnight(day, inv.zone), midnight(day + timedelta(days=1), inv.zone)
            if index not in lines:
                name, category = name_of(charge, rows[index]), category_of(charge)
                lines[index] = Line("recurring", [charge], start, end, name, category, index, quantity=ZERO)
                lines[index].order, lines[index].unit = (order, index), first_unit(rows[index], ZERO) * rate
                lines[index].weight = Fraction(sum(weights), full)
                lines[index].pieces = [Piece(start, end, ZERO)]
            line = lines[index]
            line.end = end
            line.quantity = (line.quantity or ZERO) + quantity * part
            line.pieces[0].value += price_at(rows[index], quantity, zero=bool(charge.get("flat_at_zero"))) * part * rate
    for line in lines.values():
        arrears = charge.get("timing") == "arrears"
        line.pieces[0].start = line.end - TICK if arrears else line.start
        line.pieces[0].end = line.end if arrears else line.start + TICK
    return list(lines.values())


def one_time_lines(inv: Invoice, charge: Body, order: int) -> list[Line]:
    """Make a one-time charge's line if its day is served here."""
    day = date.fromisoformat(charge["date"]) if charge.get("date") else first_day(inv)
    if not inv.span.start <= day < inv.span.end:
        return []
    quantity = number(charge.get("quantity"), 1)
    whole = charge.get("amount")
    value = number(whole) if whole is not None else number(charge.get("unit_price")) * quantity
    start, end = midnight(day, inv.zone), midnight(day + timedelta(days=1), inv.zone)
    line = Line("one_time", [charge], start, end, name_of(charge), category_of(charge), quantity=quantity)
    line.unit = (value if whole is not None else number(charge.get("unit_price"))) * inv.rate(charge)
    line.order = order, 0
    line.pieces = [Piece(start, start + TICK, value * inv.rate(charge))]
    return [line]


def first_day(inv: Invoice) -> date:
    """Give the first day served, of the contract."""
    cycle = inv.body.get("cycle")
    return date.fromisoformat(cycle["start_date"]) if cycle else inv.span.start


# -- from usage to total


def rate_lines(inv: Invoice) -> None:
    """Make all lines of usage, recurring and one-time charges: step 1 until rounding."""
    make = {"usage": usage_lines, "recurring": recurring_lines, "one_time": one_time_lines}
    charges = [(order, c, c.get("kind") or "usage") for order, c in enumerate(inv.charges)]
    lines = [line for order, c, kind in charges if kind in make for line in make[kind](inv, c, order)]
    lines.sort(key=lambda li: (STEPS.index(li.kind), li.start, -li.unit, li.name, li.order))
    give_free(inv, lines)
    for line in [li for li in lines if li.kind == "usage"]:
        price_line(inv, line)
    for charge in inv.charges:
        lift(inv, [li for li in lines if li.kind == "usage" and li.key == charge["key"]])
    for charge in [c for c in inv.charges if c.get("windowed_commitment")]:
        commit_windows(inv, charge, [li for li in lines if li.kind == "usage" and li.key == charge["key"]])
    kept = dearest(lines, inv.charges)
    billed = {li.key for li in kept if li.kind == "usage" and not is_empty(li)}
    inv.missing = [li for li in inv.missing if not li.charges[0].get("highest_of") or li.key in billed]
    inv.lines = [li for li in kept if li.kind != "usage" or not is_empty(li)]
    for inst in inv.instruments:
        inst.spare = inst.left
    for line in [li for li in inv.lines if li.kind == "usage"]:
        price_own(inv, line)


def is_empty(line: Line) -> bool:
    """Tell whether a usage line says nothing."""
    return not (line.quantity or line.measured or line.free or any(p.value for p in line.pieces))


def active(inv: Invoice, kind: str) -> list[Body]:
    """List the discounts of a kind (percent, amount) that have started, narrow scope first, then start, then id."""
    found = [d for d in inv.body.get("discounts") or [] if d.get(kind) is not None]
    found = [
        d for d in found if nth(inv, d) >= 0 and (d.get("carry_rest") or nth(inv, d) < (d.get("periods") or 10**6))
    ]
    return sorted(
        found,
        key=lambda d: (
            width(d.get("scope"), inv.body["charges"]),
            str(d.get("starts_on") or ""),
            str(d.get("id") or ""),
        ),
    )


def nth(inv: Invoice, discount: Body) -> int:
    """Count the invoices before this one on which a discount stood; below zero if it hasn't started."""
    start = date.fromisoformat(discount["starts_on"]) if discount.get("starts_on") else date.min
    return sum(span.end > start for span in inv.so_far) - 1


def name_discount(discount: Body) -> str:
    """Name a discount."""
    return str(discount.get("name") or discount.get("id") or "")


def discount_percent(inv: Invoice) -> None:
    """Lower the pieces that no commit prices by the percentage discounts, compounding."""
    for line in inv.lines:
        for piece in line.pieces:
            piece.exact = piece.value
        for discount in active(inv, "percent"):
            if line_in(discount.get("scope"), line):
                line.discounts.append(name_discount(discount))
                for piece in [p for p in line.pieces if not p.own]:
                    piece.exact *= 1 - number(discount["percent"]) / 100


def round_lines(inv: Invoice, lines: list[Line]) -> None:
    """Round each line once, or a charge once with its lines as shares; pieces are shares of their line."""
    for charge in inv.charges:
        mine = [li for li in lines if li.charges == [charge]]
        exact = [sum((p.exact for p in li.pieces), ZERO) for li in mine]
        amounts = [inv.rounded(e) for e in exact]
        if charge.get("round") == "charge":
            amounts = share(inv.rounded(sum(exact, ZERO)), exact, inv.minor)
        for line, amount in zip(mine, amounts, strict=True):
            line.amount = line.left = amount
            whole = sum((p.exact for p in line.pieces), ZERO)
            for piece in line.pieces:
                first = amount if piece is line.pieces[0] else ZERO
                piece.amount = piece.left = amount * piece.exact / whole if whole else first


def note_spend(inv: Invoice) -> None:
    """Note what each line counts for minimums: discounts that count are not taken off."""
    counting = [d for d in active(inv, "percent") if d.get("counts_for_minimum")]
    for line in inv.lines:
        line.spend = line.amount
        factor = Fraction(1)
        for discount in counting:
            if line_in(discount.get("scope"), line):
                factor *= 1 - number(discount["percent"]) / 100
        if factor != 1:
            line.spend = inv.rounded(spend_exact(inv, line))


def spend_exact(inv: Invoice, line: Line) -> Fraction:
    """Add a line's pieces with only those percentage discounts that don't count as spend."""
    factor = Fraction(1)
    for discount in active(inv, "percent"):
        if line_in(discount.get("scope"), line) and not discount.get("counts_for_minimum"):
            factor *= 1 - number(discount["percent"]) / 100
    return sum((p.value * (1 if p.own else factor) for p in line.pieces), ZERO)


def lower(line: Line, amount: Fraction, parts: list[Piece]) -> None:
    """Take an amount off a line, in proportion off some of its pieces."""
    line.left -= amount
    whole = sum((p.left for p in parts), ZERO)
    for piece in parts:
        piece.left -= amount * piece.left / whole


def child(line: Line, kind: str, name: str, amount: Fraction, instrument: str | None = None) -> Line:
    """Make a negative line that stands on another."""
    made = Line(kind, line.charges, line.start, line.end, name, line.category, line.row, line.match)
    made.amount, made.of, made.instrument = amount, line, instrument
    return made


def discount_fixed(inv: Invoice, remaining: dict[int, Fraction]) -> list[Line]:
    """Share the fixed discounts over the rounded lines in scope."""
    made = []
    for discount in active(inv, "amount"):
        lines = [li for li in inv.lines if line_in(discount.get("scope"), li)]
        parts = [[p for p in li.pieces if not p.own and p.left > 0] for li in lines]
        free = [min(max(li.left, ZERO), sum((p.left for p in ps), ZERO)) for li, ps in zip(lines, parts, strict=True)]
        amount = number(discount["amount"])
        if discount.get("carry_rest"):
            amount = amount * min(nth(inv, discount) + 1, discount.get("periods") or 10**6)
            amount -= inv.taken.get(id(discount), ZERO)
        elif lines and all(li.kind == "recurring" for li in lines):
            amount = inv.rounded(amount * max(li.weight for li in lines))
        amount = inv.floored(min(amount, remaining.get(id(discount), amount), sum(free, ZERO)))
        inv.taken[id(discount)] = inv.taken.get(id(discount), ZERO) + amount
        if id(discount) in remaining:
            remaining[id(discount)] -= amount
        for line, pieces, part in zip(lines, parts, share(amount, free, inv.minor), strict=True):
            if part:
                lower(line, part, pieces)
                if not discount.get("counts_for_minimum"):
                    line.spend -= part
                line.discounts.append(name_discount(discount))
                made.append(child(line, "discount", name_discount(discount), -part))
    return made


def composites(inv: Invoice) -> list[Line]:
    """Make the composite lines: a percent of the rounded lines less fixed discounts."""
    made = []
    for charge in [c for c in inv.charges if c.get("kind") == "composite"]:
        base = sum((li.left for li in inv.lines if line_in(charge.get("of"), li)), ZERO)
        line = Line("composite", [charge], inv.start, inv.end, name_of(charge), category_of(charge))
        value = base * number(charge["percent"]) / 100
        line.pieces = [Piece(inv.end - TICK, inv.end, value, exact=value)]
        if value:
            made.append(line)
    round_lines(inv, made)
    for line in made:
        line.spend = line.amount
    return made


def true_up(inv: Invoice, charges: list[Body], name: str, category: str, value: Fraction) -> Line:
    """Make a line for what is missing to a promise."""
    line = Line("true_up", charges, inv.start, inv.end, name, category)
    line.amount = line.left = line.spend = inv.rounded(value)
    line.pieces = [Piece(inv.end - TICK, inv.end, value, None, [], ZERO, value, line.amount, line.amount)]
    return line


def true_ups(inv: Invoice, scope: Body | None, name: str, amount: Fraction) -> list[Line]:
    """Split a missing amount over the tax categories of the lines in scope."""
    charges = [c for c in inv.body["charges"] if in_scope(scope, c)]
    weights: dict[str, Fraction] = {}
    for line in [li for li in inv.lines if line_in(scope, li)]:
        stood = line.left if line.stood is None else line.stood
        weights[line.category] = weights.get(line.category, ZERO) + max(stood, ZERO)
    if not sum(weights.values()):
        weights = {category_of(charges[0]) if charges else "S": Fraction(1)}
    parts = share(amount, list(weights.values()), inv.minor)
    made = [true_up(inv, charges, name, cat, part) for cat, part in zip(weights, parts, strict=True) if part]
    for line in made:
        line.of_all = not scope
    return made


def promises(inv: Invoice, kind: str) -> list[tuple[Body, Fraction]]:
    """List minimums or maximums with their amounts in this period, narrow before wide."""
    found = list(inv.body.get(kind + "s") or [])
    for charge in inv.charges:
        if charge.get(kind) is not None:
            unit = charge.get("pricing_unit")
            found.append({"amount": charge[kind], "scope": {"charges": [charge["key"]]}, "pricing_unit": unit})
    found.sort(key=lambda p: width(p.get("scope"), inv.body["charges"]))
    weighed = [(p, inv.weight() if p.get("prorate", True) else Fraction(1)) for p in found]
    return [(p, inv.rounded(number(p["amount"]) * inv.rate(p) * weight)) for p, weight in weighed]


def raise_to_minimums(inv: Invoice) -> None:
    """Add a true-up for each minimum that isn't reached."""
    for minimum, amount in promises(inv, "minimum"):
        scope = minimum.get("scope")
        spend = sum((li.spend for li in inv.lines if line_in(scope, li)), ZERO)
        if spend < amount:
            made = true_ups(inv, scope, "minimum", amount - spend)
            share_of = inv.weight() if minimum.get("prorate", True) else Fraction(1)
            exact = number(minimum["amount"]) * inv.rate(minimum) * share_of - spend
            for line in made:
                line.pieces[0].value = line.pieces[0].exact = exact * line.amount / (amount - spend)
            inv.lines += made


def cap(inv: Invoice) -> list[Line]:
    """Take what lies above the maximums off the latest lines."""
    made = []
    for maximum, amount in promises(inv, "maximum"):
        lines = [li for li in inv.lines if line_in(maximum.get("scope"), li)]
        excess = sum((li.left for li in lines), ZERO) - amount
        for line in reversed(lines):
            part = min(excess, line.left)
            if part > 0:
                excess -= part
                cap_pieces(line, part)
                made.append(child(line, "cap", "maximum", -part))
    return made


def cap_pieces(line: Line, amount: Fraction) -> None:
    """Take an amount off a line's latest pieces, those that no commit prices first."""
    line.left -= amount
    latest = line.pieces[::-1]
    for piece in [p for p in latest if p.own is None] + [p for p in latest if p.own]:
        part = min(amount, max(piece.left, ZERO))
        piece.left -= part
        amount -= part


# -- instruments


def instrument_order(body: Body, inst: Instrument) -> tuple[Any, ...]:
    """Order instruments: rolled over, credits and prepaid, postpaid; then as the rules say."""
    data, scope = inst.data, inst.data.get("scope")
    place = 0 if data.get("rolled_over") else 2 if data["kind"] == "postpaid" else 1
    products = {product_of(c) for c in body["charges"] if scope and in_scope({**scope, "dimensions": None}, c)}
    fewer = len(products) if scope else 10**9
    return (
        place,
        int(data.get("priority") or 0),
        number(data.get("invoiced")) != 0,
        fewer,
        inst.end,
        inst.start,
        inst.id,
    )


def read_instruments(body: Body, zone: ZoneInfo) -> list[Instrument]:
    """Read the instruments in the order in which they are drawn."""
    rates = {unit["key"]: number(unit["rate"]) for unit in body.get("pricing_units") or []}
    found = []
    for data in body.get("instruments") or []:
        rate = rates[data["pricing_unit"]] if data.get("pricing_unit") else Fraction(1)
        found.append(Instrument(data, row_start(data, zone), row_end(data, zone), rate, number(data["balance"])))
    return sorted(found, key=lambda i: instrument_order(body, i))


def draw(inv: Invoice, inst: Instrument, line: Line, pieces: list[Piece]) -> list[Line]:
    """Cover pieces of a line from an instrument; a postpaid one makes no line."""
    total = ZERO
    for piece in pieces:
        amount = min(piece.left, line.left, inv.floored(inst.left * inst.rate))
        if amount > 0:
            piece.left -= amount
            line.left -= amount
            inst.left -= amount / inst.rate
            inst.drawn += amount / inst.rate
            total += amount
    if not total or inst.data["kind"] == "postpaid":
        return []
    return [child(line, "drawdown", str(inst.data.get("name") or inst.id), -total, inst.id)]


def parts_to_cover(inv: Invoice, line: Line) -> list[Piece]:
    """Join neighbouring pieces that the same instruments may cover; they share what stands by largest remainder."""
    parts: list[Piece] = []
    keys: list[Any] = []
    for piece in line.pieces:
        own = piece.own if piece.own not in (None, "window") else None
        able = [i for i in inv.instruments if i.left > 0 and inv.floored(i.left * i.rate) > 0]
        key = own, [i.id for i in able if i.id == own or (own is None and may_cover(i, line, piece))]
        if keys and keys[-1] == key:
            last = parts[-1]
            last.end, last.left = piece.end, last.left + piece.left
            last.value, last.exact = last.value + piece.value, last.exact + piece.exact
        else:
            parts.append(Piece(piece.start, piece.end, piece.value, own, exact=piece.exact, left=piece.left))
            keys.append(key)
    for piece, left in zip(parts, share(line.left, [p.left for p in parts], inv.minor), strict=True):
        piece.left = left
    return parts


def cover(inv: Invoice, lines: list[Line]) -> list[Line]:
    """Cover lines: units priced by a commit from it, then the rest by the order of instruments."""
    made = []
    for line in lines:
        line.stood = line.left
        line.pieces = parts_to_cover(inv, line)
    for line in lines:
        for inst in inv.instruments:
            made += draw(inv, inst, line, [p for p in line.pieces if p.own == inst.id])
    for line in lines:
        for inst in inv.instruments:
            fit = [p for p in line.pieces if p.own in (None, "window") and may_cover(inst, line, p)]
            made += draw(inv, inst, line, fit)
    merged: dict[tuple[int, str | None], Line] = {}
    for part in made:
        key = id(part.of), part.instrument
        if key in merged:
            merged[key].amount += part.amount
        else:
            merged[key] = part
    places = {id(line): n for n, line in enumerate(lines)}
    order = {inst.id: n for n, inst in enumerate(inv.instruments)}
    return sorted(merged.values(), key=lambda li: (places[id(li.of)], order[str(li.instrument)]))


def ends(inv: Invoice, inst: Instrument) -> bool:
    """Tell whether an instrument ends with or inside the full period."""
    return inst.end <= midnight(inv.span.full_end, inv.zone)


def shortfalls(inv: Invoice) -> list[Line]:
    """Charge what postpaid instruments that end are short of."""
    made = []
    for inst in inv.instruments:
        missing = inv.rounded(inst.left * inst.rate)
        wanted = inst.data["kind"] == "postpaid" and inst.data.get("true_up", True) and not inv.threshold
        if wanted and ends(inv, inst) and missing > 0 and inst.end > inv.start:
            for line in true_ups(inv, inst.data.get("scope"), str(inst.data.get("name") or inst.id), missing):
                line.instrument = inst.id
                made.append(line)
    return made


def settle(inv: Invoice) -> list[Body]:
    """Write down all balances; the rest of those that end is gone."""
    states = []
    for inst in inv.instruments:
        before, expired = inst.left + inst.drawn, ZERO
        if ends(inv, inst):
            expired, inst.left = inst.left, ZERO
        states.append({"id": inst.id, "before": before, "drawn": inst.drawn, "expired": expired, "after": inst.left})
        inst.drawn = ZERO
    return states


# -- answers


def taxed_at_purchase(inv: Invoice, inst: Instrument) -> bool:
    """Tell whether a prepaid instrument was taxed when it was bought: where all in its scope is taxed alike."""
    scope = inst.data.get("scope")
    known = {
        category_of(c) for c in inv.body["charges"] if in_scope({**scope, "dimensions": None} if scope else None, c)
    }
    return inst.data.get("tax_at", "purchase") == "purchase" and len(known) < 2


def taxed(inv: Invoice, lines: list[Line]) -> list[Body]:
    """Tax each category at each of its rates; what was taxed at purchase lowers the base."""
    prepaid = {i.id for i in inv.instruments if i.data["kind"] == "prepaid" and not taxed_at_purchase(inv, i)}
    taxes = []
    for tax in inv.body.get("taxes") or []:
        counted = [li for li in lines if li.category == tax["category"]]
        if counted:
            base = sum((li.amount for li in counted if li.kind != "drawdown" or li.instrument not in prepaid), ZERO)
            percent = number(tax["percent"])
            amount = inv.rounded(base * percent / 100)
            taxes.append({"category": tax["category"], "percent": percent, "base": base, "tax": amount})
    return taxes


def printed(line: Line, lines: list[Line]) -> Body:
    """Print a line."""
    pieces = line.pieces if line.of is None else []
    return {
        "kind": line.kind,
        "charge": line.key,
        "product": product_of(line.charges[0]) if line.key else None,
        "name": line.name,
        "row": line.row,
        "override": line.override,
        "multipliers": list(line.multipliers),
        "starts_at": line.start,
        "ends_at": line.end,
        "quantity": line.quantity,
        "measured": line.measured,
        "free": line.free,
        "list_exact": sum((p.value for p in pieces), ZERO) if pieces else line.amount,
        "exact": sum((p.exact for p in pieces), ZERO) if pieces else line.amount,
        "amount": line.amount,
        "tax_category": line.category,
        "discounts": line.discounts,
        "instrument": line.instrument,
        "of": next((i for i, other in enumerate(lines) if other is line.of), None),
    }


def rate_invoice(inv: Invoice, remaining: dict[int, Fraction]) -> Body:
    """Take one invoice through all steps."""
    rate_lines(inv)
    discount_percent(inv)
    round_lines(inv, inv.lines)
    note_spend(inv)
    extra = discount_fixed(inv, remaining)
    inv.lines += composites(inv)
    inv.lines += inv.missing
    if not inv.threshold:
        raise_to_minimums(inv)
    extra += cap(inv)
    extra += cover(inv, inv.lines)
    short = shortfalls(inv)
    extra += cover(inv, short)
    states = settle(inv)
    lines = inv.lines + short + extra
    taxes = taxed(inv, lines)
    net, tax = sum((li.amount for li in lines), ZERO), sum((t["tax"] for t in taxes), ZERO)
    period = {"start_date": inv.span.start, "end_date": inv.span.end - timedelta(days=1)}
    return {
        "period": period,
        "lines": [printed(line, lines) for line in lines],
        "instruments": states,
        "taxes": taxes,
        "net": net,
        "tax": tax,
        "total": net + tax,
    }


def rate(body: Body) -> Body:
    """Rate a quote's body; answers `invoices`, `net`, `tax`, `total`, `difference`, all numbers Fractions."""
    zone = ZoneInfo(body.get("time_zone") or "UTC")
    cycle = body.get("cycle")
    spans = [stated_span(body, zone)]
    if cycle:
        spans = list(cycle_spans(cycle, cycle.get("cadence") or "MONTHLY", date.fromisoformat(cycle["until"])))
    instruments = read_instruments(body, zone)
    fixed = [d for d in body.get("discounts") or [] if d.get("remaining") is not None]
    remaining = {id(d): number(d["remaining"]) for d in fixed}
    if cycle and spans:
        first = midnight(spans[0].start, zone).isoformat()
        body = {**body, "usage": [{"at": first, **item} for item in body.get("usage") or []]}
    invoices, taken = [], dict[int, Fraction]()
    for n, span in enumerate(spans):
        inv = Invoice(body, span, zone, instruments)
        inv.so_far, inv.taken = spans[: n + 1], taken
        invoices.append(rate_invoice(inv, remaining))
    sums = {name: sum((i[name] for i in invoices), ZERO) for name in ("net", "tax", "total")}
    return {"invoices": invoices, **sums, "difference": sums["net"] - number(body.get("booked"))}
