"""Invoices on a contract's own prices: which row priced what, through multipliers; coupons over several invoices."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing.actions import invoices
from billing.models import Invoice
from billing.queries.proofs import evidence_rates_again
from catalog.actions import agreed, own_prices
from catalog.actions.part_errors import facts_of
from catalog.models import Contract, PriceOverride, PriceRow, Product
from catalog.queries import period_of
from catalog.rules.tariffs import per_unit
from tests import agreements, deals, priced
from tests.make import World

D = Decimal
GPT_IN = {"model": "gpt-4o", "token_type": "input"}


def own(world: World, price: str, **more: Any) -> Any:
    inference = Product.objects.get(key="inference")
    said = {"key": "gpt", "name": "GPT", "product": inference, "tariff": per_unit(D(price)), "match": GPT_IN}
    return own_prices.add_override, said | more


def times(factor: str, **more: Any) -> Any:
    return own_prices.add_multiplier, {"key": "loyal", "name": "Loyal", "factor": D(factor)} | more


def coupon(**more: Any) -> Any:
    return agreed.add_discount, {"key": "coupon", "name": "Coupon", "amount": D(100), "periods": 1} | more


def drafted(contract: Contract, month: int) -> Invoice:
    period = period_of(contract, datetime(2026, month, 10, tzinfo=UTC))
    return invoices.draft(contract=contract, period=period, by=None, at=datetime(2026, 12, 5, 9, tzinfo=UTC))


def test_each_line_names_the_row_that_priced_it(world: World) -> None:
    priced.list_card(world)
    contract = agreements.contract(world, own(world, "2"), times("0.9"))
    priced.use(world, priced.october())
    found = priced.reviewed(world, contract)
    mine, listed = found.lines.order_by("-override_id", "position")
    # 31M tokens in at the contract's 2.00; 3.1M out at the list's 10.00 × 0.9
    assert {line.price_id is None: line.amount for line in (mine, listed)} == {True: D("62.00"), False: D("27.90")}
    own_line = found.lines.get(price=None)
    card_line = found.lines.exclude(price=None).get()
    assert own_line.override == PriceOverride.objects.get()
    card = own_line.source["cards"][0]
    assert (card["card"], card["version"], card["override"], card["multipliers"]) == ("acme-deal", 0, "gpt", [])
    assert card["approval"] == f"foundation.change_request:{contract.request_id}"
    assert card_line.price == PriceRow.objects.get(currency="EUR", match={"model": "gpt-4o", "token_type": "output"})
    assert card_line.source["cards"][0]["multipliers"] == [{"key": "loyal", "factor": "0.9"}]
    assert card_line.source["cards"][0]["card"] == "list"
    assert evidence_rates_again(priced.NOVEMBER_5) == []


def test_what_an_invoice_leaves_of_a_coupon_comes_off_the_next(world: World) -> None:
    contract = agreements.contract(world, coupon(carry_rest=True))
    priced.use(world, priced.october(days=1, input=24_000_000))  # 60.00
    november = datetime(2026, 11, 3, 12, tzinfo=UTC)
    priced.use(world, [priced.event("acme", november, input=24_000_000)])
    assert [drafted(contract, month).net for month in (10, 11)] == [D("0.00"), D("20.00")]
    assert [drafted(contract, month).net for month in (10, 11)] == [D("0.00"), D("20.00")]  # as often as one asks


def test_a_coupon_that_lapses_is_gone_with_its_period(world: World) -> None:
    contract = agreements.contract(world, coupon())
    priced.use(world, priced.october(days=1, input=24_000_000))
    priced.use(world, [priced.event("acme", datetime(2026, 11, 3, 12, tzinfo=UTC), input=24_000_000)])
    assert [drafted(contract, month).net for month in (10, 11)] == [D("0.00"), D("60.00")]


def test_policies_see_multipliers_as_what_they_take_off(world: World) -> None:
    card = priced.list_card(world)
    draft = deals.draft_contract(world, world.acme, card, discount_percent=D(10))
    for key, factor in (("a", "0.9"), ("b", "0.8"), ("c", "1.5")):
        add, said = times(factor, key=key)
        add(contract=draft, by=world.chen, at=priced.NOVEMBER_4, **said)
    assert facts_of(draft)["discount_percent"] == D("35.2")  # 1 − 0.9 × 0.9 × 0.8
    draft.combine_multipliers = "lowest"
    assert facts_of(draft)["discount_percent"] == D(28)
    add, said = own(world, "2")
    add(contract=draft, by=world.chen, at=priced.NOVEMBER_4, **said)
    assert "discount_percent" not in facts_of(draft)
