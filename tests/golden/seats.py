"""Units that stay from period to period: each counts from its day on, at the price of all of them together."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from tests.golden import spans, tables
from tests.golden.answers import Desk, Money
from tests.golden.measures import AGGREGATIONS, free
from tests.golden.members import Body, Members, Unknown, text
from tests.golden.offers import KEY, row, usage_charge

CEILED = "ceil to 5 decimals"


def added(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """More seats in the middle of a period that is paid."""
    price = desk.major(config.number("price_per_seat_cents"))
    before, after = config.number("old_seats"), config.number("new_seats")
    left, days = spans.share(Fraction(config.take("factor")))
    period = spans.period(days)
    paid = desk.ask([spans.recurring("seats", price, quantity=text(before))], period=period)
    quantities = spans.from_day(spans.end_of(period, left), after, before=before)
    answer = desk.ask([spans.recurring("seats", price, **quantities)], period=period, booked=text(paid.net))
    return {"amount": Money(answer.difference, answer.difference)}


def weighted(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Units by the days that they were there; what comes out is rounded up at the fifth place."""
    config.expect("recurring", True)
    config.expect("rounding", CEILED)
    known = {"unique_count": AGGREGATIONS["unique_count"], "sum": AGGREGATIONS["sum"]}
    if config.word("aggregation", known) == "SUM":
        days = int(config.number("period_days"))
        changes = [(days + 1, usage.number("carried_units"))]
        changes += [(int(one.number("days_left")), one.number("units")) for one in usage.children("events")]
    else:
        days, active = int(usage.number("days_in_period")), int(usage.number("days_active"))
        changes = [(days + 1, usage.number("full_units")), (active, Fraction(1))]
    period = spans.period(days)
    charge = free(aggregation="TIME_WEIGHTED", rounding="up", digits=5)
    used = [_event(period, left, units, number) for number, (left, units) in enumerate(changes)]
    return {"units": desk.ask([charge], used, period=period).quantity()}


def _event(period: Body, left: int, units: Fraction, number: int) -> Body:
    day = spans.end_of(period, left).isoformat()
    return {"charge": KEY, "quantity": text(units), "at": day, "id": f"change-{number}"}


class Step(NamedTuple):
    """A change of a level, and the part of the period that was left then."""

    units: Fraction
    left: Fraction
    unsure: Fraction


def tiered(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Tiers are entered by the level, prices are by its days, and flat fees by the highest level, in full."""
    config.expect("prorated", True)
    config.expect("flat_for_max_level_reached", True)
    config.expect("tier_chosen_by", "full_units")
    rows = tables.opened(tables.tiers_of(config))
    steps = _steps(usage)
    days = _days(steps)
    period = spans.period(days)
    levels, reached = [], Fraction(0)
    for step in steps:
        reached += step.units
        levels.append((spans.end_of(period, round(step.left * days)), reached))
    seats = {
        "key": "seats",
        "kind": "recurring",
        "prices": [row(model.upper(), tiers=tables.without_flats(rows))],
        "quantity": "0",
        "quantities": [{"date": day.isoformat(), "quantity": text(level)} for day, level in dict(levels).items()],
    }
    flats = usage_charge(
        [row(model.upper(), tiers=tables.flats_alone(rows))], metric={"aggregation": "MAX"}, flat_at_zero=True
    )
    used = [
        {"charge": KEY, "quantity": text(level), "at": day.isoformat(), "id": f"level-{number}"}
        for number, (day, level) in enumerate(levels)
    ]
    answer = desk.ask([seats, flats], used, period=period)
    return {
        "amount": desk.round(answer.amount.exact),
        "unit_total": answer.of_charge("seats"),
        "tier_index": lambda: tables.place(rows, answer.steps(KEY)[-1]),
    }


def _steps(usage: Members) -> list[Step]:
    if "full_units" in usage:
        full, prorated = usage.number("full_units"), usage.number("prorated_units")
        return [Step(full, prorated / full, Fraction(0))]
    found = []
    for one in usage.children("events"):
        units, prorated = one.number("units"), one.take("prorated_units")
        decimals = len(prorated.partition(".")[2])
        # Few digits are what it is, more are what was left of it when it was printed.
        unsure = Fraction(1, 2 * 10**decimals) if decimals > 1 else Fraction(0)
        found.append(Step(units, Fraction(prorated) / units, unsure / abs(units)))
    if any(later.left > earlier.left for earlier, later in zip(found, found[1:], strict=False)):
        found.sort(key=lambda step: step.left, reverse=True)
    return found


def _days(steps: list[Step]) -> int:
    """The shortest period in which each change lies on a day."""
    for days in range(10, spans.LONGEST):
        if all(abs(step.left * days - round(step.left * days)) <= step.unsure * days for step in steps):
            return days
    raise Unknown("no period has these parts")
