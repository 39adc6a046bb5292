"""What was paid for the balances that an invoice draws on."""

from __future__ import annotations

from decimal import Decimal

from billing.models import Drawdown, Movement
from billing.rules.pots import Pot
from catalog.models import Instrument
from monetization.values.money import total_of


def pot_of(row: Drawdown, currency: str) -> Pot:
    """Give the value paid for, as the invoice found it; of what rolled over, what was paid for that part."""
    amount, paid = paid_for(row.instrument, currency)
    return Pot(amount, paid, row.opening, row.expired, currency)


def paid_for(instrument: Instrument, currency: str) -> tuple[Decimal, Decimal]:
    """Give what an instrument had at first, and what of it was paid for."""
    old = instrument.rolled_from
    if old is None:
        return instrument.amount, instrument.invoiced
    amount = rolled_into(instrument)
    return amount, Pot(old.amount, old.invoiced, old.amount, Decimal(0), currency).rolled(amount)


def rolled_into(instrument: Instrument) -> Decimal:
    """Give what rolled over into an instrument."""
    return total_of(instrument.movements.filter(kind=Movement.Kind.ROLLED).values_list("amount", flat=True))
