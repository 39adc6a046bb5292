"""What stands on an account's commits and credits: granted, used, left, and what moved each; for every reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.db.models import Q

from billing.models import Movement
from billing.queries.balances import balance_at
from catalog.models import Instrument
from catalog.queries import access
from monetization.foundation.models import Account
from monetization.values.money import EXACT, round_half_away
from monetization.values.periods import Period


@dataclass(frozen=True, slots=True)
class Standing:
    """A commit or credit: ``left`` now, ``used`` or lost before, and the share that is left, in percent."""

    instrument: Instrument
    period: Period
    left: Decimal
    used: Decimal
    percent: Decimal
    is_open: bool
    movements: Sequence[Movement]


def balances_of(account: Account, at: datetime) -> list[Standing]:
    """List an account's approved commits and credits with their movements; those in force first."""
    approved = Q(contract__status="APPROVED") | Q(grant__status="APPROVED")
    rows = Instrument.objects.filter(approved, account=account).select_related("account", "contract")
    found = [_standing(each, at) for each in rows.prefetch_related("products").order_by("start_date", "pk")]
    return sorted(found, key=lambda each: not each.is_open)


def _standing(instrument: Instrument, at: datetime) -> Standing:
    period = access(instrument, instrument.account.time_zone)
    left = balance_at(instrument, at)
    percent = round_half_away(100 * Fraction(left) / Fraction(instrument.amount), 0)
    started = period.starts_at <= at
    return Standing(
        instrument=instrument,
        period=period,
        left=left,
        used=EXACT.subtract(instrument.amount, left) if started else Decimal(0),
        percent=percent,
        is_open=at in period,
        movements=list(instrument.movements.select_related("invoice").order_by("at", "pk")),
    )
