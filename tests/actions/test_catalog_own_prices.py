"""A contract's own prices and multipliers: added to drafts, checked against its list, read into terms, frozen."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import InternalError, transaction
from django.db.utils import IntegrityError

from catalog.actions import agreed, contracts, own_prices
from catalog.models import Contract, OverrideTier, PriceMultiplier, PriceOverride, Product, RateCardVersion
from catalog.queries import effective_prices, period_of, terms_for
from catalog.queries.content import content_digest
from catalog.rules.tariffs import Tariff, WrittenModel, per_unit, tiered
from catalog.rules.terms import Applied, Level, PerTransaction, Price, Terms, Tier
from monetization.values.errors import DomainError, Invalid, WrongState
from tests import deals
from tests.make import AT, World

D = Decimal
GPT_IN = {"model": "gpt-4o", "token_type": "input"}
Said = dict[str, Any]


@pytest.fixture
def first(world: World) -> RateCardVersion:
    return deals.list_prices(world)


@pytest.fixture
def draft(world: World, first: RateCardVersion) -> Contract:
    return deals.draft_contract(world, world.acme, first.rate_card, anchor="first")


def own(world: World, contract: Contract, key: str = "input", tariff: Tariff | None = None, **more: Any) -> None:
    """Agree a price of 2.00 for any usage, unless told otherwise."""
    said = {
        "product": Product.objects.get(key="inference"),
        "name": key.capitalize(),
        "by": world.chen,
        "at": AT,
    } | more
    own_prices.add_override(contract=contract, key=key, tariff=tariff or per_unit(D(2)), **said)


def times(world: World, contract: Contract, factor: str, key: str = "less", **more: Any) -> None:
    """Agree a multiplier."""
    said = {"name": key.capitalize(), "by": world.chen, "at": AT} | more
    own_prices.add_multiplier(contract=contract, key=key, factor=D(factor), **said)


def terms(contract: Contract, month: int) -> Terms:
    return terms_for(contract=contract, period=period_of(contract, datetime(2026, month, 20, tzinfo=UTC)))


def seen(found: Terms) -> list[tuple[datetime, dict[str, Decimal]]]:
    """Show each segment as (start, price by values and level)."""
    return [(each.period.starts_at, {_name(price): price.tiers[0].unit_price for price in _prices(each)}) for each in
            found.segments]  # fmt: skip


def _prices(segment: Any) -> list[Price]:
    return [price for charge in segment.charges for price in charge.prices]


def _name(price: Price) -> str:
    return "/".join(value for _, value in price.match) + ("!" if price.level is Level.CONTRACT else "")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


LISTED = {"gpt-4o/input": D("2.5"), "gpt-4o/output": D(10), "claude/input": D(3), "claude/output": D(15)}


def test_a_dated_price_cuts_the_month_at_local_midnight_and_hides_what_it_covers(world: World, draft: Contract) -> None:
    own(world, draft, match={"model": "gpt-4o"}, start_date=date(2026, 2, 10), end_date=date(2026, 2, 19))
    rest = {"claude/input": D(3), "claude/output": D(15)}
    assert seen(terms(draft, 2)) == [
        (utc(2026, 1, 31, 23), LISTED),
        (utc(2026, 2, 9, 23), {"gpt-4o!": D(2)} | rest),  # its first day counts in full, in Berlin
        (utc(2026, 2, 19, 23), LISTED),  # its last day is still served
    ]
    assert seen(terms(draft, 3)) == [(utc(2026, 2, 28, 23), LISTED)]
    price = _prices(terms(draft, 2).segments[1])[0]
    source = price.source
    assert (price.key, source.card, source.version, source.version_id) == ("input", "acme-2026", 0, draft.pk)
    assert source.owner == f"foundation.user:{world.chen.pk}"


def test_multipliers_scale_the_list_and_leave_own_prices_alone(world: World, draft: Contract) -> None:
    own(world, draft, match=GPT_IN)
    times(world, draft, "0.9")
    times(world, draft, "0.5", "half", match={"token_type": "output"}, start_date=date(2026, 2, 10), priority=3)
    before = {"gpt-4o/input!": D(2), "gpt-4o/output": D(9), "claude/input": D("2.7"), "claude/output": D("13.5")}
    after = before | {"gpt-4o/output": D("4.5"), "claude/output": D("6.75")}
    assert [prices for _, prices in seen(terms(draft, 2))] == [before, after]
    named = {_name(price): price.multipliers for price in _prices(terms(draft, 2).segments[1])}
    assert named["gpt-4o/output"] == (Applied("less", D("0.9")), Applied("half", D("0.5")))
    assert named["gpt-4o/input!"] == ()
    for combine, expected in (("lowest", D(5)), ("first", D(9))):
        contracts.edit(contract=draft, combine_multipliers=combine, by=world.chen, at=AT)
        draft.refresh_from_db()
        assert seen(terms(draft, 3))[0][1]["gpt-4o/output"] == expected


def test_a_pinned_contract_keeps_both_when_the_card_moves_on(world: World, first: RateCardVersion) -> None:
    rows = deals.prices([("gpt-4o", "", "4")])
    deals.approved(world, deals.version(world, first.rate_card, rows=rows, effective_date=date(2026, 2, 10)))
    shared = {"anchor": "first"}
    pinned = deals.draft_contract(world, world.acme, first.rate_card, pinned_version=first, **shared)
    follows = deals.draft_contract(world, world.acme, first.rate_card, key="follows", **shared)
    for contract in (pinned, follows):
        times(world, contract, "0.5")
    half = {name: price / 2 for name, price in LISTED.items()}
    assert [prices for _, prices in seen(terms(pinned, 2))] == [half]
    assert [prices for _, prices in seen(terms(follows, 2))] == [half, {"gpt-4o": D(2)}]


def test_every_number_of_a_price_is_scaled_but_no_bound(world: World, first: RateCardVersion) -> None:
    rows = (deals.graduated("EUR", GPT_IN, ("100", "3", "10"), (None, "2", "0")),)
    deals.approved(world, deals.version(world, first.rate_card, rows=rows, effective_date=date(2026, 2, 1)))
    contract = deals.draft_contract(world, world.acme, first.rate_card, anchor="first")
    times(world, contract, "0.75")
    (price,) = _prices(terms(contract, 3).segments[0])
    assert price.tiers == (Tier(D(100), D("2.25"), D("7.5")), Tier(None, D("1.5")))


def test_prices_are_shown_beside_the_list_of_a_draft(world: World, draft: Contract) -> None:
    own(world, draft, match=GPT_IN)
    own(world, draft, "sonnet", tiered([Tier(D(5), D(3)), Tier(None, D(1))]), match={"model": "sonnet"})
    times(world, draft, "0.82", match={"model": "claude", "token_type": "input"})
    found = {
        "/".join(value for _, value in each.match): (
            each.list_words, each.override_words, each.effective_words, each.discount_percent
        )
        for each in effective_prices(draft, utc(2026, 2, 20))
    }  # fmt: skip
    assert found == {
        "gpt-4o/input": ("2.50 per 1M tokens", "input", "2.00 per 1M tokens", D(20)),
        "gpt-4o/output": ("10.00 per 1M tokens", "", "10.00 per 1M tokens", D(0)),
        "claude/input": ("3.00 per 1M tokens", "× 0.82 less", "2.46 per 1M tokens", D(18)),
        "claude/output": ("15.00 per 1M tokens", "", "15.00 per 1M tokens", D(0)),
        "sonnet": ("", "sonnet", "3.00 up to 5, 1.00 above", None),
    }
    start = date(2026, 1, 1)
    bare = Contract(account=world.acme, rate_card=draft.rate_card, currency="EUR", start_date=start)
    assert len(effective_prices(bare, AT)) == 4


REFUSED: list[tuple[str, Said]] = [
    ("match.colour", {"match": {"colour": "red"}}),
    ("match.token_type", {"match": {"token_type": "sideways"}}),
    ("tiers[1].up_to", {"tariff": tiered([Tier(D(10), D(1)), Tier(D(5), D(1)), Tier(None, D(1))])}),  # they overlap
    ("tiers[0].up_to", {"tariff": tiered([Tier(D(10), D(1))], WrittenModel.GRADUATED)}),  # a gap above
    ("unit_price", {"tariff": per_unit(D(-1))}),
    ("package_size", {"tariff": Tariff(WrittenModel.PACKAGE, (Tier(unit_price=D(1), block_size=D(-5)),))}),
    ("fixed_fee", {"tariff": Tariff(WrittenModel.PERCENTAGE, transaction=PerTransaction(D(1), D(-1)))}),
    ("start_date", {"start_date": date(2025, 12, 31)}),
    ("match", {"match": GPT_IN, "start_date": date(2026, 2, 28)}),  # another prices this until then
]


@pytest.mark.parametrize(("field", "said"), REFUSED, ids=[f"{n}-{field}" for n, (field, _) in enumerate(REFUSED)])
def test_prices_that_are_refused(world: World, draft: Contract, field: str, said: Said) -> None:
    own(world, draft, "there", match=GPT_IN, end_date=date(2026, 2, 28))
    with pytest.raises(DomainError) as error:
        own(world, draft, **said)
    assert field in [each.field for each in error.value.errors]
    assert PriceOverride.objects.count() == 1
    own(world, draft, match=GPT_IN, start_date=date(2026, 3, 1))


FACTORS: list[tuple[str, str, Said]] = [
    ("factor", "-0.1", {}), ("factor", "101", {}),
    ("match", "0.9", {"match": {"model": "nothing"}}), ("tags", "0.9", {"tags": ["nothing"]}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "factor", "said"), FACTORS)
def test_multipliers_that_are_refused(world: World, draft: Contract, field: str, factor: str, said: Said) -> None:
    with pytest.raises(Invalid) as error:
        times(world, draft, factor, **said)
    assert error.value.field == field and not PriceMultiplier.objects.exists()


def test_a_product_that_is_not_on_the_card_has_no_price_of_its_own(world: World, draft: Contract) -> None:
    other = deals.product(world, "other")
    with pytest.raises(Invalid) as error:
        own(world, draft, product=other)
    assert error.value.field == "product"
    with pytest.raises(Invalid) as error:
        times(world, draft, "0.5", products=[other])
    assert error.value.field == "products"


def test_the_digest_covers_them_and_the_approval_freezes_them(world: World, draft: Contract) -> None:
    digests = [content_digest(draft)]
    own(world, draft, tariff=tiered([Tier(D(5), D(3)), Tier(None, D(1))]))
    digests.append(content_digest(draft))
    times(world, draft, "0.9")
    digests.append(content_digest(draft))
    agreed.remove(contract=draft, part="override", key="input", by=world.chen, at=AT)
    digests.append(content_digest(draft))
    own(world, draft, tariff=tiered([Tier(D(5), D(3)), Tier(None, D(2))]))
    digests.append(content_digest(draft))
    assert len(set(digests)) == 5
    assert OverrideTier.history.filter(history_type="-").count() == 2
    request = contracts.submit(contract=draft, reason="Signed", by=world.chen, at=AT)
    with pytest.raises(WrongState):
        times(world, draft, "0.9", "again")
    deals.approve(request, world.rosa, at=AT)
    for rows in (OverrideTier.objects.all(), PriceMultiplier.objects.all(), PriceOverride.objects.all()):
        with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
            rows._raw_delete(rows.db)
    draft.refresh_from_db()
    source = _prices(terms(draft, 2).segments[0])[0].source
    assert source.approval == f"foundation.change_request:{request.pk}"


def test_prices_that_no_longer_fit_the_card_are_refused_on_submission(world: World, draft: Contract) -> None:
    own(world, draft)
    times(world, draft, "0.9")
    deals.metric(world, "calls", content=deals.tokens(), at=AT)
    deals.product(world, "calls")
    other = deals.card(world, "other")
    charge = deals.ChargeDraft("calls", "calls", deals.prices())
    deals.approved(world, deals.version(world, other, charges=[charge]))
    contracts.edit(contract=draft, rate_card=other, by=world.chen, at=AT)
    draft.refresh_from_db()
    with pytest.raises(Invalid) as error:
        contracts.submit(contract=draft, reason="Signed", by=world.chen, at=AT)
    assert error.value.field == "overrides" and "Other prices" in error.value.message


def test_what_is_approved_is_read_once(world: World, draft: Contract, django_assert_max_num_queries) -> None:
    own(world, draft, match=GPT_IN)
    times(world, draft, "0.9")
    deals.approve(contracts.submit(contract=draft, reason="Signed", by=world.chen, at=AT), world.rosa, at=AT)
    contract = Contract.objects.select_related("account").get(pk=draft.pk)
    with_own = terms(contract, 2)
    with django_assert_max_num_queries(14):  # as a contract without prices of its own: one for each kind of part
        assert terms(contract, 2) == with_own
