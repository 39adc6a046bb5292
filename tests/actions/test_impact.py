"""An impact says what really happens: its figures are those of the drafts that the proposal makes once in force."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from billing.actions import impacts, invoices, runs
from billing.models import AccountImpact, Impact, Invoice
from billing.queries.due import dues_of
from billing.queries.looked_at import window_of
from catalog.actions import rate_cards
from catalog.models import Contract, Product, RateCard, RateCardVersion
from catalog.rules.tariffs import per_unit
from monetization.foundation.models import ChangeRequest
from monetization.foundation.rules.roles import Role
from tests import amending, deals, drafted, make
from tests.make import AT, World

D = Decimal
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 5, 9, tzinfo=UTC)
DEARER = (("gpt-4o", "input", "4.75"), ("gpt-4o", "output", "13"))
Key = tuple[str, str]


class Undone(Exception):
    """Takes back what was done inside a transaction."""


@contextmanager
def thrown_away() -> Iterator[None]:
    """Do something and take it back."""
    try:
        with transaction.atomic():
            yield
            raise Undone
    except Undone:
        pass


def proposed(world: World, rows: Any = DEARER) -> tuple[RateCardVersion, ChangeRequest]:
    """Have mia propose other prices from January."""
    card = RateCard.objects.get(key="list")
    draft = deals.version(
        world, card, rows=deals.prices(rows, ("EUR",)), at=DECEMBER, effective_date=date(2027, 1, 1)
    )  # fmt: skip
    request = rate_cards.submit(version=draft, title="", reason="Dearer", by=world.mia, at=DECEMBER)
    return draft, request


def worked(impact: Impact) -> Impact:
    """Let a worker do all of it."""
    for chunk in impact.chunks.order_by("pk"):
        assert impacts.work(chunk=chunk, at=DECEMBER)
    impact.refresh_from_db()
    return impact


def in_force(world: World, rows: Any = DEARER) -> None:
    """Make the same prices stand all the time."""
    draft = deals.version(
        world, RateCard.objects.get(key="list"), rows=deals.prices(rows, ("EUR",)), effective_date=date(2026, 1, 2)
    )  # fmt: skip
    assert deals.approved(world, draft).status == "APPROVED"


def terms_of_a_deal(contract: Contract) -> dict[str, Any]:
    """Say what an amendment changes: a discount, a price, a multiplier and fewer seats; a bound ends."""
    product, match = Product.objects.get(key="inference"), {"token_type": "output"}
    own = {"product": product, "match": match, "tariff": per_unit(D(16))}
    fees = contract.recurring_charges.values_list("key", flat=True)
    return {
        "adds": [
            ("discount", {"key": "loyal", "name": "Loyal", "percent": D(7)}),
            ("override", {"key": "own", "name": "Own", **own}),
            ("multiplier", {"key": "more", "name": "More", "factor": D("1.1")}),
            ("bound", {"key": "top", "name": "Top", "kind": "MAXIMUM", "amount": D(65)}),
        ],
        "quantities": [{"key": key, "quantity": D(3)} for key in fees],
        "ends": [{"part": "bound", "key": key} for key in contract.bounds.values_list("key", flat=True)],
    }  # fmt: skip


def drafts(world: World, impact: Impact) -> dict[Key, tuple[Decimal, Decimal]]:
    """Draft all that is due by the ordinary action; give what is billed and covered in the time looked at."""
    run = runs.draft_due(environment=world.live, by=None, at=DECEMBER)
    assert run.parked == []
    found = dict[Key, tuple[Decimal, Decimal]]()
    for invoice in Invoice.objects.select_related("account").order_by("period_starts_at"):
        window = window_of(impact.first_day, impact.months, invoice.account.time_zone)
        day = invoice.period_starts_at if invoice.kind == "COMMIT" else invoice.period_ends_at
        if window.starts_at < day <= window.ends_at or (invoice.kind == "COMMIT" and day in window):
            billed, covered = found.get((invoice.account.key, invoice.currency), (D(0), D(0)))
            drawn = sum((-line.amount for line in invoice.lines.filter(kind="drawdown")), D(0))
            found[invoice.account.key, invoice.currency] = billed + invoice.net, covered + drawn
    return found


def history(contracts: list[Contract], until: datetime) -> None:
    """Draft the periods that end by an instant."""
    for due in dues_of(contracts, until):
        if due.kind == "COMMIT" or due.period.ends_at <= until:
            invoices.draft(contract=due.contract, period=due.period, kind=due.kind, by=None, at=until)


@pytest.mark.parametrize("months", [1, 3])
def test_it_agrees_with_what_is_drafted_once_it_is_in_force(world: World, months: int) -> None:
    """Without earlier invoices, and after some that have drawn on balances already."""
    contracts = drafted.varied(world, 9, is_dearer=False)
    if months == 1:
        history(contracts, NOVEMBER)
    with thrown_away():
        drafted.dearer(world, RateCard.objects.get(key="list"))
        _, request = proposed(world)
        impact = worked(impacts.start(request=request, by=world.mia, at=DECEMBER, months=months))
        assert (impact.status, impact.accounts_done) == ("DONE", 9)
        rows = {(row.account.key, row.currency): row for row in AccountImpact.objects.select_related("account")}
        before = drafts(world, impact)
    with thrown_away():
        in_force(world)
        after = drafts(world, impact)
    assert not any(row.trouble for row in rows.values())
    assert {key: (row.before, row.covered_before) for key, row in rows.items()} == before
    assert {key: (row.after, row.covered_after) for key, row in rows.items()} == after
    assert before != after
    assert {covered for _, covered in after.values()} > {0}


def test_an_amendment_is_looked_at_as_if_it_had_always_held(world: World) -> None:
    contracts, head = drafted.varied(world, 5), make.person("hannah", [Role.HEAD])
    rows = {}
    before = after = dict[Key, tuple[Decimal, Decimal]]()
    with thrown_away():
        for contract in contracts:
            amendment = amending.draft(
                world, contract, date(2027, 1, 1), at=DECEMBER, **terms_of_a_deal(contract)
            )  # fmt: skip
            request = amending.submitted(world, amendment, at=DECEMBER)
            impact = worked(impacts.start(request=request, by=world.mia, at=DECEMBER))
            row = impact.rows.select_related("account").get()
            rows[row.account.key, row.currency] = row
            assert row.trouble == ""
        before = drafts(world, impact)
    with thrown_away():
        for contract in contracts:
            amendment = amending.draft(world, contract, contract.start_date, **terms_of_a_deal(contract))
            request = deals.approve(amending.submitted(world, amendment), world.rosa, at=AT)
            assert request.status == "LIVE" or deals.approve(request, head, at=AT).status == "LIVE"
        after = drafts(world, impact)
    assert {key: (row.before, row.covered_before) for key, row in rows.items()} == before
    assert {key: (row.after, row.covered_after) for key, row in rows.items()} == after
    assert all(before[key] != after[key] for key in before)
