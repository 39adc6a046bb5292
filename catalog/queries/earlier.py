"""The time before a billing period from which counters go on, where their tiers don't start again with each period.

It is that of the contract's own paid periods, and for tiers that never start again also that of the account's contracts
before, as far as the product was priced in it. What simply adds up is one stretch, however many periods it lasted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Protocol

from catalog.queries.agreed_allowances import Allowed, allowed_in
from catalog.queries.amended import Amended, amended
from catalog.queries.contracts import cycle_of, first_paid
from catalog.queries.shelf import Shelf
from catalog.rules.spans import cycle_spans
from catalog.rules.terms import Charge, Earlier, Reset, Segment
from monetization.values.periods import Period, local_midnight

Key = tuple[str, str]  # slot, metric


class Charges(Protocol):
    """What charges of a contract are made of in a time."""

    @property
    def cuts(self) -> Iterable[datetime]: ...

    def charges(self, at: datetime, first: datetime) -> tuple[Charge, ...]: ...


Read = Callable[[Amended, Period, Shelf, Mapping[str, Allowed]], Charges]


def earlier_to(
    known: Amended, period: Period, segments: Sequence[Segment], shelf: Shelf, read: Read
) -> tuple[Earlier, ...]:
    """List that time for a period of a contract, in rising order; ``read`` reads what charges are made of."""
    resets: dict[Key, set[Reset]] = {}
    for charge in (charge for segment in segments for charge in segment.charges):
        if charge.tier_reset is not Reset.BILLING_PERIOD:
            resets.setdefault(_key(charge), set()).add(charge.tier_reset)
    if not resets:
        return ()
    found: list[Earlier] = []
    lasting = {key for key, each in resets.items() if Reset.LIFETIME in each}
    for contract in shelf.before(known.contract) if lasting else ():
        found += _of_contract(amended(contract), period.starts_at, lasting, shelf, read)
    found += _of_contract(known, period.starts_at, resets, shelf, read)
    return tuple(_joined(found))


def _of_contract(
    known: Amended, until: datetime, wanted: Collection[Key], shelf: Shelf, read: Read
) -> Iterator[Earlier]:
    contract = known.contract
    zone = contract.account.time_zone
    start = local_midnight(first_paid(contract), zone)  # what is used in a trial moves no tier
    if start >= until:
        return
    charged = read(known, Period(start, until), shelf, {})
    cuts = list(charged.cuts)
    spans = cycle_spans(replace(cycle_of(contract), end_date=known.last_date))
    for span in takewhile(lambda each: each.period(zone).starts_at < until, spans):
        inside = span.period(zone).overlap(Period(start, until))
        if inside is None:
            continue
        allowed = allowed_in(known, span)
        for piece in inside.cut(cuts):
            mine = (each for each in charged.charges(piece.starts_at, inside.starts_at) if _key(each) in wanted)
            charges = tuple(replace(each, prices=(), allowed=allowed.get(each.product, ())) for each in mine)
            if charges:
                yield Earlier(piece, charges, contract.key, span.full(zone), span.served)


def _joined(found: Iterable[Earlier]) -> list[Earlier]:
    """Join neighbours of a contract that count alike: of one billing period, or of several where all adds up."""
    joined: list[Earlier] = []
    for part in found:
        last = joined[-1] if joined else None
        if last is not None and _goes_on(last, part):
            whole = Period(last.whole.starts_at, part.whole.ends_at)
            joined[-1] = replace(last, period=Period(last.period.starts_at, part.period.ends_at), whole=whole)
        else:
            joined.append(part)
    return joined


def _goes_on(last: Earlier, part: Earlier) -> bool:
    if last.contract != part.contract or last.period.ends_at != part.period.starts_at or last.charges != part.charges:
        return False
    return last.whole == part.whole or all(_is_plain(each) for each in part.charges)


def _is_plain(charge: Charge) -> bool:
    metric = charge.metric
    return metric.adds_up and metric.rounding is None and not metric.per and not (charge.free_units or charge.allowed)


def _key(charge: Charge) -> Key:
    return charge.slot, charge.metric.metric
