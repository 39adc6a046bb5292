"""The published price list, taken over as rows, prices requests like the package that ships it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

import pytest
from genai_prices import Usage, data
from genai_prices.types import TieredPrices

from catalog.rules import price_list as lists
from catalog.rules.precedence import PriceTable
from catalog.rules.published import published
from catalog.rules.terms import MetricTerms, Source, dims_of
from metering.rules.aggregate import Event, matches, readings

DAY = date(2026, 3, 1)
AT = datetime(2026, 3, 1, 20, tzinfo=UTC)  # outside every hour with a price of its own
Book = list[tuple[lists.Family, MetricTerms, PriceTable]]


@pytest.fixture(scope="module")
def price_list() -> lists.PriceList:
    return published(DAY)


@pytest.fixture(scope="module")
def book(price_list: lists.PriceList) -> Book:
    """Every product of the list, with its metric and its price rows in USD."""
    found = []
    for family in lists.families_in(price_list):
        metric = lists.metric_of(family, price_list, AT).terms(family.metric, 1)
        charge = lists.charge_of(family, price_list, {"USD": Decimal(1)})
        source = Source("list", 1, 1)
        rows = [
            row.tariff.price(i, "", dims_of(row.match, metric.order), source) for i, row in enumerate(charge.prices)
        ]
        found.append((family, metric, PriceTable(rows, metric.order)))
    return found


def priced(book: Book, fields: dict[str, object]) -> tuple[Decimal, list[str]]:
    """Price one request by hand: the sum, and the kinds of usage that no row prices."""
    kinds = {family.event for family, _, _ in book if family.fields & fields.keys()} or {lists.EVENT}
    total, unpriced = Decimal(0), []
    (kind,) = kinds
    event = Event("1", "api", kind, "acme", AT, fields)
    for family, metric, table in book:
        if not matches(metric, event):
            continue
        for reading in readings(metric, event.data):
            price = table.choose(reading.dims)
            if price is None:
                unpriced += [f"{family.product} {reading.dims[-1][1]}"] if reading.quantity else []
                continue
            total += reading.quantity * price.tiers[0].unit_price / metric.divisor
    return total, unpriced


def oracle(provider_id: str, model_id: str, usage: dict[str, int]) -> Decimal:
    provider = next(each for each in data.providers if each.id == provider_id)
    model = next(each for each in provider.models if each.id == model_id)
    return model.calc_price(Usage(**usage), provider, genai_request_timestamp=AT).total_price


TEXT = [
    (listed.provider, listed.model)
    for listed in published(DAY).models
    if {"input_tokens", "output_tokens"} <= listed.prices.keys()
]


def test_every_model_is_priced_like_the_package(book: Book) -> None:
    """All models with input and output, some tokens cached, below and above every threshold."""
    random = Random(7)
    wrong = []
    for provider, model in TEXT:
        for total in (1_000, random.randint(2, 600_000), 200_000, 200_001, 272_001):
            cached, written, hour = (random.randint(0, total // 4) for _ in range(3))
            usage = {
                "input_tokens": total, "output_tokens": random.randint(0, 9_000), "cache_read_tokens": cached,
                "cache_write_tokens": written + hour, "cache_write_1h_tokens": hour,
            }  # fmt: skip
            ours, unpriced = priced(book, {"provider": provider, "model": model, **usage})
            if (ours, unpriced) != (oracle(provider, model, usage), []):
                wrong.append((provider, model, usage, ours, unpriced))
    assert len(TEXT) > 1900
    assert wrong[:3] == []


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        ("google", "gemini-2.5-flash", {"input_tokens": 1000, "output_tokens": 10, "input_audio_tokens": 400}),
        ("google", "gemini-2.5-flash", {"input_tokens": 1000, "output_tokens": 10, "cache_read_tokens": 300}),
        ("google", "gemini-2.5-flash-image", {"input_tokens": 70, "output_tokens": 1500, "output_image_tokens": 1290}),
        ("openai", "gpt-audio", {
            "input_tokens": 90, "output_tokens": 80, "input_audio_tokens": 60, "output_audio_tokens": 50,
        }),
        ("perplexity", "sonar-deep-research", {
            "input_tokens": 9, "output_tokens": 70, "output_reasoning_tokens": 30, "output_citation_tokens": 20,
            "web_searches": 3,
        }),
        ("perplexity", "sonar", {"input_tokens": 1000, "output_tokens": 2000}),
        ("openai", "whisper-1", {"audio_seconds": 1234, "input_audio_seconds": 1234}),
        ("openai", "tts-1", {"input_characters": 4321}),
        ("anthropic", "claude-sonnet-4-5", {"input_tokens": 200_001, "output_tokens": 5, "web_searches": 2}),
    ],
)  # fmt: skip
def test_other_units_are_priced_like_the_package(book: Book, provider: str, model: str, usage: dict[str, int]) -> None:
    assert priced(book, {"provider": provider, "model": model, **usage}) == (oracle(provider, model, usage), [])


def test_a_threshold_is_exclusive(book: Book) -> None:
    """Exactly 200,000 tokens have the first price; with one more all of them have the second."""
    request = {"provider": "anthropic", "model": "claude-sonnet-4-5", "output_tokens": 1000}
    assert priced(book, request | {"input_tokens": 200_000}) == (Decimal("0.615"), [])
    assert priced(book, request | {"input_tokens": 200_001}) == (Decimal("1.222506"), [])


def test_cached_audio_is_visible_as_unpriced(book: Book) -> None:
    usage = {"input_tokens": 100, "output_tokens": 0, "input_audio_tokens": 50, "cache_audio_read_tokens": 20}
    _, unpriced = priced(book, {"provider": "google", "model": "gemini-2.5-flash", **usage})
    assert unpriced == ["multimodal-inference cache_audio_read"]


def test_every_price_of_the_list_is_taken_or_named(price_list: lists.PriceList) -> None:
    """Count the cells of the package by hand: each is a row of ours, or its model stands under a reason."""
    keys = cells = 0
    for provider in data.providers:
        for model in provider.models:
            found = model.get_prices(AT)
            for price in vars(found).values():
                keys += price is not None
                cells += len(price.tiers) + 1 if isinstance(price, TieredPrices) else price is not None
    taken = [steps for each in price_list.models for steps in each.prices.values()]
    named = sum("cache_audio_read" in s or "cache_image_read" in s for s in price_list.left_out)
    assert named == 2
    left = sum(int(s.split("(")[1].split(")")[0]) for s in price_list.left_out if "shows as unpriced" in s)
    assert len(taken) + left == keys
    assert sum(map(len, taken)) + left == cells
    assert any("01:00 to 04:00 UTC" in sentence and "deepseek" in sentence for sentence in price_list.left_out)
    assert any("processing “batch”" in sentence for sentence in price_list.left_out)
    assert any("names no price" in sentence for sentence in price_list.left_out)


def test_the_price_in_force_that_day() -> None:
    before = published(date(2025, 6, 9), ["openai"])
    after = published(date(2025, 6, 10), ["openai"])
    prices = [
        next(each.prices["input_tokens"] for each in found.models if each.model == "o3") for found in (before, after)
    ]
    assert prices == [((0, Decimal(10)),), ((0, Decimal(2)),)]


@pytest.mark.parametrize(
    ("price", "factor", "expected"),
    [
        ("2.50", "0.92", "2.3000"),
        ("0.08333333333333334", "150", "12.50000000000000100"),
        ("0.08333333333333334", "0.92", "0.076666666666666673"),  # …6728, rounded to 18 places
        ("0.0000000000000000005", "1", "0.000000000000000001"),
    ],
)
def test_converted_exactly_up_to_18_places(price: str, factor: str, expected: str) -> None:
    assert lists.converted(Decimal(price), Decimal(factor)) == Decimal(expected)
