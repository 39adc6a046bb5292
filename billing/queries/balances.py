"""Balances of commits and credits: as of an instant, as a period finds them, and in which order periods draw on them.

A period finds what earlier ones left: the movements, less what drafts of earlier periods will draw, plus what its own
invoice and later ones drew already. So a draft, a preview and a rerate of a frozen period all start from the same.
An instrument whose grant isn't booked yet counts as granted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Sum

from billing.models import Drawdown, Invoice, Movement
from billing.rules.lifecycle import Kind, Status
from catalog.models import Contract, Instrument
from catalog.queries import Shelf, access, instruments_serving, periods_of
from monetization.foundation.models import Account
from monetization.values.money import EXACT, total_of
from monetization.values.periods import Period

ZERO = Decimal(0)
USED = F("drawn") + F("expired") + F("rolled")


def balance_at(instrument: Instrument, at: datetime) -> Decimal:
    """Give the balance as of an instant: the sum of what counts by then."""
    zone = instrument.account.time_zone
    booked = total_of(instrument.movements.filter(at__lte=at).values_list("amount", flat=True))
    granted = instrument.rolled_from_id or instrument.movements.filter(kind=Movement.Kind.GRANTED).exists()
    waiting = not granted and access(instrument, zone).starts_at <= at
    return EXACT.add(booked, instrument.amount) if waiting else booked


def openings(asked: Sequence[tuple[Sequence[Instrument], Period]]) -> list[dict[str, Decimal]]:
    """Give what periods find of balances, by the instruments' keys; in three queries, however many are asked for.

    One below zero is a mistake of earlier bookings, and is shown. What isn't written down yet has its whole amount.
    """
    saved = {each.pk: each for instruments, _ in asked for each in instruments if each.pk}
    booked = _sums(Movement.objects.filter(instrument__in=saved), "amount") if saved else {}
    waiting = ungranted(list(saved.values())) if saved else {}
    drawn = _drawn(saved) if saved else {}
    return [
        {
            each.key: total_of(
                [
                    waiting.get(each.pk, ZERO) if each.pk else each.amount,
                    booked.get(each.pk, ZERO),
                    *(_ahead_or_behind(*row, period) for row in drawn.get(each.pk, ())),
                ]
            )
            for each in instruments
        }
        for instruments, period in asked
    ]


def opening_balances(asked: Sequence[tuple[Contract, Period]], shelf: Shelf) -> list[dict[str, Decimal]]:
    """Give what each period of a contract finds of each balance that it may draw on."""
    return openings([(instruments_serving(contract, period, shelf), period) for contract, period in asked])


Drawn = tuple[bool, datetime, Decimal]  # whether booked, start of the period that drew, how much


def _drawn(ids: Collection[int]) -> dict[int, list[Drawn]]:
    rows = Drawdown.objects.filter(instrument__in=ids).order_by()
    of_period = rows.values_list("instrument_id", "is_booked", "period_starts_at")
    found: dict[int, list[Drawn]] = {}
    for pk, *row in of_period.annotate(taken=Sum(USED)):
        found.setdefault(pk, []).append((row[0], row[1], row[2]))
    return found


def _ahead_or_behind(is_booked: bool, starts_at: datetime, used: Decimal, period: Period) -> Decimal:
    """Take off what a draft of an earlier period will draw; put back what this one or a later one drew already."""
    if is_booked:
        return used if starts_at >= period.starts_at else ZERO
    return -used if starts_at < period.starts_at else ZERO


def ungranted(instruments: Sequence[Instrument]) -> dict[int, Decimal]:
    """Give what will be booked as granted, or as rolled over, and isn't yet."""
    booked = Movement.objects.filter(instrument__in=instruments, kind__in=["GRANTED", "ROLLED"])
    known = {pk for pk, amount in _sums(booked.filter(amount__gt=0), "amount").items()}
    rolled = [each for each in instruments if each.rolled_from_id is not None]
    plain = {each.pk: each.amount for each in instruments if each.rolled_from_id is None and each.pk not in known}
    return plain | (rolling(rolled) if rolled else {})


def rolling(instruments: Sequence[Instrument]) -> dict[int, Decimal]:
    """Give what will roll over into instruments for which it isn't booked: what the earlier balance will have left."""
    sums = _sums(Movement.objects.filter(instrument__in=instruments, kind="ROLLED"), "amount")
    waiting = [each for each in instruments if not sums.get(each.pk)]
    sources = [each.rolled_from for each in waiting if each.rolled_from is not None]
    booked = _sums(Movement.objects.filter(instrument__in=sources), "amount")
    ahead = _sums(Drawdown.objects.filter(instrument__in=sources, is_booked=False), F("drawn") + F("expired"))
    granted = ungranted(sources)
    left = {
        each.pk: total_of([granted.get(each.pk, ZERO), booked.get(each.pk, ZERO), -ahead.get(each.pk, ZERO)])
        for each in sources
    }
    return {each.pk: min(max(left[each.rolled_from_id or 0], ZERO), each.amount) for each in waiting}


def unfrozen(instruments: Iterable[Instrument], account: Account, before: datetime) -> Period | None:
    """Find the first period that starts before an instant, may draw on these balances and isn't frozen.

    What rolls over into a balance waits for the periods that draw on the one that it comes from.
    """
    zone, every = account.time_zone, list(instruments)
    every += [each.rolled_from for each in every if each.rolled_from is not None]
    spans = [(access(each, zone), each.contract_id, each.currency) for each in every]
    contracts = Contract.objects.filter(account=account, status="APPROVED").select_related("account")
    frozen = set(
        Invoice.objects.filter(account=account, kind=Kind.USAGE.value)
        .exclude(status=Status.DRAFT.value)
        .values_list("contract_id", "period_starts_at")
    )
    waiting = [
        period
        for contract in contracts
        for period in periods_of(contract, before)
        if (contract.pk, period.starts_at) not in frozen
        and any(
            span.overlap(period)
            for span, of, currency in spans
            if of in (None, contract.pk) and currency == contract.currency
        )
    ]
    return min(waiting, default=None)


def drawn_after(invoice: Invoice) -> Drawdown | None:
    """Find the first later invoice that drew on what this one drew on, or on what that rolled over into."""
    mine = list(invoice.drawdowns.values_list("instrument_id", flat=True))
    later = Drawdown.objects.filter(
        Q(instrument__in=mine) | Q(instrument__rolled_from__in=mine),
        is_booked=True, period_starts_at__gt=invoice.period_starts_at,
    ).exclude(drawn=0, expired=0, rolled=0)  # fmt: skip
    return later.select_related("instrument", "invoice").order_by("period_starts_at", "pk").first()


def _sums(rows: Any, what: Any) -> dict[int, Decimal]:
    found = rows.order_by().values_list("instrument_id").annotate(total=Sum(what))
    return dict(found)
