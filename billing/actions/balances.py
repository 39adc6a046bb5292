"""Draw on commits and credits when an invoice is frozen, and give back what it drew when it is sent back.

Whoever freezes holds the instruments first, in the order of their ids, until the transaction ends: so two invoices
draw one after the other, from what the other left. Periods draw in their order. The database refuses a balance below
zero as a second wall.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.db import transaction

from billing.models import Drawdown, Invoice, Movement
from billing.queries.balances import drawn_after, not_frozen_before
from billing.queries.rated import Rated
from billing.rules.balances import Balance
from billing.rules.lifecycle import Kind
from catalog.models import Instrument
from catalog.queries import access, instruments_serving
from monetization.values.errors import Conflict, Invalid, WrongState
from monetization.values.money import EXACT, finite, total_of

ZERO = Decimal(0)


def hold(invoice: Invoice) -> list[Instrument]:
    """Lock what the invoice may draw on, in one order everywhere."""
    if invoice.kind != Kind.USAGE.value:
        return []
    ids = sorted(each.pk for each in instruments_serving(invoice.contract, invoice.period))
    held = Instrument.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    return list(held.select_related("account"))


def guard_order(invoice: Invoice, held: Sequence[Instrument]) -> None:
    """Refuse to draw before an earlier period has. Raises WrongState."""
    waiting = not_frozen_before(held, invoice) if held else None
    if waiting is not None:
        raise WrongState(
            f"The period from {waiting.starts_at:%d %B %Y} draws on the same balances and isn't under review yet",
            fix="Review the earlier period first",
        )


def write(invoice: Invoice, found: Rated) -> None:
    """Write down what a draft would draw; nothing is drawn yet."""
    instruments = {each.key: each for each in instruments_serving(invoice.contract, invoice.period)}
    Drawdown.objects.bulk_create(
        _drawdown(invoice, instruments[balance.instrument.id], balance) for balance in found.bill.balances
    )


def grant(instruments: Iterable[Instrument], *, at: datetime) -> None:
    """Book what locked instruments grant, once for ever."""
    wanted = {_granted(each): each for each in instruments}
    known = set(Movement.objects.filter(source__in=wanted).values_list("source", flat=True))
    for source, each in wanted.items():
        if source not in known:
            starts_at = access(each, each.account.time_zone).starts_at
            _move(each, Movement.Kind.GRANTED, each.amount, starts_at, source, at)


def draw(invoice: Invoice, held: Sequence[Instrument], *, at: datetime) -> None:
    """Book what the invoice, a locked draft, draws and lets expire. Raises Conflict if a balance lacks it."""
    grant(held, at=at)
    by_id = {each.pk: each for each in held}
    for drawdown in invoice.drawdowns.order_by("instrument_id"):
        instrument = by_id[drawdown.instrument_id]
        source = f"invoice:{invoice.pk}:{invoice.revision}"
        _take(invoice, instrument, Movement.Kind.DRAWN, drawdown.drawn, invoice.period_ends_at, source, at)
        ends_at = access(instrument, instrument.account.time_zone).ends_at or invoice.period_ends_at
        _take(invoice, instrument, Movement.Kind.EXPIRED, drawdown.expired, ends_at, source, at)
        if _sum(instrument) < 0:
            raise Conflict(f"{instrument} has less than this invoice draws", fix="Compute the draft again")
    invoice.drawdowns.update(is_booked=True)


def give_back(invoice: Invoice, *, at: datetime, reason: str) -> None:
    """Give back what the invoice drew. Raises Conflict where a later one has drawn since."""
    later = drawn_after(invoice)
    if later is not None:
        raise Conflict(
            f"{later.invoice} of a later period has drawn on {later.instrument} since",
            fix="Send that one back first",
        )
    booked = invoice.movements.values_list("instrument_id", "kind", "amount", "at").order_by("instrument_id", "pk")
    sums: dict[tuple[int, datetime], Decimal] = {}
    for instrument_id, _, amount, counts_at in booked:
        place = instrument_id, counts_at
        sums[place] = EXACT.add(sums.get(place, ZERO), amount)
    for (instrument_id, counts_at), amount in sums.items():
        if amount:
            Movement.objects.create(
                instrument_id=instrument_id, invoice=invoice, kind=Movement.Kind.RETURNED, amount=-amount, at=counts_at,
                source=f"invoice:{invoice.pk}:{invoice.revision}:returned:{instrument_id}:{counts_at:%Y%m%dT%H%M%S}",
                reason=reason[:300], booked_at=at,
            )  # fmt: skip


@transaction.atomic
def grant_due(*, at: datetime) -> int:
    """Book the grants of all commits and credits that are in force and not booked; returns how many were."""
    approved = Instrument.objects.filter(contract__status="APPROVED") | Instrument.objects.filter(
        grant__status="APPROVED"
    )
    waiting = approved.exclude(movements__kind=Movement.Kind.GRANTED).order_by("pk").values_list("pk", flat=True)
    held = Instrument.objects.select_for_update(of=("self",)).filter(pk__in=list(waiting)).order_by("pk")
    found = list(held.select_related("account"))
    grant(found, at=at)
    return len(found)


def _drawdown(invoice: Invoice, instrument: Instrument, balance: Balance) -> Drawdown:
    return Drawdown(
        invoice=invoice, instrument=instrument, period_starts_at=invoice.period_starts_at,
        opening=balance.instrument.balance, drawn=_decimal(balance.drawn), expired=_decimal(balance.expired),
    )  # fmt: skip


def _decimal(value: Fraction) -> Decimal:
    exact = finite(value)
    if exact is None:
        raise Invalid("A balance can't be said in decimals", fix="Look at its unit")
    return exact


def _take(
    invoice: Invoice, instrument: Instrument, kind: str, amount: Decimal, counts_at: datetime, source: str, at: datetime
) -> None:
    if amount:
        name = f"{source}:{kind.lower()}:{instrument.pk}"
        _move(instrument, kind, -amount, counts_at, name, at, invoice)


def _move(
    instrument: Instrument,
    kind: str,
    amount: Decimal,
    counts_at: datetime,
    source: str,
    at: datetime,
    invoice: Invoice | None = None,
) -> Movement:
    return Movement.objects.create(
        instrument=instrument, invoice=invoice, kind=kind, amount=amount, at=counts_at, source=source, booked_at=at
    )


def _granted(instrument: Instrument) -> str:
    return f"instrument:{instrument.pk}:granted"


def _sum(instrument: Instrument) -> Decimal:
    return total_of(instrument.movements.values_list("amount", flat=True))
