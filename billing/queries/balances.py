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

from django.db.models import F, Sum

from billing.models import Drawdown, Invoice, Movement
from billing.rules.lifecycle import Kind, Status
from catalog.models import Contract, Instrument
from catalog.queries import Shelf, access, instruments_serving, periods_of
from monetization.values.money import EXACT, total_of
from monetization.values.periods import Period

ZERO = Decimal(0)


def balance_at(instrument: Instrument, at: datetime) -> Decimal:
    """Give the balance as of an instant: the sum of what counts by then."""
    zone = instrument.account.time_zone
    booked = total_of(instrument.movements.filter(at__lte=at).values_list("amount", flat=True))
    granted = instrument.movements.filter(kind=Movement.Kind.GRANTED).exists()
    waiting = not granted and access(instrument, zone).starts_at <= at
    return EXACT.add(booked, instrument.amount) if waiting else booked


def openings(asked: Sequence[tuple[Sequence[Instrument], Period]]) -> list[dict[str, Decimal]]:
    """Give what periods find of balances, by the instruments' keys; in three queries, however many are asked for."""
    every = {each.pk for instruments, _ in asked for each in instruments}
    if not every:
        return [{} for _ in asked]
    moved = Movement.objects.filter(instrument__in=every)
    booked = _sums(moved, "amount")
    granted = set(moved.filter(kind="GRANTED").values_list("instrument_id", flat=True))
    drawn = _drawn(every)
    return [
        {
            each.key: total_of(
                [
                    ZERO if each.pk in granted else each.amount,
                    booked.get(each.pk, ZERO),
                    *(_ahead_or_behind(*row, period) for row in drawn.get(each.pk, ())),
                ]
            )
            for each in instruments
        }
        for instruments, period in asked
    ]


def opening_balances(asked: Sequence[tuple[Contract, Period]], shelf: Shelf) -> list[dict[str, Decimal]]:
    """Give what each period of a contract finds of each balance that it may draw on; never below zero."""
    found = openings([(instruments_serving(contract, period, shelf), period) for contract, period in asked])
    return [{key: max(amount, ZERO) for key, amount in each.items()} for each in found]


Drawn = tuple[bool, datetime, Decimal]  # whether booked, start of the period that drew, how much


def _drawn(ids: Collection[int]) -> dict[int, list[Drawn]]:
    rows = Drawdown.objects.filter(instrument__in=ids).order_by()
    of_period = rows.values_list("instrument_id", "is_booked", "period_starts_at")
    found: dict[int, list[Drawn]] = {}
    for pk, *row in of_period.annotate(taken=Sum(F("drawn") + F("expired"))):
        found.setdefault(pk, []).append((row[0], row[1], row[2]))
    return found


def _ahead_or_behind(is_booked: bool, starts_at: datetime, used: Decimal, period: Period) -> Decimal:
    """Take off what a draft of an earlier period will draw; put back what this one or a later one drew already."""
    if is_booked:
        return used if starts_at >= period.starts_at else ZERO
    return -used if starts_at < period.starts_at else ZERO


def not_frozen_before(instruments: Iterable[Instrument], invoice: Invoice) -> Period | None:
    """Find the first earlier period that may draw on the same balances and isn't frozen."""
    account, zone = invoice.account, invoice.account.time_zone
    spans = [access(each, zone) for each in instruments]
    contracts = Contract.objects.filter(account=account, currency=invoice.currency, status="APPROVED")
    frozen = set(
        Invoice.objects.filter(account=account, kind=Kind.USAGE.value)
        .exclude(status=Status.DRAFT.value)
        .values_list("contract_id", "period_starts_at")
    )
    waiting = [
        period
        for contract in contracts.select_related("account")
        for period in periods_of(contract, invoice.period_starts_at)
        if (contract.pk, period.starts_at) not in frozen and any(span.overlap(period) for span in spans)
    ]
    return min(waiting, default=None)


def drawn_after(invoice: Invoice) -> Drawdown | None:
    """Find the first later invoice that drew on what this one drew on."""
    mine = invoice.drawdowns.values("instrument_id")
    later = Drawdown.objects.filter(
        instrument__in=mine, is_booked=True, period_starts_at__gt=invoice.period_starts_at
    ).exclude(drawn=0, expired=0)
    return later.select_related("instrument", "invoice").order_by("period_starts_at", "pk").first()


def _sums(rows: Any, what: Any) -> dict[int, Decimal]:
    found = rows.order_by().values_list("instrument_id").annotate(total=Sum(what))
    return dict(found)
