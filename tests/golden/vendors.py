"""Worked examples of other systems' documentation, whose prose was read by hand: prices, periods, minimums.

Each gives pairs of what the example says and what our quote says. Where an example shows two modes of its
system, the one is asked that we have. ``commits`` has those about commits and credits.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from itertools import product
from typing import Any

from tests.golden import commits, spans
from tests.golden.answers import Answer, Desk
from tests.golden.members import Body
from tests.golden.offers import KEY, row, usage_charge

Pairs = list[tuple[Any, Any]]
TIERS = [("5", "5", "10"), ("10", "4", "20"), ("15", "3", "30"), ("20", "2", "40"), (None, "1", "50")]
HALVES = [("10000", "0.50", "0"), (None, "0.40", "0")]
JANUARY = {"start_date": "2026-01-01", "end_date": "2026-01-31"}


def tiers(table: list[tuple[str | None, str, str]]) -> list[Body]:
    """Tiers as a quote takes them."""
    return [{"up_to": end, "unit_price": price, "flat_fee": flat} for end, price, flat in table]


def used(quantity: str, at: str = "2026-11-01", charge: str = KEY, **more: Any) -> Body:
    """One event."""
    return {"charge": charge, "quantity": quantity, "at": at, "id": f"{charge}-{at}", **more}


def dates_of(answer: Answer) -> list[tuple[str, str]]:
    """The periods of all invoices."""
    return [(invoice["period"]["start_date"], invoice["period"]["end_date"]) for invoice in answer.invoices]


def two_modes_of_tiers(desk: Desk) -> Pairs:
    """S03."""

    def net(model: str, quantity: str) -> Fraction:
        charge = usage_charge([row(model, tiers=tiers(TIERS))], flat_at_zero=True)
        return desk.ask([charge], [used(quantity)] if quantity != "0" else []).net

    asked = [("VOLUME", "12", 66), ("GRADUATED", "12", 111), ("VOLUME", "0", 10), ("GRADUATED", "0", 10)]
    return [(wanted, net(model, quantity)) for model, quantity, wanted in asked]


def dearer_from_the_middle(desk: Desk) -> Pairs:
    """S04."""
    prices = [{"unit_price": "10"}, {"unit_price": "20", "starts_on": "2026-11-16"}]
    answer = desk.ask([{"key": "plan", "kind": "recurring", "prices": prices}], booked="10")
    kept, due = (line.money.printed for line in answer.charged)
    return [(-5, kept - 10), (10, due), (5, answer.difference)]


def there_and_back(desk: Desk) -> Pairs:
    """S05: a change that waits for the next period and is taken back changes nothing."""
    return [(0, desk.ask([spans.recurring("plan", Fraction(10))], booked="10").difference)]


def thresholds_in_tiers(desk: Desk) -> Pairs:
    """S07."""
    charge = usage_charge([row("GRADUATED", tiers=tiers(HALVES))])

    def billed(quantity: str, booked: str) -> Fraction:
        return desk.ask([charge], [used(quantity)], kind="THRESHOLD", booked=booked).difference

    return [(100, billed("200", "0")), (100, billed("400", "100")), (100, billed("10250", "5000"))]


def thresholds_in_volume(desk: Desk) -> Pairs:
    """S08."""
    charge = usage_charge([row("VOLUME", tiers=tiers(HALVES))])

    def billed(quantity: str, booked: str) -> Fraction:
        return desk.ask([charge], [used(quantity)], kind="THRESHOLD", booked=booked).difference

    return [
        (5000, billed("10000", "0")),
        (Fraction("-999.6"), billed("10001", "5000")),
        (5000, billed("25000", "5000")),
    ]


def dearer_calls(desk: Desk) -> Pairs:
    """S09."""
    prices = [row("PER_UNIT", unit_price="0.1"), row("PER_UNIT", unit_price="0.15", starts_on="2026-01-15")]
    events = [used("1000", "2026-01-05"), used("500", "2026-01-20")]
    answer = desk.ask([usage_charge(prices, metric={"divisor": "100"})], events, period=JANUARY)
    return [([1, Fraction("0.75")], [line.money.printed for line in answer.charged]), (Fraction("1.75"), answer.net)]


def backdated(desk: Desk) -> Pairs:
    """S10: one line, because no term changed."""
    charge = usage_charge([row("PACKAGE", package_size="10", package_price="10")])
    answer = desk.ask([charge], [used("100"), used("150", "2026-11-02")])
    return [([250], [line.number("quantity") for line in answer.charged]), (250, answer.net)]


def minimum_ahead(desk: Desk) -> Pairs:
    """T02."""
    charge = usage_charge([row("PER_UNIT", unit_price="1")], minimum="1000")
    return [(-200, desk.ask([charge], [used("800")], booked="1000").difference)]


def minimum_of_a_charge(desk: Desk) -> Pairs:
    """L02."""
    charge = usage_charge([row("PER_UNIT", unit_price="1")], minimum="100")
    half = {"start_date": "2026-11-16", "end_date": "2026-11-30"}
    late = [used("20", "2026-11-20")]
    return [
        (50, desk.ask([charge], [used("50")]).of_kind("true_up").printed),
        (30, desk.ask([charge], late, service=half).of_kind("true_up").printed),
    ]


def allowance_by_seat(desk: Desk) -> Pairs:
    """K01."""
    seats = spans.recurring("seats", Fraction(20), quantity="10")
    calls = usage_charge(
        [row("PER_UNIT", unit_price="0.02")], "calls", free_units_per={"charge": "seats", "units": "10000"}
    )
    storage = usage_charge(
        [row("PER_UNIT", unit_price="1")], "storage", free_units_per={"charge": "seats", "units": "5"}
    )
    charges = [seats, calls, storage]
    within = desk.ask(charges, [used("100000", charge="calls"), used("50", charge="storage")])
    beyond = desk.ask(charges, [used("100100", charge="calls"), used("53", charge="storage")])
    return [(200, within.net), (2, beyond.of_charge("calls").printed), (3, beyond.of_charge("storage").printed)]


def allowance(desk: Desk) -> Pairs:
    """K02."""
    charge = usage_charge([row("PER_UNIT", unit_price="0.02")], free_units="750000")
    answer = desk.ask([charge], [used("820000")])
    return [(70000, answer.quantity()), (1400, answer.net)]


def rates_by_dimensions(desk: Desk) -> Pairs:
    """M34: a price for each combination, and a line for each that was used."""
    sizes = {"cloud": 3, "zone": 4, "class": 3, "az": 2, "product": 3}
    every = [
        dict(zip(sizes, map(str, values), strict=True)) for values in product(*(range(size) for size in sizes.values()))
    ]
    prices = [row("PER_UNIT", match=values, unit_price="0.01") for values in every]
    events = [used("1", dimensions=values, source="-".join(values.values())) for values in every]
    answer = desk.ask([usage_charge(prices, metric={"dimensions": list(sizes)})], events)
    return [(216, len(answer.charged)), (Fraction("2.16"), answer.net)]


def whole_dollars(desk: Desk) -> Pairs:
    """M35."""
    service = {"start_date": "2026-11-21", "end_date": "2026-11-30"}
    return [(3, desk.ask([spans.recurring("plan", Fraction(10))], service=service).net)]


def end_of_month(desk: Desk) -> Pairs:
    """O03."""
    cycle = {"start_date": "2026-01-31", "end_date": None, "until": "2026-02-28"}
    return [("2026-02-28", dates_of(desk.ask([spans.recurring("plan", Fraction(1))], cycle=cycle))[1][0])]


def three_times_to_change(desk: Desk) -> Pairs:
    """O04: the old terms end with the day before, and their last period with them."""

    def periods(last: date) -> list[tuple[str, str]]:
        cycle = {"start_date": "2026-01-01", "end_date": last.isoformat(), "until": last.isoformat()}
        return dates_of(desk.ask([spans.recurring("plan", Fraction(1))], cycle=cycle))

    return [
        ([("2026-01-01", "2026-01-31")], periods(date(2026, 1, 31))),
        ([("2026-01-01", "2026-01-14")], periods(date(2026, 1, 14))),
        ([("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-14")], periods(date(2026, 2, 14))),
    ]


def steady(*prices: tuple[str, str | None]) -> list[Body]:
    """Prices for a unit, each from a day on."""
    rows = [row("PER_UNIT", unit_price=price, starts_on=day) for price, day in prices]
    return [{name: value for name, value in one.items() if value is not None} for one in rows]


def sums_by_hour(desk: Desk) -> Pairs:
    """M29: each event at the price of its time."""
    events = [used("5", "2026-11-01"), used("10", "2026-11-02"), used("15", "2026-11-03")]
    return [(300, desk.ask([usage_charge(steady(("10", None), ("20", "2026-11-15")))], events).net)]


def another_metric(desk: Desk) -> Pairs:
    """M30: each average grows by what its later events added."""
    metric = {"aggregation": "AVERAGE"}
    first = usage_charge(steady(("1", None), ("1.1", "2026-03-08")), "first", metric=metric, cut="increments")
    then = usage_charge(steady(("1", None), ("1.1", "2026-03-22")), "then", metric=metric, cut="increments")
    events = [used("4", "2026-03-01", "first"), used("6", "2026-03-08", "first")]
    events += [used("10", "2026-03-15", "then"), used("12", "2026-03-22", "then")]
    answer = desk.ask([first, then], events, period={"start_date": "2026-03-01", "end_date": "2026-03-31"})
    found = {(line.charge, line.raw["row"]): line.number("quantity") for line in answer.charged}
    return [([4, 1, 10, 1], [found[key] for key in (("first", 0), ("first", 1), ("then", 0), ("then", 1))])]


EXAMPLES: dict[str, Callable[[Desk], Pairs]] = {
    **commits.EXAMPLES,
    "S03": two_modes_of_tiers,
    "S04": dearer_from_the_middle,
    "S05": there_and_back,
    "S07": thresholds_in_tiers,
    "S08": thresholds_in_volume,
    "S09": dearer_calls,
    "S10": backdated,
    "T02": minimum_ahead,
    "L02": minimum_of_a_charge,
    "K01": allowance_by_seat,
    "K02": allowance,
    "M29": sums_by_hour,
    "M30": another_metric,
    "M34": rates_by_dimensions,
    "M35": whole_dollars,
    "O03": end_of_month,
    "O04": three_times_to_change,
}


def differences(example: str, desk: Desk) -> list[str]:
    """Say where an example and our quotes differ."""
    pairs = enumerate(EXAMPLES[example](desk))
    return [f"[{number}]: {wanted} expected, {found} found" for number, (wanted, found) in pairs if wanted != found]
