"""Parts of a contract with days of their own: what October's invoice says of them, and what is refused."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from catalog.actions import agreed
from catalog.models import Contract, Product
from catalog.queries.content import content_of
from monetization.values.errors import Invalid
from tests import agreements, priced
from tests.make import World

D = Decimal
Said = tuple[Callable[..., Any], dict[str, Any]]


def lines(contract: Contract) -> list[tuple[str, str, str]]:
    rows = priced.draft(contract).lines.order_by("position")
    return [(row.kind, row.description, f"{row.amount:.2f}") for row in rows]


def signed(world: World, *parts: Said) -> Contract:
    """Agree from 1 September on list prices, with these parts; acme's list price of October is 77.50 + 31.00."""
    contract = agreements.contract(world, *parts, start_date=date(2026, 9, 1))
    priced.use(world, priced.october())
    return contract


def seats(world: World, **more: Any) -> Said:
    priced.list_card(world)
    said = {"key": "seats", "name": "Seats", "unit_price": D(31), "product": Product.objects.get()}
    return agreed.add_recurring, said | more


def test_a_fee_is_due_for_its_days(world: World) -> None:
    contract = signed(world, seats(world, start_date=date(2026, 10, 16), end_date=date(2026, 10, 25)))
    assert [line for line in lines(contract) if line[0] == "recurring"] == [("recurring", "Seats", "10.00")]


def test_a_discount_comes_off_the_days_on_which_it_stands(world: World) -> None:
    half = {"key": "half", "name": "Half", "percent": D(50), "start_date": date(2026, 10, 16)}
    contract = signed(world, seats(world), (agreed.add_discount, half))
    assert lines(contract) == [
        # 15 days at 1.00 a day for output and 2.50 for input, then 16 at half of that
        ("usage", "gpt-4o · output", "23.00"), ("usage", "gpt-4o · input", "57.50"),
        ("recurring", "Seats", "23.00"),  # 15 + 16 × 0.5
    ]  # fmt: skip


def test_a_cap_and_a_minimum_count_their_days(world: World) -> None:
    cap = {"key": "cap", "name": "Cap", "kind": "MAXIMUM", "amount": D(62), "start_date": date(2026, 10, 16)}
    contract = signed(world, (agreed.add_bound, cap))
    # 16 days of 3.50 are 56.00; 62 × 16 ÷ 31 = 32.00 may be billed for them
    assert sum(D(amount) for _, _, amount in lines(contract)) == D("84.50")


def test_a_minimum_is_raised_inside_a_period(world: World) -> None:
    floors = [
        {"key": "low", "name": "Low", "kind": "MINIMUM", "amount": D(310), "end_date": date(2026, 10, 10)},
        {"key": "high", "name": "High", "kind": "MINIMUM", "amount": D(620), "start_date": date(2026, 10, 11)},
    ]
    contract = signed(world, *((agreed.add_bound, each) for each in floors))
    assert sum(D(amount) for _, _, amount in lines(contract)) == D("520.00")


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"start_date": date(2026, 10, 2), "end_date": date(2026, 10, 1)}, "end_date"),
        ({"start_date": date(2026, 8, 31)}, "start_date"),
        ({"end_date": date(2027, 1, 1)}, "end_date"),
    ],
)
def test_days_that_cannot_be_are_refused(world: World, days: dict[str, date], field: str) -> None:
    bound = {"key": "cap", "name": "Cap", "kind": "MAXIMUM", "amount": D(62), **days}
    with pytest.raises(Invalid) as refusal:
        agreements.contract(world, (agreed.add_bound, bound), end_date=date(2026, 12, 31), start_date=date(2026, 9, 1))
    assert [error.field for error in refusal.value.errors] == [field]


def test_a_maximum_below_a_minimum_is_refused_where_they_meet(world: World) -> None:
    floor = {"key": "floor", "name": "Floor", "kind": "MINIMUM", "amount": D(100), "end_date": date(2026, 10, 10)}
    cap = {"key": "cap", "name": "Cap", "kind": "MAXIMUM", "amount": D(99), "start_date": date(2026, 10, 10)}
    with pytest.raises(Invalid) as refusal:
        agreements.contract(world, (agreed.add_bound, floor), (agreed.add_bound, cap))
    assert [error.field for error in refusal.value.errors] == ["amount"]
    later = cap | {"start_date": date(2026, 10, 11)}
    agreements.contract(world, (agreed.add_bound, floor), (agreed.add_bound, later), key="another")


def test_days_are_in_the_digest(world: World) -> None:
    contract = signed(world, seats(world, start_date=date(2026, 10, 16)))
    [fee] = content_of(contract)["recurring_charges"]
    assert (fee["start_date"], fee["end_date"]) == ("2026-10-16", None)
