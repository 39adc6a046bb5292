"""What stands on the whole of a quote: scopes, minimums and maximums, commits and credits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.bodies.charges import ScopeBody
from billing.rules.quotes.bodies.whole import BoundBody, InstrumentBody
from billing.rules.quotes.moments import instant_in
from billing.rules.quotes.prices import START
from billing.rules.quotes.units import rate_of, rates
from catalog.rules.agreed import Bound, Instrument, InstrumentKind, OwnPrice, Scope
from monetization.values.errors import Invalid
from monetization.values.periods import Period

ZERO = Decimal(0)


def scope_of(said: ScopeBody) -> Scope:
    """Read a scope."""
    return Scope(
        frozenset(said.charges), frozenset(said.products), frozenset(said.tags), frozenset(said.kinds),
        tuple(sorted(said.dimensions.items())),
    )  # fmt: skip


def bounds_of(body: QuoteBody, name: str) -> tuple[Bound, ...]:
    """Read ``minimum``s or ``maximum``s: those with a scope of their own, then those of charges."""
    units = rates(body)
    short = [
        Bound(amount, Scope(charges=frozenset({charge.key})), rate_of(charge.pricing_unit, units, f"charges[{number}]"))
        for number, charge in enumerate(body.charges)
        if (amount := getattr(charge, name)) is not None
    ]
    stated: Iterable[BoundBody] = getattr(body, f"{name}s")
    long = [
        Bound(each.amount, scope_of(each.scope), rate_of(each.pricing_unit, units, f"{name}s[{number}]"), each.prorate)
        for number, each in enumerate(stated)
    ]
    return (*long, *short)


def instruments_of(body: QuoteBody, balances: Mapping[str, Decimal]) -> tuple[Instrument, ...]:
    """Read commits and credits; ``balances``: what earlier invoices left of them."""
    names = [each.id for each in body.instruments]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Invalid(f"“{twice}” is there twice", field="instruments", fix="Give each its own id")
    return tuple(_instrument(each, number, body, balances) for number, each in enumerate(body.instruments))


def _instrument(said: InstrumentBody, number: int, body: QuoteBody, balances: Mapping[str, Decimal]) -> Instrument:
    path = f"instruments[{number}]"
    if said.balance < 0:
        raise Invalid("A balance is never below zero", field=f"{path}.balance", fix="Give zero or more")
    start = instant_in(said.starts_on, f"{path}.starts_on", body.time_zone) if said.starts_on else START
    end = instant_in(said.ends_on, f"{path}.ends_on", body.time_zone, end=True) if said.ends_on else None
    own = tuple(
        OwnPrice(each.charge, tuple(sorted(each.match.items())), each.unit_price, each.multiplier)
        for each in said.prices
    )
    units = rates(body)
    return Instrument(
        id=said.id,
        kind=InstrumentKind(said.kind),
        balance=balances.get(said.id, said.balance),
        period=Period(start, end),
        original=said.original if said.original is not None else said.balance,
        invoiced=said.invoiced,
        priority=said.priority,
        rolled_over=said.rolled_over,
        scope=scope_of(said.scope),
        prices=own,
        rate=rate_of(said.pricing_unit, units, path),
        true_up=said.true_up,
        lowers_tax=said.tax_at == "purchase",
    )
