"""The rating against an independent price calculator, request by request, around a context threshold.

`genai_prices.calc_price` prices each request by itself in its own code; our lines price sums of readings. The
prices of two real models are written here as a rate card; requests lie on and beside the threshold of 200,000
input tokens, above which every token of the request has another price.
"""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from genai_prices import Usage, calc_price

from billing.rules.rated import Rating
from billing.rules.rating import rate
from catalog.rules.terms import Aggregation, Dimension, Measure, MetricTerms
from metering.rules.aggregate import Event, usage
from metering.rules.quantities import UsageRow
from monetization.values.money import round_once
from tests.rules.build import START, charge, dims, event, terms, unit_price

D, F = Decimal, Fraction
AT = datetime(2026, 10, 5, 12, tzinfo=UTC)
THRESHOLD = 200_000
PROVIDERS = {"claude-sonnet-4-5": "anthropic", "gemini-2.5-pro": "google"}
PRICES = {
    # model: (input, cached input, output) per million, up to the threshold and above it
    "claude-sonnet-4-5": (("3", "0.3", "15"), ("6", "0.6", "22.5")),
    "gemini-2.5-pro": (("1.25", "0.125", "10"), ("2.5", "0.25", "15")),
}
TYPES = ("input", "cache_read", "output")
METRIC = MetricTerms(
    metric="tokens",
    version_id=1,
    number=1,
    event_type="completion",
    aggregation=Aggregation.SUM,
    measures=(
        Measure("input_tokens", "input", less=("cache_read_tokens",)),
        Measure("cache_read_tokens", "cache_read"),
        Measure("output_tokens", "output"),
    ),
    measure_dimension="token_type",
    dimensions=(Dimension("model", "model"), Dimension("context", "input_tokens", (D(THRESHOLD),))),
    unit="1M tokens",
    divisor=D(1_000_000),
)
CARD = [
    unit_price(price, dims(model=model, context=context, token_type=kind))
    for model, levels in PRICES.items()
    for context, level in zip(("≤200000", ">200000"), levels, strict=True)
    for kind, price in zip(TYPES, level, strict=True)
]


def request(random: Random, model: str, given: int) -> Event:
    data: dict[str, Any] = {"model": model, "input_tokens": given}
    data["output_tokens"] = random.randint(0, 70_000)
    if random.random() < 0.5:
        data["cache_read_tokens"] = random.randint(0, given)
    return event(data, AT)


def requests(seed: int) -> list[Event]:
    """Requests on both sides of the threshold and exactly on it, and some far away."""
    random = Random(seed)
    near = [THRESHOLD - 1, THRESHOLD, THRESHOLD + 1] * 10
    small = [random.randint(0, 1_000) for _ in range(50)]
    around = [random.randint(150_000, 250_000) for _ in range(100)]
    sizes = near + small + around
    return [request(random, random.choice(list(PRICES)), size) for size in sizes]


def rated(found: list[Event]) -> Rating:
    agreed = terms([charge(*CARD, metric=METRIC, product="tokens")])
    tallies = usage(METRIC, found, [agreed.segments[0].period])
    rows = [UsageRow(1, cut, key, tally.quantity, tally.events) for (cut, key), tally in tallies.items()]
    return rate(agreed, rows)


def oracle(found: list[Event]) -> dict[tuple[str, str, str], Decimal]:
    """Sum the calculator's prices per model, side of the threshold, and input or output."""
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(D)
    for each in found:
        data = each.data
        asked = Usage(
            input_tokens=data["input_tokens"],
            cache_read_tokens=data.get("cache_read_tokens"),
            output_tokens=data["output_tokens"],
        )
        model = data["model"]
        price = calc_price(
            asked,
            model_ref=model,
            provider_id=PROVIDERS[model],
            genai_request_timestamp=each.time,
        )
        context = ">200000" if data["input_tokens"] > THRESHOLD else "≤200000"
        sums[model, context, "input"] += price.input_price
        sums[model, context, "output"] += price.output_price
    return sums


@pytest.mark.parametrize("seed", range(5))
def test_lines_equal_the_sum_over_requests(seed: int) -> None:
    found = requests(seed)
    lines: dict[tuple[str, str, str], Fraction] = defaultdict(F)
    for line in rated(found).lines:
        match = dict(line.match)
        side = "output" if match["token_type"] == "output" else "input"
        lines[match["model"], match["context"], side] += line.exact
    expected = {key: F(value) for key, value in oracle(found).items() if value}
    assert lines == expected
    assert len(lines) == 8


def test_each_line_is_the_sum_rounded_once() -> None:
    found = [each for each in requests(9) if "cache_read_tokens" not in each.data]
    rating = rated(found)
    sums = oracle(found)
    for line in rating.lines:
        match = dict(line.match)
        total = sums[match["model"], match["context"], match["token_type"]]
        assert line.exact == F(total)
        assert line.amount == round_once(total, "USD")
    assert rating.unpriced == ()


@pytest.mark.parametrize(("tokens", "cost"), [(199_999, "0.599997"), (200_000, "0.6"), (200_001, "1.200006")])
def test_one_token_over_the_threshold_reprices_the_whole_request(tokens: int, cost: str) -> None:
    data = {"model": "claude-sonnet-4-5", "input_tokens": tokens, "output_tokens": 0}
    (line,) = rated([event(data, START)]).lines
    assert line.exact == F(cost)
