"""A contract copied with its parts: all of them, their days moved, and what one part names is its copy."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from catalog.actions import agreed, copying, instruments
from catalog.actions.allowances import add_allowance
from catalog.actions.own_prices import add_multiplier
from catalog.models import Contract, Product
from catalog.queries.agreed_content import agreed_of
from monetization.values.errors import NotFound
from tests import deals, make

pytestmark = pytest.mark.django_db
AT = make.AT


@pytest.fixture
def source(world: make.World) -> Contract:
    """A draft of 2026 with one of each part."""
    card = deals.list_prices(world).rate_card
    made = deals.draft_contract(world, world.acme, card, end_date=date(2026, 12, 31))
    product = Product.objects.get(key="inference", environment=world.live)
    by: dict[str, Any] = {"contract": made, "by": world.chen, "at": AT}
    agreed.add_recurring(
        key="seats",
        name="Seats",
        product=product,
        unit_price=Decimal(20),
        changes=[(date(2026, 7, 1), Decimal(12))],
        **by,
    )
    agreed.add_one_time(
        key="setup", name="Set-up", product=product, unit_price=Decimal(99), date=date(2026, 2, 1), **by
    )
    add_allowance(key="free", name="Free", product=product, units=Decimal(5), per="seats", **by)
    agreed.add_discount(key="off", name="Off", percent=Decimal(5), products=[product], **by)
    agreed.add_bound(key="cap", name="Cap", kind="MAXIMUM", amount=Decimal(900), **by)
    instruments.add(key="pre", name="Prepaid", kind="PREPAID", amount=Decimal(100), invoiced=Decimal(80), **by)
    add_multiplier(key="in", name="Input", factor=Decimal("0.82"), match={"token_type": "input"}, **by)
    return made


def test_a_copy_has_every_part_a_year_later(world: make.World, source: Contract) -> None:
    made = copying.copy(
        source=source,
        account=world.acme,
        key="acme-2027",
        name="Again",
        start_date=date(2027, 1, 1),
        by=world.chen,
        at=AT,
    )
    assert (made.status, made.end_date) == ("DRAFT", date(2027, 12, 31))
    before, after = agreed_of(source), agreed_of(made)
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
    assert after["discounts"] == before["discounts"]
    assert after["bounds"] == before["bounds"]
    seats = made.recurring_charges.get()
    assert list(seats.changes.values_list("start_date", "quantity")) == [(date(2027, 7, 1), 12)]
    assert made.allowances.get().per == seats
    assert made.one_time_charges.get().date == date(2027, 2, 1)
    prepaid = made.instruments.get()
    assert (prepaid.key, prepaid.start_date, prepaid.end_date) == ("pre-2", date(2027, 1, 1), date(2027, 12, 31))
    assert made.multipliers.get().start_date == date(2027, 1, 1)


def test_nobody_copies_what_they_may_not_see(world: make.World, source: Contract) -> None:
    world.chen.role_grants.all().delete()
    with pytest.raises(NotFound):
        copying.copy(
            source=source, account=world.acme, key="x", name="X", start_date=date(2027, 1, 1), by=world.chen, at=AT
        )
    assert Contract.objects.count() == 1
