"""Draw on commits and credits when an invoice is frozen, and give back what it drew when it is sent back.

Whoever freezes holds the instruments first, in the order of their ids, until the transaction ends: so two invoices
draw one after the other, from what the other left. Periods draw in their order. The database refuses a balance below
zero as a second wall.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.db import transaction

from billing.actions.expiring import revive
from billing.actions.movements import grant, left_of, move
from billing.actions.rolling import roll, take_back
from billing.models import Drawdown, Invoice, Movement
from billing.queries.balances import drawn_after, unfrozen
from billing.queries.rated import Rated
from billing.rules.balances import Balance
from billing.rules.lifecycle import Kind
from catalog.actions.recurring import write_down
from catalog.models import Contract, Instrument, RecurringGrant
from catalog.queries import Shelf, access, in_force, instruments_serving, last_day
from monetization.values.errors import Conflict, Invalid, WrongState
from monetization.values.money import EXACT, finite
from monetization.values.periods import local_date

ZERO = Decimal(0)
LOADED = ("account", "contract", "rolled_from__contract")


def prepare(invoices: Sequence[Invoice], *, at: datetime) -> None:
    """Write down what recurring grants give up to the periods of these invoices."""
    grants = RecurringGrant.objects.filter(contract__in=[each.contract_id for each in invoices])
    granting = set(grants.values_list("contract_id", flat=True))
    for invoice in invoices:
        if invoice.kind == Kind.USAGE.value and invoice.contract_id in granting:
            until = last_day(invoice.period, invoice.account.time_zone)
            write_down(contract=invoice.contract, until=until, at=at)


def hold(invoice: Invoice, *, at: datetime) -> list[Instrument]:
    """Lock what the invoice may draw on, and what that may roll over into, in one order everywhere."""
    if invoice.kind != Kind.USAGE.value:
        return []
    prepare([invoice], at=at)
    serving = instruments_serving(invoice.contract, invoice.period)
    into = Instrument.objects.filter(rolled_from__in=serving).values_list("pk", flat=True)
    ids = sorted({*(each.pk for each in serving), *into})
    held = Instrument.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    return list(held.select_related(*LOADED))


def guard_order(invoice: Invoice, held: Sequence[Instrument]) -> None:
    """Refuse to draw before an earlier period has. Raises WrongState."""
    waiting = unfrozen(held, invoice.account, invoice.period_starts_at) if held else None
    if waiting is not None:
        raise WrongState(
            f"The period from {waiting.starts_at:%d %B %Y} draws on the same balances and isn't under review yet",
            fix="Review the earlier period first",
        )


def write(pairs: Sequence[tuple[Invoice, Rated]]) -> None:
    """Write down what drafts would draw; nothing is drawn yet."""
    drawing = [(invoice, found) for invoice, found in pairs if found.bill.balances]
    if not drawing:
        return
    shelf = Shelf(invoice.contract for invoice, _ in drawing)
    Drawdown.objects.bulk_create(
        _drawdown(invoice, instruments[balance.instrument.id], balance)
        for invoice, found in drawing
        for instruments in [{each.key: each for each in instruments_serving(invoice.contract, invoice.period, shelf)}]
        for balance in found.bill.balances
    )


def draw(invoice: Invoice, held: Sequence[Instrument], *, at: datetime) -> None:
    """Book what a locked draft draws, rolls over and lets expire. Raises Conflict where a balance lacks it."""
    grant(held, at=at)
    by_id = {each.pk: each for each in held}
    for drawdown in invoice.drawdowns.order_by("instrument_id"):
        instrument = drawdown.instrument = by_id[drawdown.instrument_id]
        source = f"invoice:{invoice.pk}:{invoice.revision}"
        _take(invoice, instrument, Movement.Kind.DRAWN, drawdown.drawn, invoice.period_ends_at, source, at)
        ends_at = access(instrument, instrument.account.time_zone).ends_at or invoice.period_ends_at
        _take(invoice, instrument, Movement.Kind.EXPIRED, drawdown.expired, ends_at, source, at)
        roll(invoice, drawdown, ends_at, at=at)
        if left_of(instrument) < 0:
            raise Conflict(f"{instrument} has less than this invoice draws", fix="Compute the draft again")
    invoice.drawdowns.update(is_booked=True)


def give_back(invoice: Invoice, held: Sequence[Instrument], *, at: datetime, reason: str) -> None:
    """Give back what the invoice drew. Raises Conflict where a later one has drawn since."""
    later = drawn_after(invoice)
    if later is not None:
        raise Conflict(
            f"{later.invoice} of a later period has drawn on {later.instrument} since",
            fix="Send that one back first",
        )
    booked = invoice.movements.values_list("instrument_id", "kind", "amount", "at").order_by("instrument_id", "pk")
    sums: dict[tuple[int, datetime], Decimal] = {}
    for instrument_id, _, amount, counts_at in booked:
        place = instrument_id, counts_at
        sums[place] = EXACT.add(sums.get(place, ZERO), amount)
    by_id = {each.pk: each for each in held}
    for (instrument_id, counts_at), amount in sums.items():
        if amount:
            source = f"invoice:{invoice.pk}:{invoice.revision}:returned:{instrument_id}:{counts_at:%Y%m%dT%H%M%S}"
            move(by_id[instrument_id], Movement.Kind.RETURNED, -amount, counts_at, source, at, invoice, reason)
    take_back(invoice, at=at, reason=reason)
    drew = {instrument_id for instrument_id, _ in sums}
    revive([each for each in held if each.pk in drew], at=at, reason=reason)


@transaction.atomic
def grant_due(*, at: datetime) -> int:
    """Book the grants of all commits and credits that are in force and not booked; returns how many were.

    Recurring grants are written down up to now first.
    """
    for contract in Contract.objects.filter(status="APPROVED", recurring_grants__isnull=False).distinct():
        write_down(contract=contract, until=local_date(at, contract.account.time_zone), at=at)
    waiting = in_force().filter(rolled_from=None).exclude(movements__kind=Movement.Kind.GRANTED)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    held = Instrument.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    found = list(held.select_related("account", "contract"))
    grant(found, at=at)
    return len(found)


def _drawdown(invoice: Invoice, instrument: Instrument, balance: Balance) -> Drawdown:
    return Drawdown(
        invoice=invoice, instrument=instrument, period_starts_at=invoice.period_starts_at,
        opening=balance.instrument.balance, drawn=_decimal(balance.drawn), expired=_decimal(balance.expired),
        rolled=_decimal(balance.rolled),
    )  # fmt: skip


def _decimal(value: Fraction) -> Decimal:
    exact = finite(value)
    if exact is None:
        raise Invalid("A balance can't be said in decimals", fix="Look at its unit")
    return exact


def _take(
    invoice: Invoice, instrument: Instrument, kind: str, amount: Decimal, counts_at: datetime, source: str, at: datetime
) -> None:
    if amount:
        name = f"{source}:{kind.lower()}:{instrument.pk}"
        move(instrument, kind, -amount, counts_at, name, at, invoice)
