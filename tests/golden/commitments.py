"""Minimums: of a contract, of a charge, in each hour; and invoices inside a period."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from tests.golden import spans
from tests.golden.answers import Answer, Desk, Money
from tests.golden.members import Body, Members, Unknown, text
from tests.golden.offers import KEY, row, usage_charge
from tests.golden.uses import event, events

ONE = [{"unit_price": "1"}]
DECEMBER = {"start_date": "2026-12-01", "end_date": "2026-12-31"}
DAYS_OF_DECEMBER = 31


def true_up(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """What is missing to a commitment."""
    minimums = [{"amount": text(config.number("commitment"))}]
    answer = desk.ask([usage_charge(ONE)], events([usage.number("used")]), minimums=minimums)
    return {"true_up": answer.of_kind("true_up")}


def prorated(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """A commitment for a part of a period, beside a fee for the same part."""
    if "from" in config:
        return _coefficient(desk, config)
    charges = [usage_charge(ONE)]
    if "plan_amount_cents" in config:
        charges.append(spans.recurring("plan", desk.major(config.number("plan_amount_cents"))))
    spent = usage.numbers("charges_in_advance_cents", [])
    spent += [usage.number("charges_in_arrears_cents", 0)]
    charges += [
        {"key": f"charge-{number}", "kind": "one_time", "amount": text(desk.major(cents))}
        for number, cents in enumerate(spent)
        if cents
    ]
    minimums = [{"amount": text(desk.major(config.number("commitment_cents")))}]
    span = spans.served(int(config.number("days")), int(config.number("days_in_period")))
    answer = desk.ask(charges, minimums=minimums, **span)
    alone = desk.ask([usage_charge(ONE)], minimums=minimums, **span)
    return {"true_up": answer.of_kind("true_up"), "commitment": alone.amount}


def _coefficient(desk: Desk, config: Members) -> Body:
    """The part of a period that is left on a day."""
    first, last = spans.day_of(config.take("from")), config.take("to", None)
    span = spans.given(config)
    service = spans.dates(first, spans.day_of(last or span["end_date"]))
    answer = desk.ask([spans.recurring("fee", Fraction(1))], period=span, service=service)
    return {"coefficient": answer.amount.exact}


def of_charge(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """One minimum for a charge, whatever dimension values it was used by."""
    minimum = text(desk.major(config.number("min_amount_cents")))
    taxes = [{"category": "S", "percent": text(config.number("tax_pct"))}] if "tax_pct" in config else []
    charge, used = _dimensions(desk, config, usage)
    span = spans.served(int(config.number("days")), int(config.number("days_in_period")))
    served = span["service"] if "service" in span else span["period"]
    dated = [{**one, "at": served["start_date"]} for one in used]
    answer = desk.ask([{**charge, "minimum": minimum}], dated, taxes=taxes, **span)
    return {
        "true_up": answer.of_kind("true_up"),
        "invoice_fees": Money(answer.net, answer.net),
        "invoice_tax": Money(answer.tax, answer.tax),
    }


def _dimensions(desk: Desk, config: Members, usage: Members) -> tuple[Body, list[Body]]:
    """A price for each dimension value, and as many units as were paid for."""
    if "dimension_prices" not in config:
        return usage_charge(ONE), events([desk.major(usage.number("used_cents"))])
    prices = {name: Fraction(price) for name, price in config.take("dimension_prices").items()}
    spent = {name: desk.major(Fraction(cents)) for name, cents in usage.take("used_cents").items()}
    rows = [row("PER_UNIT", match={"place": name}, unit_price=text(price)) for name, price in prices.items()]
    used = []
    for name, amount in spent.items():
        if amount and not prices[name]:
            raise Unknown(f"{name} costs nothing")
        used.append(event(amount / prices[name] if amount else Fraction(1), dimensions={"place": name}))
    return usage_charge(rows, metric={"dimensions": ["place"]}), used


def in_units(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """A minimum in a pricing unit that has a price."""
    rate = config.number("conversion_rate")
    minimum = text(config.number("min_amount_units_cents") / 100)
    charge = usage_charge(ONE, pricing_unit="token", minimum=minimum)
    used = events([usage.number("used_cents_units") / 100])
    answer = desk.ask([charge], used, pricing_units=[{"key": "token", "rate": text(rate)}])
    missing = answer.of_kind("true_up")
    return {"true_up": missing, "true_up_units": missing.exact / rate * 100}


class Window(NamedTuple):
    """A time of day with its price and what is committed in each of its hours."""

    name: str
    first: int
    last: int
    price: Fraction
    commitment: Body | None

    def charge(self, times: int = 1) -> Body:
        """The charge of its hours; what exceeds the commitment may cost some times as much."""
        if self.commitment is None:
            return usage_charge([row("PER_UNIT", unit_price=text(self.price))], self.name)
        over = self.price * self.commitment["factor"] * times
        if self.commitment["true_up"]:
            inside = {self.commitment["type"]: text(self.commitment["value"]), "unit_price": text(self.price)}
            committed = {"window": "hour", "windows": "used", **inside}
            return usage_charge([row("PER_UNIT", unit_price=text(over))], self.name, windowed_commitment=committed)
        # What need not be reached is no more than a cheaper tier of each hour.
        return usage_charge([row("GRADUATED", tiers=self._tiers(over))], self.name, **_by_hour())

    def _tiers(self, over: Fraction) -> list[Body]:
        assert self.commitment is not None
        value = self.commitment["value"]
        end = value if self.commitment["type"] == "quantity" else value / self.price
        inside = [{"up_to": text(end), "unit_price": text(self.price)}] if end else []
        return [*inside, {"up_to": None, "unit_price": text(over)}]

    def event(self, hour: int, quantity: Fraction) -> Body:
        """What was used in an hour."""
        return event(quantity, self.name, {"hour": str(hour)}, minute=60 * hour)


def _by_hour() -> Body:
    return {"metric": {"dimensions": ["hour"]}, "tier_by": ["hour"]}


def windowed(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """A commitment in each hour that was used, beyond which units cost more."""
    windows = [_window("base", 0, 24, config)]
    if "time_of_day" in config:
        for part in config.children("time_of_day"):
            first, last = (int(part.take(name)[:2]) for name in ("from", "to"))
            windows.insert(0, _window(f"from-{first}", first, last, part))
    used = list(_used(usage, windows))

    def asked(times: int = 1) -> Answer:
        charges = [window.charge(times) for window in windows]
        known = {charge["key"] for charge in charges if "tier_by" in charge}
        plain = [one if one["charge"] in known else _undimensioned(one) for one in used]
        return desk.ask(charges, plain)

    answer = asked()
    usage_part = answer.of_kind("usage")
    overage = asked(times=2).of_kind("usage").less(usage_part)
    return {
        "amount": answer.amount,
        "true_up": answer.of_kind("true_up"),
        "utilized": usage_part.less(overage),
        "overage": overage,
    }


def _undimensioned(one: Body) -> Body:
    return {name: value for name, value in one.items() if name != "dimensions"}


def _window(name: str, first: int, last: int, config: Members) -> Window:
    price, commitment = config.number("unit"), config.take("commitment", None)
    if commitment is None:
        return Window(name, first, last, price, None)
    inner = config.inside(commitment, f"{config.path}.commitment")
    inner.expect("window", "hour")
    found = {
        "type": inner.word("type", {"amount": "amount", "quantity": "quantity"}),
        "value": inner.number("value"),
        "factor": inner.number("overage_factor", 1),
        "true_up": inner.take("true_up", False),
    }
    return Window(name, first, last, price, found)


def _used(usage: Members, windows: list[Window]) -> Iterable[Body]:
    for hour, value in enumerate(usage.take("windows")):
        if isinstance(value, dict):
            one = usage.inside(value, f"{usage.path}.windows[{hour}]")
            hour, quantity = int(one.take("at")[:2]), one.number("qty")
        else:
            quantity = Fraction(value)
        window = next(window for window in windows if window.first <= hour % 24 < window.last)
        yield window.event(hour, quantity)


def thresholds(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Usage is billed when it passes a threshold; the period's invoice bills the whole less that.

    Days are counted from the first of a month of 31; a contract that ends serves its last day.
    """
    price = row("PER_UNIT", unit_price=text(config.number("unit")))
    plan = spans.recurring("plan", desk.major(config.number("plan_amount_cents")))
    left = [desk.major(cents) for cents in config.numbers("thresholds_cents")]
    service = {}
    if "terminate_day" in config:
        last = spans.first_of(DECEMBER) + int(config.number("terminate_day")) * spans.DAY
        service["service"] = spans.dates(spans.first_of(DECEMBER), last)
    used: list[Body] = []
    invoiced: list[Money] = []
    booked = Fraction(0)
    for number, one in enumerate(usage.children("events")):
        at = spans.first_of(DECEMBER) + int(one.number("day")) * spans.DAY
        units = text(one.number("units"))
        used.append({"charge": KEY, "quantity": units, "at": at.isoformat(), "id": f"event-{number}"})
        so_far = desk.ask([usage_charge([price])], used, period=DECEMBER, kind="THRESHOLD", booked=text(booked))
        if left and so_far.net >= left[0]:
            left = [threshold for threshold in left if threshold > so_far.net]
            invoiced.append(Money(so_far.difference, so_far.difference))
            booked = so_far.net
    final = desk.ask([plan, usage_charge([price])], used, period=DECEMBER, booked=text(booked), **service)
    return {
        "threshold_invoice": invoiced,
        "final_fees": Money(final.net, final.net),
        "progressive_credit": Money(booked, booked),
        "final_total": Money(final.difference, final.difference),
    }
