"""The published list as a draft: rows, notes, metrics on their way, repeated, by the command, in seconds."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from catalog.actions import metrics, price_lists, rate_cards
from catalog.models import Charge, Metric, MetricVersion, PriceRow, Product, RateCard, RateCardVersion
from catalog.queries import period_of, terms_for
from catalog.rules.published import published
from monetization.values.errors import Invalid, NotAllowed
from tests import deals
from tests.make import AT, World

DAY = date(2026, 1, 1)
FACTORS = {"USD": Decimal(1), "EUR": Decimal("0.92")}


def load(world: World, providers=("anthropic", "openai"), factors=FACTORS, day=DAY, at=AT, by=None):
    return price_lists.load(
        environment=world.live, card_key="list", price_list=published(day, providers), factors=factors,
        effective_date=day, by=by or world.mia, at=at,
    )  # fmt: skip


def approve_all(world: World, loaded, at=AT) -> RateCardVersion:
    for version in loaded.metrics:
        deals.approved_metric(world, version, at=at)
    return deals.approved(world, loaded.version, at=at)


def price(version: RateCardVersion, currency: str, **match: str) -> Decimal:
    found = PriceRow.objects.get(charge__version=version, currency=currency, match=match)
    assert found.model == "PER_UNIT"
    return found.unit_price


def test_a_list_becomes_a_draft_with_its_metrics_and_products(world: World) -> None:
    loaded = load(world)
    version = loaded.version
    assert (version.status, version.number, version.effective_date, version.created_by) == ("DRAFT", 1, DAY, world.mia)
    assert PriceRow.objects.filter(charge__version=version).count() == loaded.rows
    request = {"provider": "anthropic", "model": "claude-sonnet-4-5"}
    assert price(version, "USD", **request, token_type="input") == 3
    assert price(version, "EUR", **request, token_type="input") == Decimal("2.76")
    assert price(version, "USD", **request, token_type="output", context=">200000 ≤272000") == Decimal("22.5")
    assert price(version, "USD", **request, token_type="cache_read") == Decimal("0.3")
    assert {metric.key: metric.versions.get().status for metric in Metric.objects.all()} == {
        "llm-tokens": "DRAFT", "llm-multimodal-tokens": "DRAFT", "web-searches": "DRAFT", "storage-searches": "DRAFT",
        "audio-hours": "DRAFT", "characters": "DRAFT",
    }  # fmt: skip
    assert set(Product.objects.values_list("key", flat=True)) == {
        "model-inference", "multimodal-inference", "web-searches", "storage-searches", "audio-hours", "characters",
    }  # fmt: skip
    assert "EUR = USD × 0.92" in version.notes
    assert loaded.left_out
    assert all(sentence in version.notes for sentence in loaded.left_out)
    assert any("processing “batch”" in sentence for sentence in loaded.left_out)


def test_the_prices_go_the_way_of_all_others(world: World) -> None:
    loaded = load(world)
    with pytest.raises(Invalid, match="approved yet what"):
        rate_cards.submit(version=loaded.version, title="", reason="", by=world.mia, at=AT)
    version = approve_all(world, loaded)
    contract = deals.contract(world, world.acme, version.rate_card)
    terms = terms_for(contract=contract, period=period_of(contract, datetime(2026, 1, 1, 12, tzinfo=UTC)))
    (segment,) = terms.segments  # the metric holds before midnight in any zone
    assert {charge.product: len(charge.prices) for charge in segment.charges} == {
        charge.product.key: charge.prices.filter(currency="EUR").count()
        for charge in Charge.objects.filter(version=version)
    }


def test_loaded_again_the_difference_is_empty_and_no_metric_is_drafted(world: World) -> None:
    approve_all(world, load(world))
    again = load(world)
    assert (again.version.number, again.metrics) == (2, ())
    assert rate_cards.facts_of(again.version) == {"rows_changed": Decimal(0), "max_change_percent": Decimal(0)}


def test_other_models_need_another_meaning(world: World) -> None:
    """A provider with other context lengths brings new thresholds: a new metric version, from that day."""
    approve_all(world, load(world, ["anthropic"]))
    later = load(world, ["anthropic", "google"], day=date(2026, 3, 1))
    drafted = {version.metric.key: version.effective_at for version in later.metrics}
    assert drafted["llm-tokens"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert MetricVersion.objects.filter(metric__key="llm-tokens").count() == 2


def test_the_whole_list_in_three_currencies_is_priced_and_approved(world: World) -> None:
    loaded = load(world, (), FACTORS | {"JPY": Decimal(150)})
    for version in loaded.metrics:
        deals.approved_metric(world, version, at=AT)
    request = rate_cards.submit(version=loaded.version, title="", reason="All", by=world.mia, at=AT)
    request = deals.approve(request, world.chen, at=AT)
    assert loaded.rows > 25_000
    assert request.status == "LIVE"


@pytest.mark.parametrize(
    ("factors", "field"),
    [
        ({}, "currency"),
        ({"USD": Decimal(2)}, "currency"),
        ({"EUR": Decimal(0)}, "currency"),
        ({"EUR": Decimal("NaN")}, "currency"),
        ({"XXY": Decimal(1)}, "currency"),
    ],
)
def test_wrong_factors_are_refused_and_nothing_is_made(world: World, factors, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        load(world, factors=factors)
    assert refusal.value.field == field
    assert (RateCard.objects.count(), Metric.objects.count(), Product.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("name", ["finn", "eli", "audra", "noel", "pat"])
def test_others_load_nothing(world: World, name: str) -> None:
    with pytest.raises(NotAllowed):
        load(world, ["deepseek"], by=getattr(world, name))
    assert (RateCard.objects.count(), Metric.objects.count(), Product.objects.count()) == (0, 0, 0)


def run(*words: str) -> str:
    out = StringIO()
    call_command("import_prices", *words, stdout=out)
    return out.getvalue()


def test_the_command_prints_what_it_left_out_and_submits(world: World) -> None:
    common = ("--card", "list", "--by", "mia@example.com", "--at", "2026-01-01", "--providers", "deepseek,groq")
    said = run(*common, "--currency", "USD,EUR=0.92", "--submit", "Price list of January")
    assert "List v1 drafted with" in said
    assert "The other price from 00:30 to 16:30 UTC is left out (2): deepseek deepseek-chat" in said
    assert "The minimum of 10 seconds per request is left out (2): groq whisper-large-v3" in said
    assert "Tokens v1 waits for approval." in said
    assert MetricVersion.objects.filter(status="SUBMITTED").count() == MetricVersion.objects.count()
    for version in MetricVersion.objects.all():
        deals.approve(version.request, world.chen, at=AT)
    said = run(*common, "--submit", "Price list of January")
    assert "List v2 waits for approval." in said
    assert RateCardVersion.objects.get(number=2).status == "SUBMITTED"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--currency", "USD,EUR"), "What is 1 USD in EUR"),
        (("--currency", "EUR=much"), "is not a number"),
        (("--providers", "nobody"), "no provider “nobody”"),
        (("--by", "who@example.com"), "Nobody signs in"),
        (("--environment", "moon"), "no environment “moon”"),
        (("--by", "audra@example.com"), "You may not do this"),
    ],
)
def test_the_command_refuses_in_words(world: World, words, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run("--card", "list", "--by", "mia@example.com", "--providers", "deepseek", *words)
    assert metrics.Metric.objects.count() == 0
