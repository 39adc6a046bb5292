"""Usage at a price: alone, with a minimum or a maximum, with what was billed before, with credits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tests.golden import tables
from tests.golden.answers import Answer, Desk, Money, total_of
from tests.golden.members import Body, Members, text
from tests.golden.offers import KEY, Offer, offer_of, usage_charge
from tests.golden.uses import Use, events, named, use_of

UNITS = {"key": "units", "prices": [{"unit_price": "0"}]}
Ask = Callable[..., Answer]


def sale(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Price what was used."""
    bound = {name: text(config.number(f"{name}_spend")) for name in ("minimum", "maximum") if f"{name}_spend" in config}
    offer = offer_of(model, config)
    if "cumulative_usage_snapshots" in usage:
        return _runs(desk, offer, usage.numbers("cumulative_usage_snapshots"))
    if "already_billed" in config:
        return _billed(desk, offer, config, usage)
    if offer.fixed:
        charge = {**offer.charges[0], "quantity": text(usage.number("quantity"))}
        return {"amount": desk.ask([charge]).amount}
    use = use_of(usage, offer)
    if bound or use.booked is not None:
        return _bounded(desk, offer, use, bound)
    return _alone(desk, offer, use, _taxes(config))


def _taxes(config: Members) -> Body:
    if "tax_pct" not in config:
        return {}
    return {"taxes": [{"category": "S", "percent": text(config.number("tax_pct"))}]}


def _alone(desk: Desk, offer: Offer, use: Use, more: Body) -> Body:
    answer = _asked(desk, offer, use, **more)
    return _figures(answer, offer, use) | _probes(desk, offer, use)


def _asked(desk: Desk, offer: Offer, use: Use, **more: Any) -> Answer:
    """Ask for the price of what was used after what was used before."""
    at = {"position": text(use.before)} if use.before else {}
    charges = [{**charge, **at} for charge in offer.charges]
    if offer.money and offer.grouped:
        charges = [_row_for_each(charges[0], offer.grouped, use.groups)]
    if any(event["charge"] == UNITS["key"] for event in use.events):
        charges.append(UNITS)
    return desk.ask(charges, use.events, kind="THRESHOLD" if use.unfinished else "USAGE", **more)


def _row_for_each(charge: Body, dimension: str, groups: list[str]) -> Body:
    """A price row for each value, so that each is a line."""
    (price,) = charge["prices"]
    return {**charge, "prices": [{**price, "match": {dimension: group}} for group in groups]}


def _figures(answer: Answer, offer: Offer, use: Use) -> Body:
    """All that the answer says; a case asks for some of it."""
    billed = Fraction(sum(line.number("quantity") for line in answer.charged if line.charge != UNITS["key"]))
    amount = answer.amount
    units = use.full or billed
    return {
        "amount": amount,
        "units": lambda: _units(answer, billed),
        "invoiced_quantity": billed,
        "unit_amount": Fraction(amount.exact / units) if units else Fraction(0),
        "tiers": lambda: [_step(step, offer) for step in answer.steps()],
        "tier_index": lambda: tables.place(offer.bounds, answer.steps()[-1]),
        "packages": lambda: amount.exact / Fraction(offer.price["package_price"]),
        "packages_billed": lambda: amount.exact / Fraction(offer.price["package_price"]),
        "groups": lambda: {g: _minor(answer, row) for row, g in enumerate(use.groups)},
        "total_with_tax": Money(answer.total, answer.total),
    }


def _units(answer: Answer, billed: Fraction) -> Fraction:
    counted = [line.number("quantity") for line in answer.charged if line.charge == UNITS["key"]]
    return sum(counted, Fraction(0)) if counted else billed


def _minor(answer: Answer, row: int) -> Fraction:
    """A group's line, in minor units as the events are."""
    lines = [line.money for line in answer.charged if line.charge == KEY and line.raw["row"] == row]
    return total_of(lines).printed * 100


def _step(step: Body, offer: Offer) -> Body | Fraction:
    """What a step cost; of blocks only how much."""
    flat, exact = Fraction(step.get("flat_fee") or 0), Fraction(step["exact"])
    if "block_size" in offer.bounds[0]:
        return exact
    return {"units": Fraction(step["quantity"]), "unit_total": exact - flat, "flat": flat}


def _probes(desk: Desk, offer: Offer, use: Use) -> Body:
    """Figures that come of the same usage at another price."""
    price = offer.price if "prices" in offer.charges[0] else {}

    def paid(**numbers: str) -> Fraction:
        terms: Body = {name: price[name] for name in ("free_events", "free_amount") if name in price}
        charge = usage_charge([{"model": "PERCENTAGE", **terms, **numbers}])
        return desk.ask([charge], use.events).amount.exact

    def at(change: Callable[[list[Body]], list[Body]]) -> Fraction:
        tiers = usage_charge([{**price, "tiers": change(offer.bounds)}])
        return desk.ask([tiers], use.events).amount.exact

    used = sum((Fraction(event["quantity"]) for event in use.events), Fraction(0))
    single = offer.single
    units = {} if single is None else {"units": lambda: at(lambda rows: tables.one_each(rows, single))}
    return units | {
        "unit_total": lambda: at(tables.without_flats),
        "base": lambda: desk.ask(offer.plain or offer.charges, use.events).amount,
        "free_units": lambda: used - paid(percent="100", fixed_fee="0"),
        "free_events": lambda: len(use.events) - paid(percent="0", fixed_fee="1"),
    }


def _bounded(desk: Desk, offer: Offer, use: Use, bound: Body) -> Body:
    """Rate the period so far with its minimum or maximum, less what was billed before."""
    bounds = {f"{name}s": [{"amount": amount}] for name, amount in bound.items()}
    before = desk.ask(offer.charges, use.earlier(), kind="THRESHOLD", **bounds)
    booked = before.net if use.booked is None else use.booked
    kind = "THRESHOLD" if use.unfinished else "USAGE"
    answer = desk.ask(offer.charges, use.with_earlier(), kind=kind, booked=text(booked), **bounds)
    cap = before.of_kind("cap").less(answer.of_kind("cap"))
    return {
        "amount": Money(answer.difference, answer.difference),
        "usage_amount": lambda: _asked(desk, offer, use).amount,
        "minimum_spend_line": answer.of_kind("true_up"),
        "max_spend_discount": cap,
        "discount_per_tier": lambda: _per_tier(_asked(desk, offer, use), offer, cap),
    }


def _per_tier(answer: Answer, offer: Offer, cap: Money) -> Body:
    """Share a cap among the steps of its line: the latest units are the first that it takes away."""
    left, found = cap.printed, {}
    for step in reversed(answer.steps()):
        taken = min(left, Fraction(step["exact"]))
        left -= taken
        if taken:
            found[f"tier{tables.place(offer.bounds, step) + 1}"] = taken
    return found


def _runs(desk: Desk, offer: Offer, snapshots: list[Fraction]) -> Body:
    """One run after the other over growing or shrinking usage; each bills the difference."""
    booked, found = Fraction(0), []
    for quantity in snapshots:
        answer = desk.ask(offer.charges, events([quantity]), booked=text(booked))
        booked = answer.net
        found.append(Money(answer.difference, answer.difference))
    return {"amounts_per_run": found}


def _billed(desk: Desk, offer: Offer, config: Members, usage: Members) -> Body:
    """Rate the whole period again, less what was billed for it."""
    use, before = use_of(usage, offer), config.take("already_billed")
    earlier: list[Body] = []
    if not isinstance(before, str):
        inner = config.inside(before, "already_billed")
        before = inner.take("amount")
        earlier = named(inner.rest(), offer.names)
    answer = desk.ask(offer.charges, use.events, booked=text(Fraction(before)))
    return {
        "amount": Money(answer.difference, answer.difference),
        "total": Money(answer.net, answer.net),
        "rounded_total": Money(answer.net, answer.net),
        "tiers": lambda: {unit: _since(answer, desk.ask(offer.charges, earlier), unit) for unit in offer.names},
    }


def _since(now: Answer, before: Answer, unit: str) -> list[str]:
    """What each step of a charge gained: blocks × price = amount."""
    told = []
    past = {step["up_to"]: Fraction(step["exact"]) for step in before.steps(unit)}
    for step in now.steps(unit):
        price = Fraction(step["unit_price"])
        gained = Fraction(step["exact"]) - past.get(step["up_to"], Fraction(0))
        told.append(f"{text(gained / price)}x{text(price)}" + (f"={text(gained)}" if gained else ""))
    return told
