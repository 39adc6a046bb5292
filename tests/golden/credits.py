"""Credits, wallets and grants: what covers an invoice, in which order."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from tests.golden import spans
from tests.golden.answers import Answer, Desk, Line, Money
from tests.golden.members import Body, Members, rounded, text
from tests.golden.offers import KEY, offer_of, usage_charge
from tests.golden.uses import event, use_of

ONE = [{"unit_price": "1"}]
KINDS = {"charge": "usage", "subscription": "recurring", "add_on": "one_time"}
PLACES = 18


def counted(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Units that were given back are units that cost nothing."""
    config.expect("aggregation", "count")
    charge = usage_charge(
        [{"unit_price": text(config.number("unit"))}],
        metric={"aggregation": "COUNT"},
        free_units=text(usage.number("credited")),
    )
    used = [event(Fraction(1), minute=minute) for minute in range(int(usage.number("consumed")))]
    answer = desk.ask([charge], used)
    return {"billable_units": answer.quantity(), "amount": answer.amount}


def covered(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Credits on usage, and on what is missing to a minimum."""
    balances = config.numbers("credits")
    more = {"minimums": [{"amount": text(config.number("minimum_spend"))}]} if "minimum_spend" in config else {}
    credits = [
        {"id": f"credit-{number}", "kind": "credit", "balance": text(balance)}
        for number, balance in enumerate(balances)
    ]
    offer = offer_of(model, config)
    answer = desk.ask(offer.charges, use_of(usage, offer).events, instruments=credits, **more)
    drawn = answer.of_kind("drawdown").negative
    return {
        "amount": answer.amount.less(drawn.negative),
        "credits": drawn,
        "due": answer.amount,
        "lines": lambda: [shown for index, line in enumerate(answer.lines) for shown in _covered(answer, index, line)],
    }


def _covered(answer: Answer, index: int, line: Line) -> list[str]:
    """The steps of a line, each with what covers it: the first step first."""
    if line.kind == "drawdown":
        return []
    left = answer.lowered(index, "drawdown").printed
    amounts = [Fraction(step["amount"]) for step in line.steps] or [line.money.printed]
    told = []
    for amount in amounts:
        taken = min(amount, left)
        left -= taken
        if amount:
            told.append(f"{text(amount)}/{text(taken)}")
    return told


def wallets(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Wallets on fees: by their priority, then as they were made, which here are priorities of their own."""
    fees = {name: desk.major(Fraction(cents)) for name, cents in usage.take("fees_cents").items()}
    kinds = {name: usage.inside({"kind": name}, "fees_cents").word("kind", KINDS) for name in fees}
    charges = [_fee(name, kinds[name], amount) for name, amount in fees.items()]
    used = [event(amount, name) for name, amount in fees.items() if kinds[name] == "usage"]
    found = [_wallet(desk, one) for one in config.children("wallets")]
    found.sort(key=lambda one: Fraction(one["priority"]))
    ranked = [{**one, "priority": rank} for rank, one in enumerate(found)]
    answer = desk.ask(charges, used, instruments=ranked)
    drawn = {one["id"]: answer.instrument(one["id"], "drawn") / desk.unit for one in found}
    return {"applied": {name: amount for name, amount in drawn.items() if amount}}


def _fee(name: str, kind: str, amount: Fraction) -> Body:
    if kind == "usage":
        return usage_charge(ONE, name)
    return {"key": name, "kind": kind, ("amount" if kind == "one_time" else "unit_price"): text(amount)}


def _wallet(desk: Desk, one: Members) -> Body:
    wallet = {"id": one.take("id"), "kind": "credit", "balance": text(desk.major(one.number("cents")))}
    if "fee_types" in one:
        wallet["scope"] = {"kinds": [KINDS[name] for name in one.take("fee_types")]}
    if "targets" in one:
        wallet["scope"] = {"charges": one.take("targets")}
    return {**wallet, "priority": one.number("priority", 0)}


def targeted(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """A wallet for one metric of many, whose fees are rounded one by one."""
    fees = [desk.major(cents) for cents in usage.numbers("fees_cents_precise")]
    keys = [f"metric-{number}" for number in range(1, len(fees) + 1)]
    found = [{**_wallet(desk, one), "priority": rank} for rank, one in enumerate(config.children("wallets"))]
    used = [event(amount, key) for key, amount in zip(keys, fees, strict=True)]
    answer = desk.ask([usage_charge(ONE, key) for key in keys], used, instruments=found)
    drawn = answer.of_kind("drawdown").negative
    assert answer.net + drawn.printed == desk.major(usage.number("invoice_total_cents"))
    return {"applied_total": drawn.printed / desk.unit}


def topped_up(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Credits that are bought: the amount is rounded once, and buys what it pays for."""
    rate = config.number("credit_rate")
    paid = text(rounded(usage.number("paid_credits"), PLACES))
    charge = {"key": "top-up", "kind": "one_time", "unit_price": "1", "quantity": paid, "pricing_unit": "credit"}
    answer = desk.ask([charge], pricing_units=[{"key": "credit", "rate": text(rate)}])
    return {"credits": answer.net / rate, "invoice_total": Money(answer.total, answer.total)}


def grants(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Grants over time: each serves from its start to its end; one that recurs is a new one each time."""
    first, until = config.take("from"), spans.instant_of(config.take("until"))
    start = config.child("start")
    last = (until - timedelta(microseconds=1)).date()
    found: dict[str, list[Body]] = {}
    for one in config.children("grants"):
        key = one.take("id")
        found[key] = _instruments(key, one, start.number(key, 0), spans.instant_of(first), until)
    start.done()
    used = [
        {"charge": KEY, "quantity": text(one.number("value")), "at": one.take("at"), "id": f"event-{number}"}
        for number, one in enumerate(usage.children("events"))
    ]
    instruments = [part for parts in found.values() for part in parts]
    answer = desk.ask([usage_charge(ONE)], used, instruments=instruments, period=spans.dates(spans.day_of(first), last))
    return {key: _left(answer, parts, until) for key, parts in found.items()} | {"overage": answer.amount}


def _instruments(key: str, one: Members, balance: Fraction, start: datetime, until: datetime) -> list[Body]:
    """A grant, or one for each time that it recurs before the end."""
    begins, ends = one.take("effective_at"), spans.instant_of(one.take("expires_at"))
    if "ended_at" in one:
        ends = min(ends, spans.instant_of(one.take("ended_at")))
    amount, priority = one.number("amount"), int(one.number("priority", 0))
    edges = [spans.instant_of(begins)]
    if "recurrence" in one:
        again = one.child("recurrence")
        step, at = timedelta(days=int(again.number("every_days"))), spans.instant_of(again.take("anchor"))
        while at < min(ends, until):
            edges.append(at)
            at += step
        ends = min(ends, at)
    spans_of = zip(edges, [*edges[1:], ends], strict=True)
    return [
        {
            "id": f"{key}-{number}",
            "kind": "credit",
            "balance": text(balance if not number and begin <= start else amount),
            "priority": priority,
            "starts_on": _instant(begin),
            "ends_on": _instant(end),
        }
        for number, (begin, end) in enumerate(spans_of)
    ]


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _left(answer: Answer, parts: list[Body], until: datetime) -> Fraction:
    """What the last of them still has, unless it ended before."""
    last = parts[-1]
    if spans.instant_of(last["ends_on"]) < until:
        return Fraction(0)
    return answer.instrument(last["id"], "before") - answer.instrument(last["id"], "drawn")
