"""Amendments: what they change and from when, who decides, what is refused, and that the past stays."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import InternalError, connection, transaction
from django.db.utils import IntegrityError

from billing.actions import invoices
from catalog.actions import agreed, amendments, contracts
from catalog.models import Amendment, Contract, Product, QuantityChange
from catalog.queries import period_of, settings_on, terms_for
from catalog.queries.content import content_digest
from monetization.values.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from tests import agreements, amending, deals, priced
from tests.make import AT, World

D = Decimal
BROKEN = (InternalError, IntegrityError)
Said = tuple[Callable[..., Any], dict[str, Any]]
MID = date(2026, 10, 16)


def seats(world: World, **more: Any) -> Said:
    priced.list_card(world)
    said = {"key": "seats", "name": "Seats", "unit_price": D(31), "quantity": D(10), "product": Product.objects.get()}
    return agreed.add_recurring, said | more


def fees(contract: Contract, month: int, year: int = 2026, day: int = 20) -> list[tuple[str, str]]:
    """List what a month's invoice says of fees; drafts of usage aren't needed for that."""
    at = datetime(year, month, day, 12, tzinfo=UTC)
    invoice = priced.draft(contract, at, period=at)
    rows = invoice.lines.filter(kind__in=["recurring", "one_time"]).order_by("position")
    return [(row.description, f"{row.amount:.2f}") for row in rows]


def test_seats_are_sold_in_the_middle_of_a_month(world: World) -> None:
    contract = agreements.contract(world, seats(world))
    before = {month: fees(contract, month) for month in (10, 11)}
    assert before == {10: [("Seats", "310.00")], 11: [("Seats", "310.00")]}
    amending.amended(world, contract, MID, kind="UPSELL", quantities=[{"key": "seats", "quantity": D(15)}])
    # 10 × 31 × 15 ÷ 31 + 15 × 31 × 16 ÷ 31
    assert fees(contract, 10) == [("Seats", "390.00")]
    assert fees(contract, 11) == [("Seats", "465.00")]


def test_a_part_is_added_and_another_ends(world: World) -> None:
    contract = agreements.contract(world, seats(world))
    product = Product.objects.get()
    support = {"key": "support", "name": "Support", "unit_price": D(62), "product": product}
    amending.amended(world, contract, MID, adds=[("recurring", support)], ends=[{"part": "recurring", "key": "seats"}])
    assert fees(contract, 10) == [("Seats", "150.00"), ("Support", "32.00")]
    assert fees(contract, 11) == [("Support", "62.00")]


def test_nobody_decides_about_his_own_and_a_draft_changes_nothing(world: World) -> None:
    contract = agreements.contract(world, seats(world))
    amendment = amending.draft(world, contract, MID, quantities=[{"key": "seats", "quantity": D(15)}])
    request = amending.submitted(world, amendment)
    assert fees(contract, 10) == [("Seats", "310.00")]
    with pytest.raises(NotAllowed):
        deals.approve(request, world.chen, at=AT)
    with pytest.raises(WrongState):
        amendments.discard(amendment=amendment, by=world.chen, at=AT)
    deals.approve(request, world.rosa, at=AT)
    assert fees(contract, 10) == [("Seats", "390.00")]


def test_what_was_submitted_is_frozen(world: World) -> None:
    contract = agreements.contract(world, seats(world))
    amendment = amending.draft(
        world, contract, MID, quantities=[{"key": "seats", "quantity": D(15)}],
        adds=[("bound", {"key": "cap", "name": "Cap", "kind": "MAXIMUM", "amount": D(100)})],
        ends=[{"part": "recurring", "key": "seats", "last_date": date(2026, 11, 30)}],
    )  # fmt: skip
    digest = content_digest(amendment)
    amending.submitted(world, amendment)
    amendment.refresh_from_db()
    assert bytes(amendment.content_digest or b"") == digest
    for statement in (
        "UPDATE catalog_quantitychange SET quantity = 99 WHERE amendment_id IS NOT NULL",
        "UPDATE catalog_agreedbound SET amount = 1",
        "DELETE FROM catalog_partend",
        "UPDATE catalog_amendment SET effective_date = '2026-10-01'",
        "UPDATE catalog_amendment SET status = 'APPROVED'",
        "UPDATE catalog_contract SET last_date = '2026-10-31'",
        "UPDATE catalog_recurringcharge SET unit_price = 1",
    ):
        with pytest.raises(BROKEN), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_yearly_fee_paid_ahead_is_settled_where_it_changes(world: World) -> None:
    contract = agreements.contract(world, seats(world, unit_price=D(365), cadence="ANNUAL"))
    assert fees(contract, 10) == [("Seats", "920.00")]  # anchored in January: 92 days × 10
    amending.amended(world, contract, date(2026, 11, 15), quantities=[{"key": "seats", "quantity": D(12)}])
    assert fees(contract, 10) == [("Seats", "920.00")]
    assert fees(contract, 11) == [("Seats", "94.00")]  # 47 days × 2 more
    assert fees(contract, 12) == []
    assert fees(contract, 1, 2027) == [("Seats", "4,380.00".replace(",", ""))]


def test_a_cancellation_gives_back_what_was_paid_ahead(world: World) -> None:
    contract = agreements.contract(world, seats(world, unit_price=D(365), cadence="ANNUAL"), seats_monthly())
    amending.amended(world, contract, date(2026, 11, 10), kind="CANCELLATION", end_date=date(2026, 11, 15))
    assert contract.served_until == date(2026, 11, 15)
    assert fees(contract, 10) == [("Seats", "920.00"), ("Support", "30.00")]
    assert fees(contract, 11, day=12) == [("Support", "15.00"), ("Seats", "-460.00")]  # 46 days × 10 were not served
    period = period_of(contract, datetime(2026, 11, 12, tzinfo=UTC))
    assert period.ends_at == datetime(2026, 11, 15, 23, tzinfo=UTC)
    with pytest.raises(NotFound):
        period_of(contract, datetime(2026, 11, 16, 12, tzinfo=UTC))


def seats_monthly() -> Said:
    said = {"key": "support", "name": "Support", "unit_price": D(30), "product": Product.objects.get()}
    return agreed.add_recurring, said


def test_a_draft_ends_where_its_contract_is_cancelled(world: World) -> None:
    contract = agreements.contract(world, seats(world))
    at = datetime(2026, 10, 20, tzinfo=UTC)
    drafted = priced.draft(contract, at, period=at)
    amending.amended(world, contract, date(2026, 10, 18), kind="CANCELLATION", end_date=date(2026, 10, 25))
    assert fees(contract, 10) == [("Seats", "250.00")]
    drafted.refresh_from_db()
    assert drafted.period_ends_at == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_a_renewal_serves_longer_and_terms_of_the_whole_change_from_its_day(world: World) -> None:
    contract = agreements.contract(world, seats(world), end_date=date(2026, 11, 20))
    assert fees(contract, 11) == [("Seats", "206.67")]
    amending.amended(
        world, contract, date(2026, 11, 5), kind="RENEWAL", end_date=date(2027, 11, 20), net_days=45,
        purchase_order="PO-7",
    )  # fmt: skip
    assert fees(contract, 11) == [("Seats", "310.00")]
    assert [settings_on(contract, date(2026, 11, day)).net_days for day in (4, 5)] == [30, 45]
    assert settings_on(contract, date(2026, 12, 1)).purchase_order == "PO-7"
    other = deals.draft_contract(
        world, world.acme, contract.rate_card, key="next", start_date=date(2027, 1, 1)
    )  # fmt: skip
    with pytest.raises(Conflict):
        contracts.submit(contract=other, reason="Signed", by=world.chen, at=AT)


def test_another_card_prices_from_its_day(world: World) -> None:
    contract = agreements.contract(world)
    half = [("gpt-4o", "input", "1"), ("gpt-4o", "output", "4")]
    cheap = deals.approved(world, deals.version(world, deals.card(world, "cheap"), rows=deals.prices(half)))
    amending.amended(world, contract, MID, rate_card=cheap.rate_card)
    priced.use(world, priced.october())
    invoice = priced.draft(contract)
    # 15 days at 1.00 and 2.50, then 16 at 0.40 and 1.00
    assert sorted(f"{row.amount:.2f}" for row in invoice.lines.all()) == ["15.00", "16.00", "37.50", "6.40"]
    assert settings_on(contract, date(2026, 10, 15)).rate_card_id == contract.rate_card_id


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"day": date(2026, 9, 30)}, "effective_date"),
        ({"day": date(2027, 1, 1)}, "effective_date"),
        ({"kind": "CANCELLATION"}, "end_date"),
        ({"kind": "RENEWAL"}, "end_date"),
        ({"end_date": date(2026, 10, 15)}, "end_date"),
        ({"ends": [{"part": "recurring", "key": "nothing"}]}, "ends[0].key"),
        ({"ends": [{"part": "recurring", "key": "seats", "last_date": date(2026, 10, 14)}]}, "ends[0].last_date"),
        ({"quantities": [{"key": "nothing", "quantity": D(1)}]}, "quantities[0].key"),
        ({"quantities": [{"key": "seats", "quantity": D(1), "start_date": date(2026, 10, 15)}]},
         "quantities[0].start_date"),
        ({"adds": [("bound", {"key": "cap", "name": "Cap", "kind": "MAXIMUM", "amount": D(5)})]}, "bounds[0].amount"),
        ({"adds": [("discount", {"key": "d", "name": "D", "percent": D(5), "start_date": date(2026, 10, 15)})]},
         "discounts[0].start_date"),
        ({"adds": [("instrument", {"key": "c", "name": "C", "kind": "CREDIT", "amount": D(5),
                                   "end_date": date(2026, 10, 15)})]}, "instruments[0].end_date"),
        ({"pinned_until": date(2026, 12, 1)}, "pinned_until"),
    ],
)  # fmt: skip
def test_an_amendment_is_refused_at_its_field(world: World, said: dict[str, Any], field: str) -> None:
    floor = {"key": "floor", "name": "Floor", "kind": "MINIMUM", "amount": D(10)}
    contract = agreements.contract(world, seats(world), (agreed.add_bound, floor), end_date=date(2026, 12, 31))
    day = said.pop("day", MID)
    with pytest.raises(Invalid) as refusal:
        amending.draft(world, contract, day, **said)
    assert refusal.value.errors[0].field == field
    assert not Amendment.objects.exists()


def test_an_amendment_that_changes_nothing_is_not_submitted(world: World) -> None:
    contract = agreements.contract(world, seats(world))
    amendment = amending.draft(world, contract, MID)
    with pytest.raises(Invalid) as refusal:
        amending.submitted(world, amendment)
    assert refusal.value.errors[0].field == "kind"


def test_frozen_time_is_not_amended(world: World) -> None:
    contract = agreements.contract(world, seats(world))
    priced.use(world, priced.october())
    invoice = priced.reviewed(world, contract)
    change = {"quantities": [{"key": "seats", "quantity": D(15)}]}
    with pytest.raises(Invalid) as refusal:
        amending.draft(world, contract, MID, **change)
    assert refusal.value.errors[0].field == "effective_date"
    waiting = amending.submitted(world, amending.draft(world, contract, date(2026, 11, 1), **change))
    later = priced.NOVEMBER_5 + timedelta(days=30)
    november = priced.draft(contract, later, period=datetime(2026, 11, 9, tzinfo=UTC))
    invoices.review(invoice=november, by=world.finn, at=later)
    with pytest.raises(Invalid):
        deals.approve(waiting, world.rosa, at=later)
    invoices.send_back(invoice=november, reason="An amendment came", by=world.finn, at=later)
    deals.approve(waiting, world.rosa, at=later)
    assert invoice.status == "IN_REVIEW"
    november.refresh_from_db()
    assert fees(contract, 11) == [("Seats", "465.00")]


def test_a_stranger_amends_nothing(world: World) -> None:
    contract = agreements.contract(world, seats(world))
    for who in (world.noel, world.audra):
        with pytest.raises(NotAllowed):
            amendments.draft(contract=contract, kind="CHANGE", effective_date=MID, net_days=60, by=who, at=AT)
    draft = deals.draft_contract(world, world.globex, contract.rate_card, currency="JPY")
    with pytest.raises(WrongState):
        amending.draft(world, draft, MID, net_days=60)
    assert not QuantityChange.objects.exists()


def test_a_preview_says_what_would_be(world: World) -> None:
    contract = agreements.contract(world, seats(world))
    amendment = amending.draft(world, contract, MID, quantities=[{"key": "seats", "quantity": D(15)}])
    period = period_of(contract, priced.OCTOBER + timedelta(days=9))
    now, then = terms_for(contract=contract, period=period), terms_for(contract=contract, period=period, also=amendment)
    assert [len(each.fees[0].spans) for each in (now, then)] == [1, 2]
    amending.amended(world, contract, date(2026, 10, 20), net_days=10)
    assert terms_for(contract=contract, period=period).fees == now.fees
