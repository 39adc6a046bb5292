"""Every price model, from the API's members to a draft invoice: its lines are those of the pure engine."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
import pytest
from django.db import IntegrityError, transaction

from billing.models import Invoice
from billing.queries import line_proofs
from billing.rules.quotes.answer import answer_of
from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.quote import quote
from catalog.actions import prices, rate_cards
from catalog.models import Charge, PriceRow, PriceTier, RateCardVersion
from catalog.queries import terms_for, version_content
from catalog.queries.cards import tariff_of_row
from catalog.queries.content import content_digest
from catalog.queries.contracts import period_of
from catalog.rules.drafts import PLAIN, ChargeDraft, ChargeTerms, Cut, PriceDraft
from catalog.rules.tariffs import Tariff, WrittenModel, per_unit
from catalog.rules.terms import Aggregation, Dimension, Measure, PerTransaction, Reset, Tier
from catalog.rules.written import tariff_in
from monetization.values.errors import DomainError, Invalid
from tests import deals, priced
from tests.make import AT, World

D = Decimal
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
names = count(1)
METRIC = replace(
    deals.tokens(), filters=(), event_type="payment", unit="EUR", divisor=D(1), measures=(Measure("amount"),),
    measure_dimension="", dimensions=(Dimension("kind", "kind"), Dimension("shop", "shop", required=False)),
)  # fmt: skip
TIERS = [{"up_to": "100", "unit_price": "2"}, {"unit_price": "1.5", "flat_fee": "5"}]
ROWS: dict[str, dict[str, Any]] = {
    "per-unit": {"model": "PER_UNIT", "unit_price": "0.000000075"},
    "graduated": {"model": "GRADUATED", "tiers": TIERS},
    "blocks": {"model": "GRADUATED", "tiers": [{"up_to": "100", "unit_price": "2", "block_size": "30"},
                                               {"unit_price": "1", "block_size": "50"}]},
    "volume": {"model": "VOLUME", "tiers": TIERS},
    "back": {"model": "VOLUME", "tiers": TIERS, "retroactive": True},
    "package": {"model": "PACKAGE", "package_size": "100", "package_price": "5"},
    "down": {"model": "PACKAGE", "package_size": "100", "package_price": "5", "rounding": "down"},
    "exact": {"model": "PACKAGE", "package_size": "100", "package_price": "5", "rounding": "exact"},
    "flat": {"model": "TIERED_FLAT", "tiers": [{"up_to": "100", "flat_fee": "10"}, {"flat_fee": "25"}]},
    "percentage": {"model": "PERCENTAGE", "percent": "2.9", "fixed_fee": "0.30", "free_events": "1",
                   "minimum_fee": "0.50", "maximum_fee": "3"},
    "percent-tiers": {"model": "GRADUATED_PERCENTAGE", "tiers": [{"up_to": "100", "percent": "2.5"},
                                                                 {"percent": "1"}]},
    "dynamic": {"model": "DYNAMIC", "multiplier": "1.2"},
}  # fmt: skip


def numbers(said: Any) -> Any:
    """Read texts as numbers, as the API does."""
    if isinstance(said, Mapping):
        return {key: value if key in ("model", "rounding") else numbers(value) for key, value in said.items()}
    if isinstance(said, list):
        return [numbers(each) for each in said]
    return D(said) if isinstance(said, str) else said


def tariff(kind: str) -> Tariff:
    return tariff_in(numbers(ROWS[kind]))


def card_of(world: World, rows: Sequence[PriceDraft], terms: ChargeTerms = PLAIN, **more: Any) -> Any:
    deals.metric(world, "payments", content=METRIC)
    deals.product(world, "pay")
    charges = [ChargeDraft("pay", "payments", tuple(rows), terms)]
    return deals.version(world, deals.card(world), charges=charges, **more)


def drafts(*kinds: str) -> list[PriceDraft]:
    return [PriceDraft("EUR", {"kind": kind}, tariff(kind)) for kind in kinds or ROWS]


def pay(world: World, kind: str, *amounts: str, shop: str = "") -> list[dict[str, Any]]:
    events = []
    for number, amount in enumerate(amounts):
        data = {"kind": kind, "amount": amount} | ({"shop": shop} if shop else {})
        at = OCTOBER + timedelta(days=number, hours=12)
        events.append(
            {"id": f"p{next(names)}", "type": "payment", "subject": "acme", "time": at.isoformat(), "data": data}
        )
    priced.use(world, events)
    return events


def billed(world: World, version: RateCardVersion) -> Invoice:
    contract = deals.contract(world, world.acme, version.rate_card, start_date=date(2026, 9, 1), anchor="first")
    return priced.draft(contract)


def engine(events: Sequence[Mapping[str, Any]], rows: Mapping[str, Any], **more: Any) -> list[tuple[str, str]]:
    """Rate the same events by the same members in the pure engine: (row, amount) of each line."""
    body = {
        "currency": "EUR", "time_zone": "Europe/Berlin",
        "period": {"start_date": "2026-10-01", "end_date": "2026-10-31"},
        "charges": [{"key": "pay", "metric": {"dimensions": ["kind", "shop"]}, **more,
                     "prices": [{"match": {"kind": kind}, **row} for kind, row in rows.items()]}],
        "usage": [
            {"charge": "pay", "quantity": e["data"]["amount"], "at": e["time"], "id": e["id"],
             "dimensions": {key: e["data"][key] for key in ("kind", "shop") if key in e["data"]}}
            for e in events
        ],
    }  # fmt: skip
    kinds = list(rows)
    quoted = quote(msgspec.convert(body, QuoteBody, strict=False), date(2026, 11, 5))
    found = answer_of(quoted, "EUR", D(0))
    return sorted((kinds[line["row"]], line["amount"]) for line in found["invoices"][0]["lines"])


def lines(invoice: Invoice) -> list[tuple[str, Decimal]]:
    return sorted((line.match["kind"], line.amount) for line in invoice.lines.all())


def test_a_draft_invoice_is_what_the_engine_says_of_the_same_members(world: World) -> None:
    version = deals.approved(world, card_of(world, drafts()))
    sent = [event for kind in ROWS for event in pay(world, kind, "80.5", "30", "140")]
    invoice = billed(world, version)
    assert lines(invoice) == [(kind, D(amount)) for kind, amount in engine(sent, ROWS)]
    assert dict(lines(invoice))["package"] == 15  # 250.5 units are three packages of 100
    assert dict(lines(invoice))["percentage"] == D("4.17")  # one free; 30 at 1.17; 140 at 4.36, at most 3
    assert [problem for line in invoice.lines.all() for problem in line_proofs.faults_of(line)] == [
        "there is no evidence"
    ] * 12


def test_free_units_tiers_apart_and_rounding_travel_too(world: World) -> None:
    said = ChargeTerms(free_units=D(40), tier_by=("shop",), highest_of="most", flat_at_zero=True)
    rows = drafts("graduated")
    version = deals.approved(world, card_of(world, rows, said))
    sent = [event for shop in ("a", "b") for event in pay(world, "graduated", "80", "60", shop=shop)]
    more = {"free_units": "40", "tier_by": ["shop"], "flat_at_zero": True}
    found = engine(sent, {"graduated": ROWS["graduated"]}, **more)
    assert lines(billed(world, version)) == [(kind, D(amount)) for kind, amount in found]


def test_a_price_of_the_largest_value_waits_for_the_next_period(world: World) -> None:
    metric = replace(METRIC, aggregation=Aggregation.MAX)
    deals.metric(world, "payments", content=metric)
    deals.product(world, "pay")
    card = deals.card(world)

    def draft(price: str, cut: Cut, **more: Any) -> RateCardVersion:
        row = PriceDraft("EUR", {}, per_unit(D(price)))
        charge = ChargeDraft("pay", "payments", (row,), ChargeTerms(cut=cut))
        return deals.approved(world, deals.version(world, card, charges=[charge], **more))

    draft("1", Cut.NONE)
    middle = OCTOBER + timedelta(days=14)
    draft("2", Cut.NONE, effective_at=middle)
    contract = deals.contract(world, world.acme, card, start_date=date(2026, 9, 1), anchor="first")
    period = period_of(contract, middle)
    assert {p.tiers[0].unit_price for s in terms_for(contract=contract, period=period).segments
            for c in s.charges for p in c.prices} == {D(1)}  # fmt: skip
    draft("3", Cut.BY_TIME, effective_at=middle + timedelta(days=1))
    shown = [(c.by_time, p.tiers[0].unit_price) for s in terms_for(contract=contract, period=period).segments
             for c in s.charges for p in c.prices]  # fmt: skip
    assert shown == [(False, D(1)), (True, D(3))]


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_is_read_as_it_was_written_and_copied_to_the_next_version(world: World, kind: str) -> None:
    first = deals.approved(world, card_of(world, drafts(kind)))
    draft = rate_cards.draft(rate_card=first.rate_card, by=world.mia, at=AT)
    kept = [tariff_of_row(row) for row in PriceRow.objects.order_by("pk")]
    assert kept == [tariff(kind)] * 2
    assert version_content(draft)[0].prices[0].tariff == tariff(kind)


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("package", {"rounding": "down"}), ("package", {"package_size": "101"}), ("back", {"retroactive": False}),
        ("percentage", {"percent": "3"}), ("percentage", {"fixed_fee": "0.31"}), ("percentage", {"free_events": "2"}),
        ("percentage", {"free_amount": "1"}), ("percentage", {"minimum_fee": "0.51"}),
        ("percentage", {"maximum_fee": "4"}), ("dynamic", {"multiplier": "1.3"}),
        ("blocks", {"tiers": [ROWS["blocks"]["tiers"][0] | {"block_size": "31"}, ROWS["blocks"]["tiers"][1]]}),
    ],
)  # fmt: skip
def test_each_number_is_in_the_digest_and_calls_for_every_policy(world: World, kind: str, changed: Any) -> None:
    first = deals.approved(world, card_of(world, drafts(kind)))
    draft = rate_cards.draft(rate_card=first.rate_card, by=world.mia, at=AT)
    row = PriceRow.objects.get(charge__version=draft)
    before = content_digest(draft)
    prices.set_price(price=row, tariff=tariff_in(numbers(ROWS[kind] | changed)), by=world.mia, at=AT)
    assert content_digest(draft) != before
    if kind != "dynamic":
        assert "max_change_percent" not in rate_cards.facts_of(draft)


@pytest.mark.parametrize(
    "said",
    [
        {"free_units": D(1)}, {"flat_at_zero": True}, {"tier_by": ("shop",)}, {"cut": Cut.BY_TIME},
        {"highest_of": "most"}, {"rounds_as_one": True}, {"tier_reset": Reset.LIFETIME},
    ],
)  # fmt: skip
def test_how_a_charge_counts_is_in_the_digest_and_the_difference(world: World, said: dict[str, Any]) -> None:
    first = deals.approved(world, card_of(world, drafts("graduated")))
    draft = rate_cards.draft(rate_card=first.rate_card, by=world.mia, at=AT)
    before = content_digest(draft)
    prices.set_terms(charge=draft.charges.get(), terms=ChargeTerms(**said), by=world.mia, at=AT)
    assert content_digest(draft) != before
    assert "max_change_percent" not in rate_cards.facts_of(draft)
    with pytest.raises(Invalid) as refused:
        prices.set_terms(charge=draft.charges.get(), terms=ChargeTerms(tier_by=("x",)), by=world.mia, at=AT)
    assert refused.value.errors[0].field == "tier_by[0]"


@pytest.mark.parametrize(
    ("kind", "wrong", "field"),
    [
        ("package", {"package_size": "0"}, "package_size"), ("package", {"package_price": "-1"}, "package_price"),
        ("percentage", {"percent": "-1"}, "percent"), ("percentage", {"minimum_fee": "9"}, "minimum_fee"),
        ("percentage", {"free_events": "1.5"}, "free_events"), ("dynamic", {"multiplier": "-1"}, "multiplier"),
        ("percent-tiers", {"tiers": [{"percent": "-1"}]}, "tiers[0].percent"),
        ("flat", {"tiers": [{"up_to": "5", "flat_fee": "1"}]}, "tiers[0].up_to"),
        ("blocks", {"tiers": [{"unit_price": "1", "block_size": "0"}]}, "tiers[0].block_size"),
        ("flat", {"tiers": [{"unit_price": "1"}]}, "tiers[0].unit_price"),
        ("percentage", {"unit_price": "1"}, "unit_price"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_as_it_was_written(world: World, kind: str, wrong: Any, field: str) -> None:
    draft = card_of(world, drafts("graduated"))
    with pytest.raises(DomainError) as refused:
        prices.set_price(
            price=PriceRow.objects.get(charge__version=draft), tariff=tariff_in(numbers(ROWS[kind] | wrong)),
            by=world.mia, at=AT,
        )  # fmt: skip
    assert [error.field for error in refused.value.errors] == [field]


def test_a_percentage_needs_amounts_as_they_are(world: World) -> None:
    deals.metric(world, "payments", content=replace(METRIC, divisor=D(100)))
    deals.product(world, "pay")
    draft = deals.version(
        world, deals.card(world), charges=[ChargeDraft("pay", "payments", tuple(drafts("percentage")))]
    )
    assert [error.field for error in rate_cards.errors(draft, AT)] == ["charges[0].prices[0].model"]


def test_the_database_keeps_each_models_shape(world: World) -> None:
    draft = card_of(world, drafts())
    rows = {row.match["kind"]: row for row in PriceRow.objects.filter(charge__version=draft)}
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("per-unit", {"unit_price": None}), ("graduated", {"unit_price": 1}), ("package", {"packages": ""}),
        ("volume", {"packages": "up"}), ("graduated", {"retroactive": True}), ("percentage", {"percent": None}),
        ("flat", {"maximum_fee": 1}), ("dynamic", {"unit_price": None}), ("flat", {"model": "GUESS"}),
    ]  # fmt: skip
    for kind, values in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            PriceRow.objects.filter(pk=rows[kind].pk).update(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        PriceTier.objects.filter(price=rows["package"]).update(block_size=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Charge.objects.filter(version=draft).update(free_units=-1)
    with pytest.raises(Invalid) as refused:
        broken = Tariff(WrittenModel.PACKAGE, (Tier(unit_price=D(1)),))
        charge = ChargeDraft("pay", "payments", (PriceDraft("EUR", {}, broken),))
        rate_cards.replace_content(version=draft, charges=[charge], by=world.mia, at=AT)
    assert refused.value.errors[0].field == "charges[0].prices[0].package_size"
    assert PerTransaction(D(1)) == Tariff(WrittenModel.PERCENTAGE, transaction=PerTransaction(D(1))).transaction
