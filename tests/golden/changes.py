"""Terms that change inside a period: what is given back for the old ones and due for the new."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import NamedTuple

from tests.golden import spans
from tests.golden.answers import ZERO, Answer, Desk, Money, total_of
from tests.golden.members import Body, Members, text

ONE, NONE = Fraction(1), Fraction(0)


class Part(NamedTuple):
    """A fee: what one costs in a period, how many, and what comes off."""

    price: Fraction
    quantity: Fraction = ONE
    discount: Body | None = None


class Change(NamedTuple):
    """When fees end and others begin."""

    period: Body
    day: date

    def old(self, part: Part, key: str = "old") -> Body:
        """A fee that ends with the day before."""
        return spans.recurring(key, part.price, **spans.from_day(self.day, NONE, before=part.quantity))

    def new(self, part: Part, key: str = "new") -> Body:
        """A fee that begins with the day."""
        return spans.recurring(key, part.price, **spans.from_day(self.day, part.quantity))

    def both(self, old: Part, new: Part, key: str = "plan") -> Body:
        """A fee whose price changes on the day."""
        prices = [{"unit_price": text(old.price)}, {"unit_price": text(new.price), "starts_on": self.day.isoformat()}]
        quantities = spans.from_day(self.day, new.quantity, before=old.quantity)
        return {"key": key, "kind": "recurring", "prices": prices, **quantities}


def plan(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """One plan after another."""
    config.expect("strategy", "day", "second")
    change = _change(config)
    if any(name in config for name in ("matched", "added_cents", "removed_cents", "added_one_time_cents")):
        return _mixed(desk, config, change)
    signed = "cycle_reset" in config or "old_discount" in config
    restarts = config.take("cycle_reset", False)
    old, new = _part(desk, config, "old"), _part(desk, config, "new")
    found = _restarted(desk, change, old, new) if restarts else _changed(desk, change, old, new)
    # Two ways to write what is given back: as a debit's counterpart, or below zero.
    return found | {"debit": found["charge"], "credit": found["credit"].negative} if signed else found


def _change(config: Members) -> Change:
    if "factor" in config:
        left, days = spans.share(Fraction(config.take("factor")))
        period = spans.period(days)
        return Change(period, spans.end_of(period, left))
    if "period" not in config and "days_in_period" not in config:
        # What is due once has no days.
        return Change(spans.period(30), spans.end_of(spans.period(30), int(config.number("days_remaining"))))
    period = spans.given(config)
    if "change" in config:
        return Change(period, spans.day_of(config.take("change")))
    return Change(period, spans.end_of(period, int(config.number("days_remaining"))))


def _part(desk: Desk, config: Members, which: str) -> Part:
    price = desk.major(config.number(f"{which}_cents")) if f"{which}_cents" in config else config.number(which, 0)
    discount = config.take(f"{which}_discount", None)
    if discount is not None:
        kind, value = discount
        known = {"pct": {"percent": text(Fraction(value))}, "fixed": {"amount": text(desk.major(Fraction(value)))}}
        discount = config.inside({"kind": kind}, f"{which}_discount").word("kind", known)
    return Part(price, config.number(f"qty_{which}", 1), discount)


def _full(desk: Desk, change: Change, part: Part) -> Answer:
    """What was billed for the whole period before anybody knew."""
    charge = spans.recurring("old", part.price, quantity=text(part.quantity))
    return desk.ask([charge], period=change.period, discounts=_discounts(old=part))


def _discounts(**parts: Part) -> list[Body]:
    return [
        {"id": key, **part.discount, "scope": {"charges": [key]}}
        for key, part in parts.items()
        if part.discount is not None
    ]


def _changed(desk: Desk, change: Change, old: Part, new: Part) -> Body:
    """Rate the period with both, less the old fee that was billed in full."""
    paid = _full(desk, change, old).amount
    if old.discount or new.discount:
        return _separate(desk, change, old, new, paid)
    dated = old.price != new.price
    charges = [change.both(old, new)] if dated else [change.old(old), change.new(new)]
    answer = desk.ask(charges, period=change.period, booked=text(paid.printed))
    kept = _row(answer, 0) if dated else answer.of_charge("old")
    due = _row(answer, 1) if dated else answer.of_charge("new")
    return {"credit": kept.less(paid), "charge": due, "net": Money(answer.difference, answer.difference)}


def _separate(desk: Desk, change: Change, old: Part, new: Part, paid: Money) -> Body:
    """Two contracts, each with its discount: the old one is served until the day before the new one's first."""

    def served(part: Part, first: date, last: date) -> Money:
        if last < first:
            return ZERO
        charge = spans.recurring("fee", part.price, quantity=text(part.quantity))
        service = spans.dates(first, last)
        return desk.ask([charge], period=change.period, service=service, discounts=_discounts(fee=part)).amount

    kept = served(old, spans.first_of(change.period), change.day - spans.DAY)
    due = served(new, change.day, spans.day_of(change.period["end_date"]))
    return {"credit": kept.less(paid), "charge": due, "net": due.less(paid.less(kept))}


def _row(answer: Answer, row: int) -> Money:
    return total_of(line.money for line in answer.charged if line.raw["row"] == row)


def _restarted(desk: Desk, change: Change, old: Part, new: Part) -> Body:
    """The old fee ends; the new one begins a period of its own."""
    paid = _full(desk, change, old).amount
    given_back = _separate(desk, change, old, new, paid)["credit"]
    own = Change(spans.period(spans.days_of(change.period), change.day), change.day)
    due = _full(desk, own, new).amount
    return {"credit": given_back, "charge": due, "net": due.less(given_back.negative)}


def _mixed(desk: Desk, config: Members, change: Change) -> Body:
    """Fees that changed, were added and were taken away, at once; and what is due once, in full."""
    quantity = config.number("quantity", 1)
    olds, news = {}, {}
    if "matched" in config:
        matched = config.child("matched")
        olds["old"], news["new"] = (Part(desk.major(matched.number(f"{which}_cents"))) for which in ("old", "new"))
    for name, parts in (("added", news), ("removed", olds)):
        if f"{name}_cents" in config:
            parts[name] = Part(desk.major(config.number(f"{name}_cents")), quantity)
    charges = [change.old(part, key) for key, part in olds.items()]
    charges += [change.new(part, key) for key, part in news.items()]
    if "added_one_time_cents" in config:
        amount = desk.major(config.number("added_one_time_cents")) * quantity
        charges.append({"key": "once", "kind": "one_time", "amount": text(amount)})
    paid = total_of(_full(desk, change, part).amount for part in olds.values())
    answer = desk.ask(charges, period=change.period, booked=text(paid.printed))
    kept = total_of(answer.of_charge(key) for key in olds)
    due = total_of(answer.of_charge(key) for key in (*news, "once"))
    return {"credit": kept.less(paid), "charge": due, "net": Money(answer.difference, answer.difference)}


def capped(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Give back what is left of what was paid: earlier credits cover the line first."""
    config.take("amount", None)  # the price that the wanted credit was made of
    paid = {"key": "paid", "kind": "one_time", "amount": text(usage.number("originally_paid"))}
    credits = [
        {"id": name, "kind": "credit", "balance": text(usage.number(name)), "priority": priority}
        for priority, name in enumerate(("already_credited", "potential_credit"))
    ]
    answer = desk.ask([paid], instruments=credits)
    drawn = answer.instrument("potential_credit", "drawn")
    return {"credit": Money(drawn, drawn)}


def credit_note(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """What is credited, with its tax: of all credited so far, less that of the notes before."""
    price = desk.major(config.number("original_fee_cents"))
    taxes = [{"category": "S", "percent": text(config.number("tax_pct"))}]
    if "first_note" not in config:
        span = spans.served(int(config.number("days_credited")), int(config.number("days_in_period")))
        answer = desk.ask([spans.recurring("fee", price)], taxes=taxes, **span)
        net, tax = answer.net, answer.tax
    else:
        net = desk.major(usage.number("second_item_cents"))
        tax = _second(desk, config, price, net, taxes)
    subtotal, taxed = Money(net, net), Money(tax, tax)
    return {"subtotal": subtotal, "tax": taxed, "total": subtotal.less(taxed.negative)}


def _second(desk: Desk, config: Members, price: Fraction, net: Fraction, taxes: list[Body]) -> Fraction:
    """The tax of a second note."""
    config.take("original_tax_cents", None)  # that of the invoice: the most that can come back
    first = config.child("first_note")
    before, credited = (desk.major(first.number(f"{name}_cents")) for name in ("item", "tax"))
    first.take("total_cents", None)
    both = [{"key": "both", "kind": "one_time", "amount": text(min(before + net, price))}]
    return desk.ask(both, taxes=taxes).tax - credited
