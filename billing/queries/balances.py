"""Balances of commits and credits: as of an instant, as a period finds them, and in which order periods draw on them.

A period finds what earlier ones left: the movements, less what drafts of earlier periods will draw, plus what its own
invoice and later ones drew already. So a draft, a preview and a rerate of a frozen period all start from the same.
An instrument whose grant isn't booked yet counts as granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Sum

from billing.models import Drawdown, Invoice, Movement
from billing.rules.lifecycle import Kind, Status
from catalog.models import Contract, Instrument
from catalog.queries import access, instruments_serving, periods_of
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


def openings(instruments: Sequence[Instrument], period: Period) -> dict[str, Decimal]:
    """Give what a period finds of each balance, by the instrument's key."""
    booked = _sums(Movement.objects.filter(instrument__in=instruments), "amount")
    granted = set(
        Movement.objects.filter(instrument__in=instruments, kind="GRANTED").values_list("instrument_id", flat=True)
    )
    rows = Drawdown.objects.filter(instrument__in=instruments)
    ahead = _sums(rows.filter(is_booked=False, period_starts_at__lt=period.starts_at), F("drawn") + F("expired"))
    behind = _sums(rows.filter(is_booked=True, period_starts_at__gte=period.starts_at), F("drawn") + F("expired"))
    return {
        each.key: total_of(
            [
                ZERO if each.pk in granted else each.amount,
                booked.get(each.pk, ZERO),
                -ahead.get(each.pk, ZERO),
                behind.get(each.pk, ZERO),
            ]
        )
        for each in instruments
    }


def opening_balances(contract: Contract, period: Period) -> dict[str, Decimal]:
    """Give what a period of a contract finds of each balance that it may draw on; never below zero."""
    found = openings(instruments_serving(contract, period), period)
    return {key: max(amount, ZERO) for key, amount in found.items()}


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
