"""Two writers on one balance: invoices frozen, sent back and credits expiring at once never draw more than there is."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.actions import balances, expiring, invoices
from billing.models import Invoice, Movement
from billing.queries.balances import balance_at
from billing.queries.books import books_checks
from catalog.actions import recurring
from catalog.models import Contract, Instrument
from catalog.queries import period_of
from monetization.foundation.actions import outbox
from monetization.values.errors import DomainError
from tests import agreements, make, priced
from tests.make import World
from tests.priced import NOVEMBER_5, OCTOBER
from tests.together import done, together

D = Decimal
DAY = timedelta(days=1)


@pytest.fixture
def world(transactional_db: None) -> World:
    return make.world()


@pytest.fixture
def halves(world: World) -> list[Invoice]:
    """Two contracts share October and a credit of 100 that outlives both; they use 52.50 and 56.00."""
    first = agreements.contract(world, end_date=date(2026, 10, 15), key="first")
    second = agreements.contract(world, start_date=date(2026, 10, 16), end_date=date(2026, 10, 31), key="second")
    agreements.granted(world, "100", end_date=date(2026, 10, 31))
    priced.use(world, priced.october())
    return [_draft(contract, day) for contract, day in ((first, 9), (second, 20))]


def _draft(contract: Contract, day: int) -> Invoice:
    period = period_of(contract, OCTOBER + day * DAY)
    return invoices.draft(contract=contract, period=period, by=None, at=NOVEMBER_5)


def dirty() -> list[str]:
    outbox.spread(at=NOVEMBER_5)
    return [check.name for check in books_checks() if check.find(NOVEMBER_5)]


def review(world: World, invoice: Invoice) -> Any:
    return invoices.review(invoice=invoice, by=world.finn, at=NOVEMBER_5)


@pytest.mark.parametrize("ordered", [True, False])
def test_two_invoices_never_draw_more_than_there_is(
    world: World, halves: list[Invoice], ordered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing kept the periods in their order, the locks keep the balance."""
    if not ordered:
        monkeypatch.setattr(balances, "guard_order", lambda invoice, held: None)
    results = together(*(lambda i=invoice: review(world, i) for invoice in (*halves, *halves)))
    for invoice in halves:
        invoice.refresh_from_db()
        if invoice.status == "DRAFT":
            assert ordered
            review(world, invoice)
    assert len(done(results)) >= 1
    drawn = Movement.objects.filter(kind="DRAWN").values_list("amount", flat=True)
    assert len(drawn) == 2
    assert sum(drawn) == -100
    assert balance_at(Instrument.objects.get(), NOVEMBER_5) == 0
    assert dirty() == []


def test_freezing_sending_back_and_expiring_at_once(world: World, halves: list[Invoice]) -> None:
    """Whatever comes first: the balance is never below zero, and the books are clean after each round."""
    first, second = halves

    def send_back(invoice: Invoice) -> Any:
        return invoices.send_back(invoice=invoice, reason="Once more", by=world.finn, at=NOVEMBER_5)

    for _ in range(4):
        together(
            lambda: review(world, first),
            lambda: review(world, second),
            lambda: send_back(second),
            lambda: send_back(first),
            lambda: expiring.expire_due(at=NOVEMBER_5),
            lambda: balances.grant_due(at=NOVEMBER_5),
        )
        assert balance_at(Instrument.objects.get(), NOVEMBER_5) >= 0
        assert dirty() == []
    for invoice in halves:
        invoice.refresh_from_db()
        if invoice.status == "DRAFT":
            review(world, invoice)
    expiring.expire_due(at=NOVEMBER_5)
    assert balance_at(Instrument.objects.get(), NOVEMBER_5) == 0
    assert dirty() == []


def test_a_period_of_a_recurring_grant_is_written_once(world: World) -> None:
    contract = agreements.contract(world, agreements.monthly("60"))
    priced.use(world, priced.october())
    until = NOVEMBER_5.date()
    results = together(
        *(lambda: recurring.write_down(contract=contract, until=until, at=NOVEMBER_5) for _ in range(4)),
        *(lambda: balances.grant_due(at=NOVEMBER_5) for _ in range(2)),
        lambda: _draft(contract, 9),
    )
    assert [each for each in results if isinstance(each, DomainError)] == []
    assert Instrument.objects.count() == 2
    assert balances.grant_due(at=NOVEMBER_5) + Movement.objects.filter(kind="GRANTED").count() >= 2
    assert Movement.objects.filter(kind="GRANTED").count() == 2
    assert dirty() == []
