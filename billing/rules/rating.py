"""Rating: usage × terms → lines. No clock, no database, nothing saved; previews and invoices run
this same code.

A **line** is (charge, price row). The rows of two card versions with the same conditions and tiers
are the same price: a cut between them starts no new line, and the line then names both sources. A
different price starts a new line, entered at the running position of its counter.

Positions and cuts are the business of ``billing.rules.counters``. Order of work: price → percentage
discounts, compounding → round once per line. Tax is a call of its own on the rounded lines
(``billing.rules.tax``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from billing.rules.costs import costs
from billing.rules.counters import counters
from billing.rules.evened import lift
from billing.rules.owned import Purse
from billing.rules.percentages import discounts, rounded
from billing.rules.pieces import Cost
from billing.rules.pools import dearest, pools
from billing.rules.rated import RatedLine, Rating, Step
from billing.rules.scopes import named
from billing.rules.selecting import places
from billing.rules.stretches import Stretch
from catalog.rules.charges import Part
from catalog.rules.dated import windows
from catalog.rules.terms import Charge, Terms
from metering.rules.quantities import UsageRow, counted

NOTHING = Fraction(0)
ZERO = Decimal(0)


def rate(terms: Terms, usage: Sequence[UsageRow]) -> Rating:
    """Price a period's usage: lines with their steps and sources, rounded once each."""
    found = price(terms, usage)
    return Rating(lines=tuple(map(rounded, discounts(found.lines, terms))), unpriced=found.unpriced)


@dataclass(frozen=True, slots=True)
class Priced:
    """Lines before discounts and rounding; ``missing``: what commitments by window lack, by charge."""

    lines: tuple[RatedLine, ...]
    unpriced: tuple[UsageRow, ...]
    missing: tuple[tuple[Charge, Fraction], ...] = ()


def price(terms: Terms, usage: Sequence[UsageRow]) -> Priced:
    """Price a period's usage, line by line in line order, exactly."""
    every = (*terms.segments, *terms.earlier)
    metrics = {charge.metric.version_id: charge.metric for each in every for charge in each.charges}
    rows = counted(usage, len(every), metrics)
    inside = places(rows)
    stretches = [stretch for counter in counters(terms) for stretch in counter.stretches(inside)]
    stretches.sort(key=lambda stretch: stretch.order)
    lacking = pools(terms, stretches)
    seen = windows(terms.discounts, (*terms.minimums, *terms.maximums))
    found = costs(stretches, Purse(terms.instruments, named(terms)), seen)
    lift(stretches, found)
    lines = [line for pair in zip(stretches, found, strict=True) if (line := _line(*pair)) is not None]
    listed = [
        (stretch.charge, cost.listed * Fraction(stretch.charge.rate))
        for stretch, cost in zip(stretches, found, strict=True)
    ]
    priced = {row for stretch in stretches for piece in stretch.slices for row in piece.usage}
    unpriced = tuple(row for row in rows if row.segment < len(terms.segments) and row.quantity and row not in priced)
    winners = dearest(listed, terms)
    kept = tuple(line for line in lines if winners.get(line.charge.highest_of, line.charge.slot) == line.charge.slot)
    billed = {line.charge.slot for line in kept}
    missing = tuple(each for each in lacking if not each[0].highest_of or each[0].slot in billed)
    return Priced(kept, unpriced, missing)


def _line(stretch: Stretch, cost: Cost) -> RatedLine | None:
    """Make the line of a stretch; none where nothing was used and nothing is due."""
    parts = sorted(cost.parts.items(), key=lambda pair: pair[0])
    steps = tuple(_step(part, of) for (_, of), part in parts if part.quantity or part.flat_fee or part.amount)
    slices = list(stretch.slices)
    measured = sum((piece.measured for piece in slices), NOTHING)
    quantity = sum((piece.quantity for piece in slices), NOTHING)
    if not (measured or quantity or steps):
        return None
    rate = Fraction(stretch.charge.rate)
    exact = cost.exact * rate
    return RatedLine(
        charge=stretch.charge,
        period=stretch.period,
        prices=tuple(stretch.prices),
        measured=measured,
        quantity=quantity - sum((piece.free for piece in slices), NOTHING),
        list_exact=exact,
        exact=exact,
        amount=ZERO,
        steps=steps,
        usage=tuple(row for piece in slices for row in piece.usage),
        free=sum((piece.free for piece in slices), NOTHING),
        pieces=tuple(replace(piece, exact=piece.exact * rate) for piece in cost.pieces),
    )


def _step(part: Part, instrument: str) -> Step:
    numbers = (part.over, part.up_to, part.quantity, part.unit_price, part.flat_fee, part.amount)
    return Step(*numbers, instrument=instrument)
