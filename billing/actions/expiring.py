"""What no invoice lets expire: the rest of a credit that ended where its account had no contract, or after it.

An invoice books what ends with its period. The daily run books what is left once every period that could have drawn on
it is frozen. Credits are free, so the books have nothing to say about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from billing.actions.movements import grant, left_of, move
from billing.models import Movement
from billing.queries.balances import unfrozen
from catalog.models import Instrument
from catalog.queries import access, in_force
from monetization.values.money import total_of
from monetization.values.periods import local_date


def expire_due(*, at: datetime) -> int:
    """Book the rest of credits that have ended; returns how many had one. Safe to repeat."""
    ended = in_force().filter(kind=Instrument.Kind.CREDIT, end_date__lte=local_date(at, "UTC"))
    left = ended.annotate(left=Sum("movements__amount")).filter(left__gt=0).order_by("pk")
    return sum(expire(instrument=each, at=at) for each in left.select_related("account", "contract"))


@transaction.atomic
def expire(*, instrument: Instrument, at: datetime) -> bool:
    """Book the rest of a credit, unless it still lives or a period that may draw on it isn't frozen yet."""
    held = Instrument.objects.select_for_update(of=("self",)).select_related("account", "contract")
    instrument = held.get(pk=instrument.pk)
    ends_at = access(instrument, instrument.account.time_zone).ends_at
    if ends_at is None or ends_at > at or unfrozen([instrument], instrument.account, ends_at):
        return False
    grant([instrument], at=at)
    rest = left_of(instrument)
    if rest > 0:
        times = instrument.movements.filter(kind=Movement.Kind.EXPIRED, invoice=None).count()
        source = f"instrument:{instrument.pk}:expired:{times + 1}"
        move(instrument, Movement.Kind.EXPIRED, -rest, ends_at, source, at)
    return rest > 0


def revive(instruments: Iterable[Instrument], *, at: datetime, reason: str) -> None:
    """Undo what the daily run let expire of locked credits, because an invoice that drew on them is drafted again."""
    for each in instruments:
        lost = each.movements.filter(invoice=None, kind__in=[Movement.Kind.EXPIRED, Movement.Kind.CORRECTED])
        dated = lost.filter(source__startswith=f"instrument:{each.pk}:")
        amount = total_of(dated.values_list("amount", flat=True))
        if amount < 0:
            ends_at = access(each, each.account.time_zone).ends_at or at
            source = f"instrument:{each.pk}:revived:{dated.count()}"
            move(each, Movement.Kind.CORRECTED, -amount, ends_at, source, at, reason=reason)
