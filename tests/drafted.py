"""A varied world to be drafted: zones, periods, prices that change inside a month, fees, bounds, commits, credits."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.models import Invoice
from catalog.actions import agreed
from catalog.models import Contract, Product, RateCard
from monetization.foundation.models import AuditEntry
from monetization.foundation.queries import subject_of
from tests import agreements, deals, make, priced
from tests.agreements import credit, prepaid
from tests.make import World
from tests.priced import OCTOBER

D = Decimal
KINDS = 5


def dearer(world: World, card: RateCard) -> None:
    """Put up a price in the middle of October, inside an hour."""
    rows = deals.prices([("gpt-4o", "input", "3"), ("gpt-4o", "output", "10")], ("EUR",))
    later = deals.version(world, card, rows=rows, effective_at=datetime(2026, 10, 12, 12, 30, tzinfo=UTC))
    deals.approved(world, later)


def varied(world: World, accounts: int = KINDS, *, is_dearer: bool = True) -> list[Contract]:
    """Sign so many accounts, each of another kind, and let them use tokens; acme has a granted credit beside."""
    card = priced.list_card(world)
    if is_dearer:
        dearer(world, card)
    signed = [agreements.contract(world, *_parts(0))]
    agreements.granted(world, "20")
    zones = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC")
    for number in range(1, accounts):
        account = make.account(
            world.customers["acme"], f"a{number}", time_zone=zones[number % len(zones)], country="DE"
        )  # fmt: skip
        terms: dict[str, Any] = {"key": f"deal-{number}", "anchor": "contract_day", "account": account}
        start = date(2026, 9, 1) + timedelta(days=number % 28)
        signed.append(agreements.contract(world, *_parts(number), start_date=start, **terms))
    assert {each.status for each in signed} == {"APPROVED"}
    for contract in signed:
        _use(world, contract.account.key)
    return signed


def contents(contracts: list[Contract]) -> dict[Any, Any]:
    """Write down all that drafts say, without ids, with their history and what the audit log says."""
    rows = Invoice.objects.filter(contract__in=contracts).order_by("contract_id", "period_starts_at", "kind")
    return {(each.contract.key, each.period_starts_at, each.kind): _content(each) for each in rows}


def _content(invoice: Invoice) -> dict[str, Any]:
    lines = invoice.lines.order_by("position").select_related("of", "instrument")
    columns = [each.attname for each in invoice.lines.model._meta.concrete_fields]
    left_out = {"id", "invoice_id", "of_id"}
    kept = [name for name in columns if name not in left_out]
    log = AuditEntry.objects.filter(subject=subject_of(invoice)).order_by("pk")
    return {
        "sums": (invoice.net, invoice.tax, invoice.total, invoice.usage_mark, bytes(invoice.terms_digest or b"")),
        "state": (invoice.status, invoice.revision, invoice.currency, invoice.period_ends_at, invoice.prepared_by_id),
        "lines": [[*(getattr(each, n) for n in kept), each.of and each.of.position] for each in lines],
        "taxes": list(
            invoice.taxes.order_by("category", "percent").values_list("category", "percent", "base", "amount")
        ),
        "drawdowns": list(
            invoice.drawdowns.order_by("instrument_id").values_list(
                "instrument_id", "period_starts_at", "is_booked", "opening", "drawn", "expired"
            )
        ),
        "flags": list(invoice.flags.order_by("pk").values_list("code", "severity", "sentence", "line__position")),
        "history": list(
            invoice.history.order_by("history_id").values_list(
                "history_type", "history_user", "history_date", "history_change_reason", "net", "status", "revision"
            )
        ),
        "log": list(log.values_list("action", "actor", "at", "before", "after", "reason", "environment")),
    }


def _parts(number: int) -> list[Any]:
    """Agree something else in each kind of contract."""
    product = Product.objects.get(key="inference")
    seats: dict[str, Any] = {"key": "seats", "name": "Seats", "product": product, "unit_price": D("31")}
    kinds: list[list[Any]] = [
        [prepaid("60", "50"), (agreed.add_discount, {"key": "off", "name": "Off", "percent": D(10)})],
        [credit("15"), credit("500", "late", priority=2), (agreed.add_recurring, seats)],
        [_bound("MINIMUM", "floor", "500"), (agreed.add_one_time, seats | {"key": "setup", "name": "Set-up"})],
        [_bound("MAXIMUM", "lid", "40"), (agreed.add_discount, {"key": "off", "name": "Off", "percent": D(12)})],
        [],
    ]
    return kinds[number % KINDS]


def _bound(kind: str, key: str, amount: str) -> tuple[Any, dict[str, Any]]:
    return agreed.add_bound, {"key": key, "name": key.capitalize(), "kind": kind, "amount": D(amount)}


def _use(world: World, account: str) -> None:
    times = [OCTOBER + timedelta(days=day - 10, hours=12, minutes=20 * (day % 3)) for day in range(35)]
    events = [priced.event(account, at, input=1_000_000, output=100_000) for at in times]
    start = Contract.objects.get(account__environment=world.live, account__key=account).start_date
    priced.use(world, [each for each in events if each["time"][:10] > f"{start + timedelta(days=1)}"])


def twins(world: World, contracts: list[Contract], times: int) -> list[Contract]:
    """Sign contracts like these again, with accounts and usage of their own."""
    made = []
    for number in range(times):
        for each in contracts:
            kind = int(each.key.removeprefix("deal-"))
            account = make.account(
                world.customers["acme"], f"t{number}-{kind}", time_zone=each.account.time_zone, country="DE"
            )  # fmt: skip
            terms: dict[str, Any] = {"key": f"twin-{number}-{kind}", "anchor": each.anchor, "account": account}
            made.append(agreements.contract(world, *_parts(kind), start_date=each.start_date, **terms))
            _use(world, account.key)
    return made
