"""What is counted: aggregations, repeats, conversions and roundings of quantities."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.golden import spans, tables
from tests.golden.answers import Answer, Desk
from tests.golden.members import Body, Members, Unknown, text
from tests.golden.offers import KEY, ROUNDINGS, row, usage_charge
from tests.golden.uses import START, event, events

AGGREGATIONS = {
    "sum": "SUM", "count": "COUNT", "max": "MAX", "min": "MIN", "latest": "LATEST", "average": "AVERAGE",
    "avg": "AVERAGE", "unique_count": "UNIQUE", "unique": "UNIQUE", "weighted_sum": "TIME_WEIGHTED",
}  # fmt: skip
NAMES = ("id", "source", "transaction_id", "timestamp")


def free(**metric: Any) -> Body:
    """A charge that measures and costs nothing."""
    return usage_charge([row("PER_UNIT", unit_price="0")], metric=metric)


def aggregated(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Aggregate events that came one after the other, at a price for a unit if there is one.

    By what and by which minutes they are listed changes nothing of the whole.
    """
    aggregation = config.word("aggregation", AGGREGATIONS)
    for shown in ("property", "group_by", "window"):
        config.take(shown, None)
    price = row("PER_UNIT", unit_price=text(config.number("unit", 0)))
    used = []
    for minute, value in enumerate(usage.take("events")):
        one = usage.inside(value if isinstance(value, dict) else {"value": value}, f"events[{minute}]")
        names = {name: one.take(name) for name in ("id", "source") if name in one}
        (found,) = one.rest().values() or [1]
        counted = {"value": found, "quantity": "1"} if aggregation == "UNIQUE" else {}
        used.append({**event(Fraction(1 if counted else found), minute=minute), **names, **counted})
    answer = desk.ask([usage_charge([price], metric={"aggregation": aggregation})], used)
    return {"amount": answer.amount, "units": answer.quantity()}


def hourly(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """The largest of the hours' sums, at a price."""
    config.expect("metric", "rate")
    config.expect("inner", "sum per hour")
    metric = {
        "aggregation": "SUM",
        "window": "hour",
        "again": config.word("outer", {"max": "max", "average": "average"}),
    }
    prices = [row(model.upper(), tiers=tables.opened(tables.tiers_of(config)))]
    used = [event(total, minute=60 * hour) for hour, total in enumerate(usage.numbers("hour_sums"))]
    answer = desk.ask([usage_charge(prices, metric=metric)], used)
    return {"amount": answer.amount, "units": answer.quantity()}


def weighted(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """A level that events change, by how long it stood; the next period begins with what is left."""
    config.word("aggregation", {"weighted_sum": None})
    config.expect("recurring", True)
    first, end = map(spans.day_of, config.take("period"))
    levels = [_at(spans.instant_of(f"{first}T00:00:00Z") - timedelta(days=1), config.number("initial_level", 0), 0)]
    for number, one in enumerate(usage.children("events"), 1):
        levels.append(_at(spans.instant_of(one.take("at")), one.number("value"), number))
    price = row("PER_UNIT", unit_price=text(config.number("unit", 0)))
    charge = usage_charge([price], metric={"aggregation": "TIME_WEIGHTED"})
    answer = desk.ask([charge], levels, period=spans.dates(first, end - spans.DAY))

    def after() -> Fraction:
        return desk.ask([charge], levels, period=spans.period(1, end)).quantity()

    return {"amount": answer.amount, "units": answer.quantity(), "level_at_end": after}


def _at(at: datetime, quantity: Fraction, number: int) -> Body:
    moment = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {"charge": KEY, "quantity": text(quantity), "at": moment, "id": f"level-{number}"}


def repeated(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Events that came twice: their key is what they call their id, of the source that all else names."""
    config.expect("aggregation", "sum")
    config.take("window_days", None)  # here a key is kept for ever
    key = [name for name in config.take("dedup_key") if name not in NAMES]
    used = []
    for one in usage.children("events"):
        own = one.take("id") if "id" in one else one.take("transaction_id")
        source = [one.take("source", "")] + [one.take(name) for name in key if name in one]
        at = START + timedelta(seconds=int(one.number("timestamp", 0)))
        quantity = text(one.number("value"))
        moment = at.isoformat().replace("+00:00", "Z")
        used.append({"charge": KEY, "quantity": quantity, "at": moment, "id": own, "source": "/".join(source)})

    def asked(aggregation: str) -> Answer:
        return desk.ask([free(aggregation=aggregation)], used)

    return {"units": asked("SUM").quantity(), "accepted": lambda: asked("COUNT").quantity()}


def converted(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """A quantity in another unit, before and after its rounding."""
    factor = config.number("factor")
    metric = _factor(factor) if config.word("operation", {"multiply": True, "divide": False}) else _divisor(factor)
    rounding = config.word("rounding", ROUNDINGS)
    used = events([usage.number("quantity")])
    digits = config.take("precision", None) or 0
    exact = desk.ask([free(**metric)], used).quantity()
    answer = desk.ask([free(**metric, rounding=rounding, digits=digits)], used)
    return {"converted": exact, "invoiced_quantity": answer.quantity()}


def _divisor(number: Fraction) -> Body:
    return {"divisor": text(number)}


def _factor(number: Fraction) -> Body:
    """Multiplying is dividing by the inverse, where that ends."""
    try:
        return _divisor(1 / number)
    except Unknown:
        return {"multiplier": text(number)}


def rounding(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """A quantity that is rounded before it is priced."""
    metric = {"rounding": config.word("function", ROUNDINGS), "digits": config.take("precision", None) or 0}
    answer = desk.ask([free(**metric)], events([usage.number("quantity")]))
    return {"units": answer.quantity()}
