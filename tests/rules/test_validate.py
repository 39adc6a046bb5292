"""Everything for which publishing is refused, each at its own field."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.rules.cards import CardCharge, charges_in
from catalog.rules.metrics import metric_errors
from catalog.rules.terms import Aggregation, Dimension, Measure, MetricTerms
from catalog.rules.validate import card_errors
from tests.rules.build import (
    PLAIN,
    TOKENS,
    card_charge,
    dims,
    graduated,
    unit_price,
)

D = Decimal
CONTEXT = replace(TOKENS, dimensions=(*TOKENS.dimensions, Dimension("context", "input_tokens", (D(200000),))))


def good() -> CardCharge:
    return card_charge(
        ("USD", unit_price("2.5", dims(model="m", token_type="input"))),
        ("USD", unit_price("10", dims(model="m", token_type="output"))),
        ("EUR", unit_price("2.3", dims(model="m", token_type="input"))),
        ("EUR", unit_price("9.2", dims(token_type="output", model="m"))),
        metric=TOKENS,
        product="tokens",
    )


def with_row(price: object, currency: str = "USD", metric: MetricTerms = TOKENS) -> CardCharge:
    return card_charge((currency, price), metric=metric)  # type: ignore[arg-type]


def test_a_good_card_has_no_errors() -> None:
    assert card_errors([good()], needed={"USD", "EUR"}) == []


def test_charges_of_one_currency() -> None:
    extra = card_charge(("USD", unit_price("1")), product="only-usd")
    assert [c.product for c in charges_in("USD", [good(), extra])] == ["tokens", "only-usd"]
    (eur,) = charges_in("EUR", [good(), extra])
    assert [price.tiers[0].unit_price for price in eur.prices] == [D("2.3"), D("9.2")]
    assert (eur.currency, eur.metric, eur.name) == ("EUR", TOKENS, "Tokens")


@pytest.mark.parametrize(
    ("card", "field", "says"),
    [
        ([], "charges", "nothing on this rate card"),
        ([card_charge()], "charges[0].prices", "no price"),
        ([with_row(unit_price("1"), "usd")], "charges[0].prices[0].currency", "not a currency"),
        ([with_row(unit_price("1"), "XAU")], "charges[0].prices[0].currency", "not a currency"),
        ([with_row(unit_price("-1"))], "charges[0].prices[0].tiers[0].unit_price", "negative"),
        ([with_row(graduated(("1", "1")))], "charges[0].prices[0].tiers[0].up_to", "must be open"),
        ([with_row(unit_price("0.0000000000000000001"))],
         "charges[0].prices[0].tiers[0].unit_price", "kept exactly"),
        ([with_row(unit_price("1E20"))], "charges[0].prices[0].tiers[0].unit_price", "kept exactly"),
        ([with_row(unit_price("1", dims(region="eu")))],
         "charges[0].prices[0].match.region", "no dimension"),
        ([with_row(unit_price("1", dims(token_type="cached")))],
         "charges[0].prices[0].match.token_type", "no value of token_type"),
        ([with_row(unit_price("1", dims(context=">100000")), metric=CONTEXT)],
         "charges[0].prices[0].match.context", "no value of context"),
        ([with_row(unit_price("1", dims(model="")))],
         "charges[0].prices[0].match.model", "empty value"),
        ([card_charge(("USD", unit_price("1", dims(model="m"))), ("USD", unit_price("2")),
                      ("USD", unit_price("3", dims(model="m"))), metric=TOKENS)],
         "charges[0].prices[2].match", "row 1 would price the same usage in USD"),
        ([card_charge(("USD", unit_price("1"))), card_charge(("USD", unit_price("1")))],
         "charges[1].product", "twice"),
    ],
)  # fmt: skip
def test_each_mistake_is_refused_once_at_its_field(card: list[CardCharge], field: str, says: str) -> None:
    (error,) = card_errors(card)
    assert error.field == field
    assert says in error.message
    assert error.fix


def test_the_same_conditions_in_two_currencies_are_no_tie() -> None:
    card = [card_charge(("USD", unit_price("1")), ("EUR", unit_price("1")))]
    assert card_errors(card, needed={"USD", "EUR"}) == []


def test_a_dimension_named_twice_is_refused() -> None:
    row = unit_price("1", (("model", "a"), ("model", "b")))
    errors = card_errors([with_row(row)])
    assert {error.field for error in errors} == {"charges[0].prices[0].match.model"}
    assert "named twice" in errors[0].message


def test_a_price_missing_in_a_needed_currency_is_refused() -> None:
    (error,) = card_errors([good()], needed={"USD", "EUR", "JPY"})
    assert (error.field, "no price in JPY" in error.message) == ("charges[0].prices", True)


def test_usage_priced_in_one_currency_needs_a_price_in_the_other() -> None:
    card = card_charge(
        ("USD", unit_price("1", dims(model="a"))),
        ("USD", unit_price("1", dims(model="b"))),
        ("EUR", unit_price("1", dims(model="a"))),
        metric=TOKENS,
    )
    assert card_errors([card], needed={"USD"}) == []
    (error,) = card_errors([card], needed={"EUR"})
    assert (error.field, error.message) == (
        "charges[0].prices[1].match",
        "This usage has no price in EUR",
    )


def test_a_row_for_any_value_is_covered_by_rows_for_each_known_value() -> None:
    split = (">200000", "≤200000")
    each = [("USD", unit_price("1", dims(model="a", context=label))) for label in split]
    any_context = ("EUR", unit_price("1", dims(model="a")))
    assert card_errors([card_charge(*each, any_context, metric=CONTEXT)], needed={"USD"}) == []
    (error,) = card_errors([card_charge(each[0], any_context, metric=CONTEXT)], needed={"USD"})
    assert error.field == "charges[0].prices[1].match"


def test_a_row_for_any_model_is_not_covered_by_rows_for_some() -> None:
    card = card_charge(("USD", unit_price("1", dims(model="a"))), ("EUR", unit_price("1")), metric=TOKENS)
    (error,) = card_errors([card], needed={"USD"})
    assert error.field == "charges[0].prices[1].match"


def test_a_metric_never_seen_needs_a_reason() -> None:
    (error,) = card_errors([good()], unseen={"tokens"})
    assert error.field == "charges[0].metric"
    assert card_errors([good()], unseen={"calls"}) == []


def test_good_metrics_have_no_errors() -> None:
    assert metric_errors(TOKENS) == metric_errors(PLAIN) == metric_errors(CONTEXT) == []
    assert metric_errors(replace(PLAIN, aggregation=Aggregation.COUNT, measures=())) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda m: replace(m, measures=()), "measures"),
        (lambda m: replace(m, measures=(Measure("", "input"),)), "measures"),
        (lambda m: replace(m, measures=(Measure("a"),)), "measures"),
        (lambda m: replace(m, measures=(Measure("a", "x"), Measure("b", "x"))), "measures"),
        (lambda m: replace(m, measure_dimension=None), "measure_dimension"),
        (lambda m: replace(m, divisor=D(0)), "divisor"),
        (lambda m: replace(m, dimensions=m.dimensions * 2), "dimensions"),
        (lambda m: replace(m, measure_dimension="model"), "dimensions"),
        (
            lambda m: replace(m, dimensions=(Dimension("c", "n", (D(2), D(1))),)),
            "dimensions[0].thresholds",
        ),
        (
            lambda m: replace(m, dimensions=(Dimension("c", "n", (D(2), D(2))),)),
            "dimensions[0].thresholds",
        ),
    ],
)
def test_each_mistake_in_a_metric_is_refused(change: Callable[[MetricTerms], MetricTerms], field: str) -> None:
    assert [error.field for error in metric_errors(change(TOKENS))] == [field]


def test_a_large_card_is_checked_quickly() -> None:
    prices = [
        (currency, unit_price("1", dims(model=f"m{i}", token_type=kind)))
        for currency in ("USD", "EUR", "JPY")
        for i in range(500)
        for kind in ("input", "output")
    ]
    assert card_errors([card_charge(*prices, metric=TOKENS)], needed={"USD", "EUR", "JPY"}) == []
