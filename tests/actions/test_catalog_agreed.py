"""Parts of a contract: added to drafts, covered by its approval, frozen with it, and read into terms."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import InternalError, connection, transaction
from django.db.utils import IntegrityError

from catalog.actions import agreed, contracts, grants, instruments
from catalog.models import AgreedBound, Contract, Instrument, Product, QuantityChange, RecurringCharge
from catalog.queries import period_of, terms_for
from catalog.queries.content import content_digest
from catalog.rules.agreed import InstrumentKind, Timing
from catalog.rules.terms import Terms
from monetization.foundation.models import AuditEntry
from monetization.values.errors import Invalid, NotAllowed, NotFound, WrongState
from tests import deals
from tests.make import AT, World

D = Decimal
BROKEN = (InternalError, IntegrityError)


@pytest.fixture
def draft(world: World) -> Contract:
    first = deals.list_prices(world)
    return deals.draft_contract(world, world.acme, first.rate_card, anchor="first", start_date=date(2026, 1, 11))


def told(world: World) -> dict[str, Any]:
    return {"by": world.chen, "at": AT}


def everything(world: World, contract: Contract) -> None:
    """Agree one of each."""
    by = told(world)
    inference = Product.objects.get(key="inference")
    agreed.add_recurring(
        contract=contract, key="seats", name="Seats", product=inference, unit_price=D(31), quantity=D(2),
        changes=[(date(2026, 2, 15), D(3))], **by,
    )  # fmt: skip
    agreed.add_one_time(contract=contract, key="setup", name="Set-up", product=inference, unit_price=D(500), **by)
    agreed.add_discount(contract=contract, key="launch", name="Launch", percent=D(10), products=[inference], **by)
    agreed.add_discount(contract=contract, key="coupon", name="Coupon", amount=D(25), **by)
    agreed.add_bound(contract=contract, key="floor", name="Floor", kind="MINIMUM", amount=D(100), **by)
    agreed.add_bound(contract=contract, key="lid", name="Lid", kind="MAXIMUM", amount=D(9000), **by)
    instruments.add(
        contract=contract, key="prepaid", name="Prepaid 2026", kind="PREPAID", amount=D(1000), invoiced=D(900), **by
    )


def terms(contract: Contract, month: int) -> Terms:
    return terms_for(contract=contract, period=period_of(contract, datetime(2026, month, 20, tzinfo=UTC)))


def test_parts_become_terms(world: World, draft: Contract) -> None:
    everything(world, draft)
    found = terms(draft, 1)
    assert found.served == (21, 31)
    assert [(fee.key, fee.recurring, fee.timing) for fee in found.fees] == [
        ("recurring:seats", True, Timing.ADVANCE), ("one_time:setup", False, Timing.ADVANCE),
    ]  # fmt: skip
    seats = found.fees[0]
    assert [(span.quantity, span.weight) for span in seats.spans] == [(D(2), (21, 31))]
    assert [(d.name, d.percent, d.amount, d.scope.products) for d in found.discounts] == [
        ("Launch", D(10), D(0), frozenset({"inference"})), ("Coupon", D(0), D(25), frozenset()),
    ]  # fmt: skip
    assert [(b.amount, b.prorates) for b in (*found.minimums, *found.maximums)] == [(D(100), True), (D(9000), True)]
    [prepaid] = found.instruments
    assert (prepaid.id, prepaid.kind, prepaid.balance, prepaid.original, prepaid.invoiced) == (
        "prepaid", InstrumentKind.PREPAID, D(1000), D(1000), D(900),
    )  # fmt: skip
    assert prepaid.period.starts_at == datetime(2026, 1, 10, 23, tzinfo=UTC)
    later = terms(draft, 2)
    assert [fee.key for fee in later.fees] == ["recurring:seats"]
    assert [(s.quantity, Fraction(*s.weight)) for s in later.fees[0].spans] == [
        (D(2), Fraction(14, 28)), (D(3), Fraction(14, 28)),
    ]  # fmt: skip
    assert later.full_period == later.period


def test_an_annual_fee_is_billed_with_the_first_month_in_advance_and_the_last_in_arrears(
    world: World, draft: Contract
) -> None:
    inference = Product.objects.get()
    shared = {"contract": draft, "product": inference, "unit_price": D(1200), "cadence": "ANNUAL", **told(world)}
    agreed.add_recurring(key="ahead", name="Ahead", timing="ADVANCE", **shared)
    agreed.add_recurring(key="behind", name="Behind", timing="ARREARS", **shared)
    billed = {month: [fee.key for fee in terms(draft, month).fees] for month in (1, 2, 12)}
    assert billed == {1: ["recurring:ahead"], 2: [], 12: ["recurring:behind"]}
    assert terms(draft, 1).fees[0].spans[0].weight == (355, 365)


def test_the_digest_covers_every_part(world: World, draft: Contract) -> None:
    digests = [content_digest(draft)]
    everything(world, draft)
    digests.append(content_digest(draft))
    for part, key in (
        ("recurring", "seats"), ("one_time", "setup"), ("discount", "launch"), ("bound", "floor"),
        ("instrument", "prepaid"),
    ):  # fmt: skip
        agreed.remove(contract=draft, part=part, key=key, **told(world))
        digests.append(content_digest(draft))
    assert len(set(digests)) == len(digests)
    assert RecurringCharge.history.filter(history_type="-").count() == 1
    assert not QuantityChange.objects.exists()
    assert AuditEntry.objects.filter(action="contract.edited").count() == 7 + 5


def test_parts_are_frozen_with_their_contract(world: World, draft: Contract) -> None:
    everything(world, draft)
    request = contracts.submit(contract=draft, reason="Signed", **told(world))
    with pytest.raises(WrongState):
        agreed.remove(contract=draft, part="bound", key="floor", **told(world))
    statements = (
        "UPDATE catalog_agreedbound SET amount = 1",
        "UPDATE catalog_instrument SET amount = 1",
        "UPDATE catalog_quantitychange SET quantity = 9",
        "DELETE FROM catalog_onetimecharge",
        "UPDATE catalog_agreeddiscount SET percent = 99 WHERE percent IS NOT NULL",
        "DELETE FROM catalog_agreeddiscount_products",
    )
    for statement in statements:
        with pytest.raises(BROKEN), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert request.status == "SUBMITTED"


def test_whoever_adds_is_a_maker(world: World, draft: Contract) -> None:
    agreed.add_bound(contract=draft, key="floor", name="Floor", kind="MINIMUM", amount=D(100), by=world.rosa, at=AT)
    request = contracts.submit(contract=draft, reason="Signed", **told(world))
    with pytest.raises(NotAllowed):
        deals.approve(request, world.rosa, at=AT)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": D("10.001")}, "amount"),
        ({"amount": D(0)}, None),
        ({"kind": "CREDIT", "invoiced": D(5)}, None),
        ({"start_date": date(2025, 12, 31)}, "start_date"),
        ({"kind": "POSTPAID"}, None),
        ({"kind": "GIFT"}, "kind"),
    ],
)
def test_an_instrument_is_refused(world: World, draft: Contract, changes: dict[str, Any], field: str | None) -> None:
    said = {"key": "c", "name": "C", "kind": "CREDIT", "amount": D(10)} | changes
    with pytest.raises(Invalid) as refusal:
        instruments.add(contract=draft, **said, **told(world))
    assert [error.field for error in refusal.value.errors][0] == field
    assert not Instrument.objects.exists()


def test_a_stranger_adds_nothing(world: World, draft: Contract) -> None:
    for who, kind in ((world.noel, NotAllowed), (world.audra, NotAllowed)):
        with pytest.raises(kind):
            agreed.add_bound(contract=draft, key="x", name="X", kind="MINIMUM", amount=D(1), by=who, at=AT)
    with pytest.raises(NotFound):
        agreed.remove(contract=draft, part="bound", key="x", **told(world))
    assert not AgreedBound.objects.exists()


def test_a_granted_credit_serves_its_account_once_approved(world: World, draft: Contract) -> None:
    def ids() -> list[str]:
        return [each.id for each in terms(draft, 2).instruments]

    request = grants.request(
        account=world.acme, key="sorry", name="Sorry", amount=D(50), currency="EUR", start_date=date(2026, 2, 1),
        reason="Outage", by=world.chen, at=AT,
    )  # fmt: skip
    assert ids() == []
    with pytest.raises(NotAllowed):
        deals.approve(request, world.chen, at=AT)
    request = deals.approve(request, world.finn, at=AT)
    assert (request.status, ids(), terms(draft, 1).instruments) == ("LIVE", ["sorry"], ())
    with pytest.raises(BROKEN), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_instrument SET amount = 5000")


def test_free_value_and_discounts_are_facts_for_policies(world: World, draft: Contract) -> None:
    inference = Product.objects.get()
    agreed.add_discount(contract=draft, key="a", name="A", percent=D(20), products=[inference], **told(world))
    agreed.add_discount(contract=draft, key="b", name="B", percent=D(10), **told(world))
    instruments.add(contract=draft, key="c", name="C", kind="CREDIT", amount=D(70), **told(world))
    request = contracts.submit(contract=draft, reason="Signed", **told(world))
    facts = request.items.get().facts
    numbers = {name: D(facts[name]) for name in ("discount_percent", "credits")}
    assert numbers == {"discount_percent": D(28), "credits": D(70)}
    assert facts["currency"] == ["EUR"]
