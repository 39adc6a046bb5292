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

from django.db.models import F, Q, Sum

from billing.models import Drawdown, Invoice, Movement
from billing.rules.lifecycle import Kind, Status
from catalog.models import Contract, Instrument
from catalog.queries import access, instruments_serving, periods_of
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


def openings(instruments: Sequence[Instrument], period: Period) -> dict[str, Decimal]:
    """Give what a period finds of each balance, by the instrument's key; a negative one is a mistake, and is shown."""
    saved = [each for each in instruments if each.pk]
    booked = _sums(Movement.objects.filter(instrument__in=saved), "amount")
    rows = Drawdown.objects.filter(instrument__in=saved)
    ahead = _sums(rows.filter(is_booked=False, period_starts_at__lt=period.starts_at), USED)
    behind = _sums(rows.filter(is_booked=True, period_starts_at__gte=period.starts_at), USED)
    waiting = ungranted(saved)
    return {
        each.key: total_of(
            [
                waiting.get(each.pk, ZERO) if each.pk else each.amount,
                booked.get(each.pk, ZERO),
                -ahead.get(each.pk, ZERO),
                behind.get(each.pk, ZERO),
            ]
        )
        for each in instruments
    }


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


def opening_balances(contract: Contract, period: Period) -> dict[str, Decimal]:
    """Give what a period of a contract finds of each balance that it may draw on."""
    return openings(instruments_serving(contract, period), period)


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
