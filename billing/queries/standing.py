"""What stands on an account's commits and credits: granted, used, left, and what moved each; for every reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Prefetch

from billing.models import Movement
from catalog.models import Instrument
from catalog.queries import access, in_force
from monetization.foundation.models import Account
from monetization.values.money import EXACT, round_half_away, total_of
from monetization.values.periods import Period

WITH = ("account", "contract", "commit", "recurring", "rolled_from")
MOST = 12
MOVED = Prefetch("movements", Movement.objects.select_related("invoice").order_by("at", "pk"))


@dataclass(frozen=True, slots=True)
class Standing:
    """A commit or credit as of an instant: ``left`` of its ``amount``, in percent too, ``used`` or lost before.

    ``amount`` of what rolls over is what did so; until that is known, the most.
    """

    instrument: Instrument
    period: Period
    amount: Decimal
    left: Decimal
    used: Decimal
    percent: Decimal
    is_open: bool
    movements: Sequence[Movement]


@dataclass(frozen=True, slots=True)
class Holding:
    """What is agreed as one thing: a commit with its access items, a recurring grant, or what stands alone.

    ``left`` of ``amount`` is of the items in force; ``lapsed``: how many ended ones aren't among ``items``.
    """

    agreed: Any
    items: Sequence[Standing]
    lapsed: int
    left: Decimal
    amount: Decimal
    is_open: bool

    @property
    def first(self) -> Instrument:
        """One of its instruments, for what they share."""
        return self.items[0].instrument

    @property
    def percent(self) -> Decimal:
        """The share that is left."""
        whole = Fraction(self.amount)
        return max(round_half_away(100 * Fraction(self.left) / whole, 0), Decimal(0)) if whole else Decimal(0)


def holdings_of(account: Account, at: datetime) -> list[Holding]:
    """List what an account may draw on as of an instant, as it was agreed; those in force first."""
    groups: dict[tuple[str, int], list[Standing]] = {}
    for each in balances_of(account, at):
        agreed = each.instrument.agreed_as
        groups.setdefault((type(agreed).__name__, agreed.pk), []).append(each)
    found = [_holding(items) for items in groups.values()]
    return sorted(found, key=lambda each: not each.is_open)


def _holding(every: Sequence[Standing]) -> Holding:
    """Show the items in force and to come, and the latest that ended."""
    items = sorted(every, key=lambda each: each.period.starts_at, reverse=True)
    now = [each for each in items if each.is_open]
    return Holding(
        agreed=items[0].instrument.agreed_as,
        items=items[:MOST],
        lapsed=max(len(items) - MOST, 0),
        left=total_of(each.left for each in now),
        amount=total_of(each.amount for each in now),
        is_open=bool(now),
    )


def balances_of(account: Account, at: datetime) -> list[Standing]:
    """List an account's approved commits and credits as of an instant, with their movements; those in force first.

    Those that start later are there with their first day; of recurring grants the periods that began.
    """
    rows = in_force().filter(account=account).select_related(*WITH)
    rows = rows.prefetch_related("products", "commit__products", "recurring__products", MOVED)
    found = [_standing(each, at) for each in rows.order_by("start_date", "pk")]
    return sorted(found, key=lambda each: not each.is_open)


def _standing(instrument: Instrument, at: datetime) -> Standing:
    period = access(instrument, instrument.account.time_zone)
    movements = [each for each in instrument.movements.all() if each.at <= at]
    amount, left = _amounts(instrument, movements, period.starts_at <= at)
    return Standing(
        instrument=instrument,
        period=period,
        amount=amount,
        left=left,
        percent=max(round_half_away(100 * Fraction(left) / Fraction(amount), 0), Decimal(0)),
        used=EXACT.subtract(amount, left) if period.starts_at <= at else Decimal(0),
        is_open=at in period,
        movements=movements,
    )


def _amounts(instrument: Instrument, movements: Sequence[Movement], started: bool) -> tuple[Decimal, Decimal]:
    """Give what an instrument had at first, and what is left of it."""
    left = total_of(each.amount for each in movements)
    first = [each.amount for each in movements if each.kind in ("GRANTED", "ROLLED") and each.amount > 0]
    if instrument.rolled_from_id is not None:
        rolled = total_of(each.amount for each in movements if each.kind == "ROLLED")
        return rolled or instrument.amount, left
    return instrument.amount, left if first or not started else EXACT.add(left, instrument.amount)
