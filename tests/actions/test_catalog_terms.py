"""What terms a contract has in a period: in force, pinned, cut, bounded in queries."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from catalog.actions import metrics, rate_cards
from catalog.models import Contract
from catalog.queries import cards as card_queries
from catalog.queries import contract_at, contract_covering, live_version, period_of, periods_of, terms_for
from catalog.queries import metrics as metric_queries
from catalog.rules.drafts import ChargeDraft
from catalog.rules.terms import Dimension, Terms, Tier
from monetization.values.errors import NotFound
from monetization.values.periods import Period
from tests import deals
from tests.make import AT, World


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def seen(terms: Terms) -> list[tuple[datetime, datetime | None, dict[str, Decimal]]]:
    """Show each segment as (start, end, price by model and token type)."""
    return [
        (
            segment.period.starts_at,
            segment.period.ends_at,
            {
                "/".join(value for _, value in price.match): price.tiers[0].unit_price
                for charge in segment.charges
                for price in charge.prices
            },
        )
        for segment in terms.segments
    ]


def february(contract: Contract) -> Terms:
    return terms_for(contract=contract, period=period_of(contract, utc(2026, 2, 15)))


@pytest.fixture
def first(world: World):
    return deals.list_prices(world)


LISTED = {
    "gpt-4o/input": Decimal("2.5"), "gpt-4o/output": Decimal(10),
    "claude/input": Decimal(3), "claude/output": Decimal(15),
}  # fmt: skip


def test_terms_of_a_plain_month(world: World, first) -> None:
    contract = deals.contract(world, world.acme, first.rate_card, discount_percent=Decimal("12.5"))
    period = period_of(contract, utc(2026, 3, 10))
    assert period == Period(utc(2026, 2, 28, 23), utc(2026, 3, 31, 22))  # Berlin: winter, then summer time
    terms = terms_for(contract=contract, period=period)
    assert (terms.contract, terms.currency, terms.zone) == ("acme-2026", "EUR", "Europe/Berlin")
    assert seen(terms) == [(period.starts_at, period.ends_at, LISTED)]
    assert [(d.percent, d.name) for d in terms.discounts] == [(Decimal("12.5"), "Contract discount")]
    charge = terms.segments[0].charges[0]
    assert (charge.product, charge.name, charge.tax_category, charge.currency) == (
        "inference", "Model inference", "standard", "EUR",
    )  # fmt: skip
    source = charge.prices[0].source
    assert (source.card, source.version, source.version_id) == ("list", 1, first.pk)
    assert source.owner == f"foundation.user:{world.mia.pk}"
    assert source.approval == f"foundation.change_request:{first.request_id}"


def test_a_date_is_midnight_in_each_account_and_an_instant_the_same_for_all(world: World, first) -> None:
    berlin = deals.contract(world, world.acme, first.rate_card)
    york = deals.contract(world, world.acme_us, first.rate_card, currency="USD")
    rows = deals.prices([("gpt-4o", "", "4")], ["EUR", "USD"])
    deals.approved(world, deals.version(world, first.rate_card, rows=rows, effective_date=date(2026, 2, 10)))
    rows = deals.prices([("gpt-4o", "", "5")], ["EUR", "USD"])
    deals.approved(world, deals.version(world, first.rate_card, rows=rows, effective_at=utc(2026, 2, 20, 15)))
    cuts = {
        contract.key: [segment.period.starts_at for segment in february(contract).segments]
        for contract in (berlin, york)
    }
    assert cuts == {
        "acme-2026": [utc(2026, 1, 31, 23), utc(2026, 2, 9, 23), utc(2026, 2, 20, 15)],
        "acme-us-2026": [utc(2026, 2, 1, 5), utc(2026, 2, 10, 5), utc(2026, 2, 20, 15)],
    }
    terms = terms_for(contract=york, period=period_of(york, utc(2026, 2, 15)))
    assert [prices for _, _, prices in seen(terms)] == [LISTED, {"gpt-4o": Decimal(4)}, {"gpt-4o": Decimal(5)}]


def test_nothing_is_priced_before_the_first_version(world: World) -> None:
    version = deals.list_prices(world, effective_at=utc(2026, 1, 10))
    contract = deals.contract(world, world.globex, version.rate_card)
    terms = terms_for(contract=contract, period=period_of(contract, utc(2026, 1, 5)))
    assert [(start, len(prices)) for start, _, prices in seen(terms)] == [
        (utc(2025, 12, 31, 15), 0),
        (utc(2026, 1, 10), 4),
    ]


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (None, [(utc(2026, 1, 31, 23), "2.5")]),
        (date(2026, 2, 20), [(utc(2026, 1, 31, 23), "2.5"), (utc(2026, 2, 19, 23), "4")]),
        (date(2026, 2, 5), [(utc(2026, 1, 31, 23), "2.5"), (utc(2026, 2, 9, 23), "4")]),
    ],
)
def test_a_pinned_contract_keeps_its_version_until_the_pin_ends(world: World, first, until, expected) -> None:
    contract = deals.contract(world, world.acme, first.rate_card, pinned_version=first, pinned_until=until)
    rows = deals.prices([("gpt-4o", "input", "4")])
    deals.approved(world, deals.version(world, first.rate_card, rows=rows, effective_date=date(2026, 2, 10)))
    terms = terms_for(contract=contract, period=period_of(contract, utc(2026, 2, 15)))
    assert [(start, prices["gpt-4o/input"]) for start, _, prices in seen(terms)] == [
        (start, Decimal(price)) for start, price in expected
    ]


def test_a_metric_version_cuts_and_brings_its_own_meaning(world: World, first) -> None:
    contract = deals.contract(world, world.globex, first.rate_card)
    metric = deals.metric_of()
    content = deals.tokens(utc(2026, 2, 14), dimensions=(Dimension("model", "model"), Dimension("region", "region")))
    second = metrics.draft_version(metric=metric, content=content, by=world.mia, at=AT)
    deals.approved_metric(world, second, at=AT)
    terms = terms_for(contract=contract, period=period_of(contract, utc(2026, 2, 20)))
    assert [
        (segment.period.starts_at, segment.charges[0].metric.number, segment.charges[0].metric.order)
        for segment in terms.segments
    ] == [
        (utc(2026, 1, 31, 15), 1, ("model", "token_type")),
        (utc(2026, 2, 14), 2, ("model", "region", "token_type")),
    ]


def test_tiers_come_through_in_order(world: World) -> None:
    deals.metric(world)
    deals.product(world)
    rows = [deals.graduated("EUR", {}, ("100", "3", "0"), ("1000", "2.5", "10"), (None, "2", "0"))]
    version = deals.approved(world, deals.version(world, deals.card(world), rows=rows))
    contract = deals.contract(world, world.acme, version.rate_card)
    price = terms_for(contract=contract, period=period_of(contract, utc(2026, 2, 1))).segments[0].charges[0].prices[0]
    assert (price.model, price.match) == ("GRADUATED", ())
    assert price.tiers == (
        Tier(Decimal(100), Decimal(3), Decimal(0)), Tier(Decimal(1000), Decimal("2.5"), Decimal(10)),
        Tier(None, Decimal(2), Decimal(0)),
    )  # fmt: skip


def test_only_rows_of_the_contracts_currency(world: World) -> None:
    deals.metric(world)
    deals.product(world)
    rows = [*deals.prices([("gpt-4o", "", "2")], ["EUR"]), *deals.prices([("gpt-4o", "", "300")], ["JPY"])]
    version = deals.approved(world, deals.version(world, deals.card(world), rows=rows))
    contract = deals.contract(world, world.globex, version.rate_card, currency="JPY")
    terms = terms_for(contract=contract, period=period_of(contract, utc(2026, 2, 1)))
    assert seen(terms)[0][2] == {"gpt-4o": Decimal(300)}


def test_terms_cost_a_fixed_number_of_queries(world: World, django_assert_max_num_queries) -> None:
    deals.metric(world)
    deals.product(world)
    many = [(f"model-{i}", kind, "1.5") for i in range(700) for kind in ("input", "output")]
    version = deals.approved(world, deals.version(world, deals.card(world), rows=deals.prices(many, ["EUR", "USD"])))
    contract = deals.contract(world, world.acme, version.rate_card)
    period = period_of(contract, utc(2026, 2, 1))
    card_queries._known.clear()
    card_queries._made.clear()
    metric_queries._known.clear()
    with django_assert_max_num_queries(19):  # each kind of part is a table; composites are the last
        cold = terms_for(contract=contract, period=period)
    with django_assert_max_num_queries(12):
        warm = terms_for(contract=contract, period=period)
    assert len(cold.segments[0].charges[0].prices) == 1400
    assert warm == cold
    assert warm.segments[0].charges[0].prices is cold.segments[0].charges[0].prices


def test_a_version_undone_with_its_transaction_is_forgotten(world: World, first) -> None:
    """The memory goes by content: what was rolled back and approved anew is read anew."""
    key = (first.pk, bytes(first.content_digest))
    stored = card_queries.stored_charges([key], "EUR")[first.pk]
    other = card_queries.stored_charges([(first.pk, b"another")], "EUR")[first.pk]
    assert other == stored and other is not stored


def test_which_contract_and_which_periods(world: World, first) -> None:
    contract = deals.contract(
        world, world.acme, first.rate_card, start_date=date(2026, 1, 31), end_date=date(2026, 4, 15)
    )
    assert contract_at(world.acme, utc(2026, 1, 30, 23)) == contract
    assert contract_at(world.acme, utc(2026, 1, 30, 22, 59)) is None
    assert contract_at(world.acme, utc(2026, 4, 15, 21, 59)) == contract
    assert contract_at(world.acme, utc(2026, 4, 15, 22)) is None
    assert contract_covering(world.acme, Period(utc(2026, 1, 1), utc(2026, 2, 1))) == contract
    assert contract_covering(world.acme, Period(utc(2026, 1, 1), utc(2026, 1, 30))) is None
    assert [(p.starts_at, p.ends_at) for p in periods_of(contract, utc(2026, 6, 1))] == [
        (utc(2026, 1, 30, 23), utc(2026, 2, 27, 23)),
        (utc(2026, 2, 27, 23), utc(2026, 3, 30, 22)),
        (utc(2026, 3, 30, 22), utc(2026, 4, 15, 22)),
    ]
    assert len(list(periods_of(contract, utc(2026, 2, 27, 23)))) == 1
    with pytest.raises(NotFound, match="doesn't cover"):
        period_of(contract, utc(2026, 5, 1))


def test_the_live_version_of_a_card(world: World, first) -> None:
    later = deals.version(
        world, first.rate_card, effective_date=date(2026, 5, 1), rows=deals.prices(currencies=["EUR"])
    )
    later = deals.approved(world, later)
    card = first.rate_card
    assert live_version(card, utc(2025, 12, 31, 23, 59)) is None
    assert live_version(card, utc(2026, 1, 1)) == first
    assert live_version(card, utc(2026, 4, 30, 22), "Europe/Berlin") == later
    assert live_version(card, utc(2026, 4, 30, 22)) == first


def test_a_charge_whose_rows_are_of_another_currency_is_left_out(world: World) -> None:
    deals.metric(world)
    deals.product(world)
    deals.product(world, "searches")
    charges = [
        ChargeDraft("inference", "llm-tokens", deals.prices([("gpt-4o", "", "2")], ["EUR"])),
        ChargeDraft("searches", "llm-tokens", deals.prices([("claude", "", "2")], ["EUR", "USD"])),
    ]
    version = deals.approved(world, deals.version(world, deals.card(world), charges=charges))
    stored = card_queries.stored_charges([(version.pk, b"")], "USD")[version.pk]
    assert [len(charge.rows) for charge in stored] == [0, 1]
    assert rate_cards.facts_of(version) == {"rows_changed": Decimal(3), "max_change_percent": Decimal(0)}
