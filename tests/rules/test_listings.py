"""Catalogs as text: what is written is read again to the digit, what can't be read names its path, line and fix."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.rules.diff import Change
from catalog.rules.drafts import ChargeDraft, ChargeTerms, Cut, MetricDraft, PriceDraft
from catalog.rules.listings.differences import differences
from catalog.rules.listings.faults import faults
from catalog.rules.listings.reading import listing_in
from catalog.rules.listings.shapes import Card, Listing, Metric, Plan, Product
from catalog.rules.listings.text import parse, written
from catalog.rules.listings.writing import file_of, files_of
from catalog.rules.plans.reading import read
from catalog.rules.tariffs import Tariff, WrittenModel, per_unit
from catalog.rules.terms import Aggregation, Dimension, Filter, FilterOp, Measure, PerTransaction, Reset, Rounding, Tier
from monetization.values.errors import Invalid
from tests.packages import GROWTH

AT = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"), max_size=30)
NUMBER = st.decimals("0", "1e9", places=18)
MATCH = st.dictionaries(st.sampled_from(["model", "region"]), st.sampled_from(["no", "1.0", "null", "a: b", "x # y"]))
METRIC = MetricDraft(
    "llm.request", Aggregation.SUM, "1M tokens", AT, (Measure("input", "in", ("cached",)), Measure("output", "out")),
    "kind", (Dimension("model", "model"), Dimension("size", "size", (Decimal(200000),), False)),
    (Filter("status", FilterOp.IN, ("ok", "no")), Filter("n", FilterOp.GT, ("0",))), Decimal(1_000_000),
    Rounding.UP, -2,
)  # fmt: skip


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    model = draw(st.sampled_from(WrittenModel))
    price = draw(NUMBER)
    if model is WrittenModel.PERCENTAGE:
        free = draw(st.none() | NUMBER)
        return Tariff(model, transaction=PerTransaction(draw(NUMBER), draw(NUMBER), None, free))
    if model is WrittenModel.PACKAGE:
        tier = Tier(unit_price=price, block_size=draw(NUMBER))
        return Tariff(model, (tier,), draw(st.sampled_from([Rounding.UP, Rounding.DOWN, None])))
    if model.is_single:
        return Tariff(model, (Tier(unit_price=price),))
    has_price = model is not WrittenModel.TIERED_FLAT
    steps = (Tier(draw(NUMBER), price if has_price else Decimal(0), draw(NUMBER)), Tier(None, Decimal(0), price))
    return Tariff(model, steps, retroactive=model is WrittenModel.VOLUME and draw(st.booleans()))


@st.composite
def catalogs(draw: st.DrawFn) -> Listing:
    prices = draw(st.lists(st.builds(PriceDraft, st.sampled_from(["EUR", "JPY"]), MATCH, tariffs()), max_size=4))
    terms = ChargeTerms(
        draw(NUMBER), draw(st.booleans()), ("model",), draw(st.sampled_from(Cut)), "", draw(st.booleans()),
        draw(st.sampled_from(Reset)),
    )  # fmt: skip
    charge = ChargeDraft("api", "tokens", tuple(prices), terms)
    day, notes = draw(st.none() | st.dates()), draw(TEXT)
    return Listing(
        {"api": Product(draw(TEXT), draw(TEXT), tuple(draw(st.lists(TEXT, max_size=2))))},
        {"tokens": Metric("Tokens", meaning=METRIC), "later": Metric("Later", unseen_reason=draw(TEXT))},
        {"list": Card(draw(TEXT), "", day, None if day else AT, notes, (charge,)), "none": Card("None yet")},
        {"growth": Plan("Growth", "", day, "gmbh", "list", draw(st.none() | st.integers(1, 9)), notes, read(GROWTH))},
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(catalogs())
def test_what_is_written_is_read_again(catalog: Listing) -> None:
    text = file_of(catalog)
    again = listing_in([parse(text.encode())])
    assert again == catalog
    assert file_of(again) == text
    assert listing_in(parse(each.encode(), name) for name, each in files_of(catalog).items()) == catalog
    assert differences(catalog, again).is_empty


def test_scalars_are_the_text_that_stands_there() -> None:
    found = parse(b"a: 0.10\nb: no\nc: 2026-01-01\nd: ~\ne: '~'\nf:\ng: ''\n").value
    assert found == {"a": "0.10", "b": "no", "c": "2026-01-01", "d": None, "e": "~", "f": None, "g": ""}


def test_a_price_is_one_line_and_its_numbers_are_text() -> None:
    card = Card(
        "List", charges=(ChargeDraft("api", "tokens", (PriceDraft("EUR", {"model": "a"}, per_unit(Decimal("0.10"))),)),)
    )
    assert "    - {currency: EUR, match: {model: a}, unit_price: '0.1'}\n" in file_of(
        Listing(rate_cards={"list": card})
    )


CARD = """catalog: 1
rate_cards:
  list:
    name: List
    charges:
    - product: api
      metric: tokens
      prices:
      - {currency: EUR, PRICE}
"""


@pytest.mark.parametrize(
    ("text", "field", "line"),
    [
        (CARD.replace("PRICE", "unit_pice: 1"), "rate_cards.list.charges[0].prices[0].unit_pice", "line 9"),
        (CARD.replace("PRICE", "unit_price: cheap"), "rate_cards.list.charges[0].prices[0].unit_price", "line 9"),
        (CARD.replace("PRICE", "model: FREE"), "rate_cards.list.charges[0].prices[0].model", "line 9"),
        (CARD.replace("PRICE", "percent: 1"), "rate_cards.list.charges[0].prices[0].model", "line 9"),
        (CARD.replace("metric:", "metrik:").replace(", PRICE", ""), "rate_cards.list.charges[0].metrik", "line 7"),
        ("catalog: 1\nratecards: {}\n", "ratecards", "line 2"),
        ("catalog: 1\nplans:\n  a:\n    name: A\n    package:\n      fees: 3\n", "plans.a.package.fees", "line 6"),
        ("catalog: 1\nplans:\n  a:\n    name: A\n    effective_date: tomorrow\n", "plans.a.effective_date", "line 5"),
        ("rate_cards: {}\n", "catalog", ""),
        ("- a\n", "catalog", ""),
        ("catalog: 1\ncatalog: 1\n", "catalog", "line 2"),
        ("a: [1\n", "file", "line 2"),
        ("a: &x [1]\nb: *x\n", "file", "Line 2"),
        ("a: !!python/object/apply:os.system [ls]\n", "a", ""),
        ("[" * 100_000, "file", "Line 1"),
    ],
)  # fmt: skip
def test_what_cant_be_read_names_its_place_and_the_fix(text: str, field: str, line: str) -> None:
    with pytest.raises(Invalid) as refused:
        listing_in([parse(text.encode())])
    error = refused.value.errors[0]
    assert (error.field, line in error.message, bool(error.fix)) == (field, True, True), error.message


def test_one_thing_stands_in_one_file() -> None:
    text = written({"catalog": 1, "products": {"api": {"name": "API"}}}).encode()
    with pytest.raises(Invalid, match=r"Another file says this too \(b.yaml, line 4\)"):
        listing_in([parse(text, "a.yaml"), parse(text, "b.yaml")])


def listed(*prices: tuple[str, str], day: date | None = date(2026, 1, 1), **more: Any) -> Listing:
    rows = tuple(PriceDraft("EUR", {"model": model}, per_unit(Decimal(price))) for model, price in prices)
    card = Card("List", effective_date=day, charges=(ChargeDraft("api", "tokens", rows),))
    return Listing({"api": Product("API")}, {"tokens": Metric("Tokens", meaning=METRIC)}, {"list": card}, **more)


def test_a_difference_is_said_in_prices_and_percent() -> None:
    now, asked = listed(("a", "1"), ("b", "2")), listed(("a", "1.25"), ("c", "3"), day=date(2026, 2, 1))
    found = [(line.change, line.subject, line.what, line.percent) for line in differences(now, asked).all()]
    assert found == [
        (Change.CHANGED, "rate_cards.list", "effective date", None),
        (Change.CHANGED, "rate_cards.list · API · model a · EUR", "", Decimal("25.0")),
        (Change.ADDED, "rate_cards.list · API · model c · EUR", "", None),
        (Change.REMOVED, "rate_cards.list · API · model b · EUR", "", None),
    ]
    assert differences(now, Listing()).is_empty  # what a file doesn't name stays


def test_what_cant_become_a_draft_is_said_beforehand() -> None:
    now = listed(("a", "1"))
    asked = listed(("a", "2"), plans={"p": Plan("P", rate_card="none", legal_entity="who", package=read(GROWTH))})
    asked.rate_cards["list"] = Card(
        "Lists",
        effective_date=date(2026, 1, 1),
        charges=(ChargeDraft("x", "y", ()), *(asked.rate_cards["list"].charges or ())),
    )
    wrong = faults(now, asked, differences(now, asked), sellers={"gmbh"}, at=AT)
    assert [error.field for error in wrong] == [
        "rate_cards.list.name", "rate_cards.list.charges[0].product", "rate_cards.list.charges[0].metric",
        "plans.p.rate_card", "plans.p.legal_entity", "rate_cards.list.effective_date",
    ]  # fmt: skip
    assert all(error.fix for error in wrong)
