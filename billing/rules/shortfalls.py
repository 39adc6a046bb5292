"""What postpaid commits that end are short of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from billing.rules.balances import Balance
from billing.rules.lines import Line
from billing.rules.whole import split_true_up
from catalog.rules.agreed import Instrument, InstrumentKind
from catalog.rules.terms import Terms
from monetization.values.money import round_once


def shortfalls(
    balances: Sequence[Balance], lines: Sequence[Line], stood: Mapping[int, Decimal], terms: Terms
) -> list[Line]:
    """Charge what postpaid commits that end here are short of, split by what stood before anything was covered."""
    found: list[Line] = []
    for balance in balances:
        each = balance.instrument
        amount = round_once(balance.left * Fraction(each.rate), terms.currency)
        if each.kind is InstrumentKind.POSTPAID and each.true_up and ends_here(each, terms) and amount > 0:
            fitting = [(line.tax_category, stood[id(line)]) for line in lines if line.fits(each.scope)]
            found += split_true_up(amount, f"Commit {each.id}", each.scope, fitting, terms, instrument=each.id)
    return found


def ends_here(instrument: Instrument, terms: Terms) -> bool:
    """Say whether an instrument ends with or inside the full period; one that outlives the contract, the served one."""
    whole = terms.period if instrument.outlives else terms.full_period or terms.period
    end, last = instrument.period.ends_at, whole.ends_at
    return end is not None and end > terms.period.starts_at and (last is None or end <= last)
