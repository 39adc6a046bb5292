"""Discounts of a quote, period by period: which stand, and what earlier invoices took of fixed ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from billing.rules.lines import Line
from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.bodies.whole import DiscountBody
from billing.rules.quotes.moments import day_in
from billing.rules.quotes.scopes import scope_of
from catalog.rules.agreed import Discount
from catalog.rules.coupons import in_period
from catalog.rules.spans import Span
from monetization.values.errors import Invalid
from monetization.values.money import EXACT

ZERO = Decimal(0)


def discounts_of(body: QuoteBody, spans: Sequence[Span], taken: Mapping[str, Decimal]) -> tuple[Discount, ...]:
    """Read the discounts of the last of these periods; ``taken``: what those before it took of fixed ones. Raises
    Invalid.
    """
    found = (_discount(each, number, spans, taken.get(each.id, ZERO)) for number, each in enumerate(body.discounts))
    return tuple(each for each in found if each is not None)


def used(lines: Sequence[Line], taken: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Add what an invoice took of fixed discounts."""
    found = dict(taken)
    for line in lines:
        if line.discount:
            found[line.discount] = EXACT.subtract(found.get(line.discount, ZERO), line.amount)
    return found


def _discount(said: DiscountBody, number: int, spans: Sequence[Span], taken: Decimal) -> Discount | None:
    path = f"discounts[{number}]"
    for error in _errors(said, path):
        raise error
    start = day_in(said.starts_on, f"{path}.starts_on") if said.starts_on else None
    left = EXACT.subtract(said.remaining, taken) if said.remaining is not None else None
    discount = Discount(
        said.percent or ZERO, said.id, said.name or said.id, scope_of(said.scope), said.amount or ZERO, left, start,
        said.counts_for_minimum,
    )  # fmt: skip
    begun = [span for span in spans if start is None or span.until > start]
    return in_period(discount, len(begun) - 1, said.periods, carries=said.carry_rest, taken=taken)


def _errors(said: DiscountBody, path: str) -> Iterator[Invalid]:
    if (said.percent is None) == (said.amount is None):
        yield Invalid("A discount has a percentage or an amount", field=path, fix="Give one of them")
    if said.percent is not None and not 0 <= said.percent <= 100:
        yield Invalid("A percentage lies between 0 and 100", field=f"{path}.percent", fix="Choose another")
    if said.periods is not None and said.periods < 1:
        yield Invalid("A discount stands for a period at least", field=f"{path}.periods", fix="Give 1 or more")
    if said.carry_rest and said.amount is None:
        yield Invalid("Only an amount leaves a rest", field=f"{path}.carry_rest", fix="Leave it out")
