"""Book what rolls over from a balance to that of the renewal, and take it back where the invoice is sent back."""

from __future__ import annotations

from datetime import datetime

from billing.actions.movements import move
from billing.models import Drawdown, Invoice, Movement
from catalog.models import Instrument
from catalog.queries import access
from monetization.values.money import total_of

ROLLED = Movement.Kind.ROLLED


def roll(invoice: Invoice, drawdown: Drawdown, counts_at: datetime, *, at: datetime) -> None:
    """Move what a drawdown rolls over, from its locked instrument to the one that takes it over."""
    if not drawdown.rolled:
        return
    old, source = drawdown.instrument, f"invoice:{invoice.pk}:{invoice.revision}"
    new = old.rolled_into.select_related("contract").get(contract__status="APPROVED")
    move(old, ROLLED, -drawdown.rolled, counts_at, f"{source}:rolled:{old.pk}", at, invoice)
    starts_at = access(new, invoice.account.time_zone).starts_at
    move(new, ROLLED, drawdown.rolled, starts_at, f"{source}:rolled:{new.pk}", at)


def take_back(invoice: Invoice, *, at: datetime, reason: str) -> None:
    """Take back what the invoice rolled over; the earlier balance gets its own back with all that was drawn."""
    taken = Instrument.objects.filter(rolled_from__in=invoice.drawdowns.filter(rolled__gt=0).values("instrument"))
    for new in taken.select_related("contract").order_by("pk"):
        amount = total_of(new.movements.filter(kind=ROLLED).values_list("amount", flat=True))
        if amount:
            source = f"invoice:{invoice.pk}:{invoice.revision}:unrolled:{new.pk}"
            starts_at = access(new, invoice.account.time_zone).starts_at
            move(new, ROLLED, -amount, starts_at, source, at, reason=reason)
