"""Write movements of balances. Append-only; each source happens once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from billing.models import Invoice, Movement
from catalog.models import Instrument
from catalog.queries import access
from monetization.values.money import total_of


def move(
    instrument: Instrument,
    kind: str,
    amount: Decimal,
    counts_at: datetime,
    source: str,
    at: datetime,
    invoice: Invoice | None = None,
    reason: str = "",
) -> Movement:
    """Book a change of a locked instrument's balance, which counts from an instant on."""
    return Movement.objects.create(
        instrument=instrument, invoice=invoice, kind=kind, amount=amount, at=counts_at, source=source,
        reason=reason[:300], booked_at=at,
    )  # fmt: skip


def grant(instruments: Iterable[Instrument], *, at: datetime) -> None:
    """Book what locked instruments grant, once for ever; what rolls over is no grant."""
    wanted = {f"instrument:{each.pk}:granted": each for each in instruments if each.rolled_from_id is None}
    known = set(Movement.objects.filter(source__in=wanted).values_list("source", flat=True))
    for source, each in wanted.items():
        if source not in known:
            starts_at = access(each, each.account.time_zone).starts_at
            move(each, Movement.Kind.GRANTED, each.amount, starts_at, source, at)


def left_of(instrument: Instrument) -> Decimal:
    """Sum all that has moved a locked instrument."""
    return total_of(instrument.movements.values_list("amount", flat=True))
