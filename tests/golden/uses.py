"""What a case used: events of a quote, and where they begin to count."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.golden.members import Body, Members, Unknown, text
from tests.golden.offers import KEY, Offer, Place

START = datetime(2026, 11, 1, tzinfo=UTC)
LIMIT = 100_000
POSITIONS = {"single": False, "last_in_period": False, "mid_period_split": True}


@dataclass
class Use:
    """Events, and what was used before them.

    ``before``: None where the case doesn't say; ``unfinished``: the period goes on; ``booked``: what the
    case says was billed; ``full``: units by which a price for one is shown.
    """

    events: list[Body] = field(default_factory=list)
    before: Fraction | None = None
    unfinished: bool = False
    booked: Fraction | None = None
    full: Fraction | None = None
    groups: list[str] = field(default_factory=list)
    transactions: bool = False

    def with_earlier(self) -> list[Body]:
        """All events of the period so far."""
        return [*self.earlier(), *self.events]

    def earlier(self) -> list[Body]:
        """What was used before them."""
        return [{**one, "id": "earlier"} for one in events([self.before or Fraction(0)])]


def use_of(usage: Members, offer: Offer) -> Use:
    """Read what was used; the forms exclude each other."""
    if "quantity" in usage:
        return _one(Use(), usage.number("quantity"), offer)
    if "line_qty" in usage:
        return _split(usage, offer)
    if "billed_units" in usage:
        return _one(Use(full=usage.number("full_units")), usage.number("billed_units"), offer)
    if "running_totals" in usage:
        return _totals(usage)
    if "bucket_values" in usage:
        return _parts(dict(enumerate(usage.take("bucket_values"))), offer)
    if "groups" in usage:
        return _parts(usage.take("groups"), offer)
    if "events" in usage:
        return _listed(usage, offer)
    return _named(usage, offer)


def events(quantities: list[Fraction], charge: str = KEY, dimensions: Body | None = None) -> list[Body]:
    """One event after the other, a minute apart; nothing used is no event."""
    return [event(quantity, charge, dimensions, minute) for minute, quantity in enumerate(quantities) if quantity]


def event(quantity: Fraction, charge: str = KEY, dimensions: Body | None = None, minute: int = 0) -> Body:
    """One event, some minutes after the period's start."""
    at = (START + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")
    found: Body = {"charge": charge, "quantity": text(quantity), "at": at, "id": f"{charge}-{minute}"}
    if dimensions:
        found |= {"dimensions": dimensions, "source": "-".join(dimensions.values())}
    return found


def _one(use: Use, quantity: Fraction, offer: Offer) -> Use:
    if offer.least and quantity < offer.least:
        raise Unknown(f"{quantity} units, but at least {offer.least} must be bought")
    use.events = events([quantity])
    return use


def _split(usage: Members, offer: Offer) -> Use:
    use = Use(unfinished=usage.word("line_position", POSITIONS, "single"))
    if "pre_line_qty" in usage:
        use.before = usage.number("pre_line_qty")
    if "previously_billed" in usage:
        use.booked = usage.number("previously_billed")
    return _one(use, usage.number("line_qty"), offer)


def _totals(usage: Members) -> Use:
    """Transactions made again of their running totals; the rest of the amount is evenly theirs that follow."""
    reached, count, units = usage.numbers("running_totals"), int(usage.number("count")), usage.number("units")
    reached = [total for total in reached[:count] if total <= units]
    amounts = [now - before for before, now in zip([Fraction(0), *reached], reached, strict=False)]
    more = count - len(amounts)
    if more:
        left = units - (reached[-1] if reached else 0)
        each = Fraction(int(left / more))
        amounts += [each] * (more - 1) + [left - each * (more - 1)]
    return Use([event(amount, minute=minute) for minute, amount in enumerate(amounts)], transactions=True)


def _parts(values: dict[Any, str], offer: Offer) -> Use:
    if offer.grouped is None:
        raise Unknown("usage in parts, but the price knows none")
    found = [event(Fraction(value), dimensions={offer.grouped: str(part)}) for part, value in values.items()]
    return Use(found, groups=[str(part) for part in values])


def _named(usage: Members, offer: Offer) -> Use:
    """Usage by the names of the offer."""
    if not offer.names:
        raise Unknown(f"{usage.path}: no known form")
    return Use(named(usage.rest(), offer.names))


def named(quantities: Body, names: dict[str, Place]) -> list[Body]:
    """Events of quantities by name."""
    unknown = quantities.keys() - names.keys()
    if unknown:
        raise Unknown(f"used, but not sold: {', '.join(sorted(unknown))}")
    return [event(Fraction(quantity), *names[name]) for name, quantity in quantities.items() if Fraction(quantity)]


def _listed(usage: Members, offer: Offer) -> Use:
    """Single events: texts, or units with the money that they cost and maybe a group."""
    raw = usage.take("events")
    if not raw or not isinstance(raw[0], dict):
        found = [event(Fraction(value), minute=minute) for minute, value in enumerate(raw)]
        return Use(found, transactions=True)
    use = Use(transactions=True)
    for minute, value in enumerate(raw):
        one = usage.inside(value, f"{usage.path}.events[{minute}]")
        amount = one.number("precise_amount_cents") / 100
        group = {offer.grouped: one.take("group")} if offer.grouped else None
        use.groups += [one_group for one_group in (group or {}).values() if one_group not in use.groups]
        use.events.append(event(amount, dimensions=group, minute=minute))
        use.events += _counted(one, minute)
    return use


def _counted(one: Members, minute: int) -> list[Body]:
    """The units of an event that carries money, counted beside it."""
    return [event(one.number("units"), "units", minute=minute)] if "units" in one else []
