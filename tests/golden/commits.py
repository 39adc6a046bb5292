"""Worked examples about commits and credits, whose prose was read by hand."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tests.golden import spans
from tests.golden.answers import Answer, Desk
from tests.golden.members import Body
from tests.golden.offers import KEY, row, usage_charge

Pairs = list[tuple[Any, Any]]
YEAR = {"start_date": "2026-01-01", "end_date": "2026-12-31"}
JANUARY = {"start_date": "2026-01-01", "end_date": "2026-01-31"}
MARCH = {"start_date": "2026-03-01", "end_date": "2026-03-31"}
MILLIONS = {"divisor": "1000000"}


def plain(key: str = KEY, price: str = "1", **members: Any) -> Body:
    """A charge at one price."""
    return usage_charge([row("PER_UNIT", unit_price=price)], key, **members)


def used(quantity: str, at: str = "2026-11-01", charge: str = KEY) -> Body:
    """One event."""
    return {"charge": charge, "quantity": quantity, "at": at, "id": f"{charge}-{at}"}


def instrument(key: str, kind: str, balance: str, **members: Any) -> Body:
    """A commit or credit."""
    return {"id": key, "kind": kind, "balance": balance, **members}


def monthly(amounts: dict[str, str], months: range) -> list[Body]:
    """The same amounts in each month."""
    return [used(amount, f"2026-{month:02}-05", charge) for month in months for charge, amount in amounts.items()]


def drawn(answer: Answer) -> list[Fraction]:
    """What covers lines, line by line."""
    return [line.money.printed for line in answer.lines if line.kind == "drawdown"]


def split(desk: Desk) -> Pairs:
    """M02."""
    answer = desk.ask([plain()], [used("10")], instruments=[instrument("prepaid", "prepaid", "4")])
    return [([-4], drawn(answer)), (6, answer.net), (10, answer.of_charge(KEY).printed)]


def missing(desk: Desk) -> Pairs:
    """M04."""
    commit = instrument("commit", "postpaid", "10000", ends_on="2026-12-31")
    answer = desk.ask([plain()], [used("9000", "2026-06-01")], period=YEAR, instruments=[commit])
    return [(1000, answer.of_kind("true_up").printed), (10000, answer.net)]


def two_invoices(desk: Desk) -> Pairs:
    """M05."""
    parts = [("2026-10-01", "4000"), ("2026-11-01", "6000")]
    bought = [
        {"key": f"part-{number}", "kind": "one_time", "date": day, "amount": amount}
        for number, (day, amount) in enumerate(parts)
    ]
    access = instrument("access", "prepaid", "10000", scope={"kinds": ["usage"]})
    cycle = {"start_date": "2026-10-01", "end_date": "2026-11-30", "until": "2026-11-30"}
    answer = desk.ask([*bought, plain()], [used("9000", "2026-10-10")], cycle=cycle, instruments=[access])
    return [([4000, 6000], [Fraction(invoice["net"]) for invoice in answer.invoices]), ([-9000], drawn(answer))]


def missing_after_a_year(desk: Desk) -> Pairs:
    """M06."""
    commit = instrument("commit", "postpaid", "10000", ends_on="2026-12-31")
    cycle = {**YEAR, "until": "2026-12-31"}
    events = monthly({"compute": "700", "storage": "100"}, range(1, 13))
    answer = desk.ask([plain("compute"), plain("storage")], events, cycle=cycle, instruments=[commit])
    nets = [Fraction(invoice["net"]) for invoice in answer.invoices]
    true_up = answer.of_kind("true_up").printed
    return [([800] * 11, nets[:11]), (1200, nets[11]), (400, true_up), (9600, answer.net - true_up)]


def cheaper_on_commit(desk: Desk) -> Pairs:
    """M08."""
    prices = [{"charge": "compute", "multiplier": "0.8"}, {"charge": "storage", "multiplier": "0.8"}]
    commit = instrument("commit", "prepaid", "10000", prices=prices)
    events = [used("1000", charge="compute"), used("250", charge="storage")]
    answer = desk.ask([plain("compute"), plain("storage", "0.5")], events, instruments=[commit])
    own = [answer.of_charge(key).printed for key in ("compute", "storage")]
    return [
        ([800, 100], own),
        ([-800, -100], drawn(answer)),
        (0, answer.net),
        (9100, answer.instrument("commit", "after")),
    ]


def expires(desk: Desk) -> Pairs:
    """M09."""
    commit = instrument("commit", "prepaid", "9100", ends_on="2026-12-31")
    cycle = {"start_date": "2026-02-01", "end_date": "2026-12-31", "until": "2026-12-31"}
    answer = desk.ask([plain()], monthly({KEY: "700"}, range(2, 13)), cycle=cycle, instruments=[commit])
    return [
        (0, answer.net),
        (11, len(answer.invoices)),
        (1400, answer.instrument("commit", "expired")),
        (0, Fraction(answer.invoices[-1]["instruments"][0]["after"])),
    ]


def credit_of_a_month(desk: Desk) -> Pairs:
    """M13."""
    credit = instrument("credit", "credit", "100", starts_on="2026-09-01", ends_on="2026-09-30")
    period = {"start_date": "2026-09-01", "end_date": "2026-09-30"}
    answer = desk.ask([plain()], [used("63", "2026-09-10")], period=period, instruments=[credit])
    states = [answer.instrument("credit", name) for name in ("before", "drawn", "expired", "after")]
    return [([100, 63, 37, 0], states)]


def rolled_over(desk: Desk) -> Pairs:
    """M14: what rolled is drawn first. (How much rolls is settled at the renewal.)"""
    rolled = instrument("old", "prepaid", "10000", original="100000", rolled_over=True, scope={"charges": [KEY]})
    fresh = instrument("new", "prepaid", "200000")
    answer = desk.ask([plain()], [used("15000")], instruments=[fresh, rolled])
    return [([10000, 5000], [answer.instrument(key, "drawn") for key in ("old", "new")])]


def recharge(desk: Desk) -> Pairs:
    """M17."""
    charge = {"key": "credits", "kind": "one_time", "unit_price": "1", "quantity": "100", "pricing_unit": "ai"}
    units = [{"key": "ai", "rate": "0.5"}]
    answer = desk.ask([charge], pricing_units=units, discounts=[{"id": "d", "percent": "10"}])
    access = instrument("access", "prepaid", "100", invoiced="45", pricing_unit="ai")
    covered = desk.ask([plain(pricing_unit="ai")], [used("100")], pricing_units=units, instruments=[access])
    listed = answer.charged[0].number("list_exact")
    return [(50, listed), (45, answer.net), (0, covered.net), (100, covered.instrument("access", "drawn"))]


def cost_basis(desk: Desk) -> Pairs:
    """M19."""
    access = instrument("access", "prepaid", "10000", invoiced="8000", original="10000", scope={"kinds": ["usage"]})
    bought = {"key": "bought", "kind": "one_time", "amount": "8000"}
    answer = desk.ask([bought, plain()], [used("1000")], instruments=[access])
    own = [answer.of_charge(key).printed for key in ("bought", KEY)]
    return [([8000, 1000], own), (8000, answer.net), (9000, answer.instrument("access", "after"))]


def factor_on_commit(desk: Desk) -> Pairs:
    """M20: 2M of each; the commit pays all output and half of the input."""
    charges = [plain("in", "0.95", metric=MILLIONS), plain("out", "1.90", metric=MILLIONS)]
    events = [used("2000000", charge="in"), used("2000000", charge="out")]
    prices = [{"charge": "in", "unit_price": "0.80"}, {"charge": "out", "unit_price": "1.60"}]
    commit = instrument("A", "prepaid", "4.00", prices=prices)
    answer = desk.ask(charges, events, instruments=[commit])
    after = desk.ask(charges, events)
    return [
        ([Fraction("1.75"), Fraction("3.2")], [answer.of_charge(key).printed for key in ("in", "out")]),
        (Fraction("0.95"), answer.net),
        ([Fraction("1.9"), Fraction("3.8")], [after.of_charge(key).printed for key in ("in", "out")]),
    ]


def price_on_any_commit(desk: Desk) -> Pairs:
    """M21: 20M of each, of which commits pay 10M."""
    charges = [plain("in", "1", metric=MILLIONS), plain("out", "2", metric=MILLIONS)]
    events = [used("20000000", charge="in"), used("20000000", charge="out")]
    commits = [
        instrument(
            f"for-{key}",
            "prepaid",
            balance,
            scope={"charges": [key]},
            prices=[{"charge": key, "unit_price": price}],
        )
        for key, balance, price in (("in", "7.50", "0.75"), ("out", "8.89", "0.889"))
    ]
    answer = desk.ask(charges, events, instruments=commits)
    own = [answer.of_charge(key).printed for key in ("in", "out")]
    return [([Fraction("17.5"), Fraction("28.89")], own), (30, answer.net)]


def latest(*prices: tuple[str, str | None]) -> Body:
    """A charge for the latest value, at prices from days on, whose cuts bill what it grew by."""
    rows = [row("PER_UNIT", unit_price=price, **({} if day is None else {"starts_on": day})) for price, day in prices]
    return usage_charge(rows, metric={"aggregation": "LATEST"}, cut="increments")


def growth_alone(desk: Desk) -> Pairs:
    """M24."""
    commit = instrument("commit", "prepaid", "100", starts_on="2026-11-02")
    events = [used("7", "2026-11-01"), used("9", "2026-11-02")]
    answer = desk.ask([latest(("1", None))], events, instruments=[commit])
    return [(2, answer.instrument("commit", "drawn")), (7, answer.net)]


def falls_after_credit(desk: Desk) -> Pairs:
    """M27."""
    events = [used("40", "2026-03-01"), used("30", "2026-03-20")]
    charge = latest(("3", None), ("4", "2026-03-15"))
    credit = instrument("credit", "credit", "100")
    answer = desk.ask([charge], events, period=MARCH, instruments=[credit])
    return [(100, answer.instrument("credit", "drawn")), (-20, answer.net)]


def grows_under_credit(desk: Desk) -> Pairs:
    """M28."""
    events = [used("40", "2026-03-01"), used("120", "2026-03-20")]
    charge = latest(("3", None), ("4", "2026-03-15"))
    credit = instrument("credit", "credit", "100", starts_on="2026-03-17")
    answer = desk.ask([charge], events, period=MARCH, instruments=[credit])
    return [([120, 320], [line.money.printed for line in answer.charged]), (340, answer.net)]


def upgraded(desk: Desk) -> Pairs:
    """M32: a third of a month of thirty days."""
    service = {"start_date": "2026-01-21", "end_date": "2026-01-31"}
    access = desk.ask([spans.recurring("access", Fraction(30))], period=JANUARY, service=service, day_count="30").net
    invoice = desk.ask([spans.recurring("invoice", Fraction(20))], period=JANUARY, service=service, day_count="30").net
    old = instrument("old", "credit", "2", rolled_over=True)
    new = instrument("new", "prepaid", "10", starts_on="2026-01-21")
    answer = desk.ask([plain()], [used("3", "2026-01-25")], period=JANUARY, instruments=[new, old])
    shares = [answer.instrument(key, "drawn") for key in ("old", "new")]
    return [(10, access), (Fraction("0.67"), round(invoice / access, 2)), ([2, 1], shares)]


def blocks_of_credits(desk: Desk) -> Pairs:
    """O05: what ends sooner first, then what cost nothing."""
    bought = {"key": "block", "kind": "one_time", "unit_price": "0.20", "quantity": "100"}
    later = instrument("later", "prepaid", "100", invoiced="20", ends_on="2027-03-31")
    sooner = instrument("sooner", "prepaid", "100", invoiced="20", ends_on="2027-01-31", starts_on="2026-11-01")
    answer = desk.ask([plain()], [used("120")], instruments=[later, sooner])
    shares = [answer.instrument(key, "drawn") for key in ("sooner", "later")]
    return [(20, desk.ask([bought]).net), ([100, 20], shares)]


EXAMPLES: dict[str, Callable[[Desk], Pairs]] = {
    "M02": split,
    "M04": missing,
    "M05": two_invoices,
    "M06": missing_after_a_year,
    "M08": cheaper_on_commit,
    "M09": expires,
    "M13": credit_of_a_month,
    "M14": rolled_over,
    "M17": recharge,
    "M19": cost_basis,
    "M20": factor_on_commit,
    "M21": price_on_any_commit,
    "M24": growth_alone,
    "M27": falls_after_credit,
    "M28": grows_under_credit,
    "M32": upgraded,
    "O05": blocks_of_credits,
}
