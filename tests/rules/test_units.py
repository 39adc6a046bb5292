"""Pricing units on a rate card: rates that are wrong or missing, and what a version says of another one's."""

from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.rules.cards import CardCharge, charges_in
from catalog.rules.diff import difference
from catalog.rules.drafts import ChargeTerms
from catalog.rules.units import RateDraft, rate_errors
from catalog.rules.validate import card_errors
from tests.rules import build

D = Decimal
RATES = (("EUR", D("0.01")), ("USD", D("0.012")))


def in_credits(currency: str = "", rates: tuple[tuple[str, Decimal], ...] = RATES) -> CardCharge:
    charge = build.card_charge((currency, build.unit_price("2")), product="tokens")
    return replace(charge, terms=ChargeTerms(pricing_unit="credits"), rates=rates)


def fields(errors: object) -> list[str | None]:
    return [each.field for each in errors]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (RateDraft("points", "EUR", D(1)), "rates[0].pricing_unit"),
        (RateDraft("credits", "eur", D(1)), "rates[0].currency"),
        (RateDraft("credits", "", D(1)), "rates[0].currency"),
        (RateDraft("credits", "EUR", D(0)), "rates[0].rate"),
        (RateDraft("credits", "EUR", D(-1)), "rates[0].rate"),
        (RateDraft("credits", "EUR", D("NaN")), "rates[0].rate"),
        (RateDraft("credits", "EUR", D("1E-19")), "rates[0].rate"),
    ],
)
def test_a_wrong_rate_is_named(draft: RateDraft, field: str) -> None:
    assert fields(rate_errors([draft], {"credits"})) == [field]


def test_a_rate_is_said_once_a_currency() -> None:
    good = RateDraft("credits", "EUR", D(1))
    assert fields(rate_errors([good, replace(good, currency="USD")], {"credits"})) == []
    assert fields(rate_errors([good, good], {"credits"})) == ["rates[1].currency"]


def test_one_table_serves_every_currency_that_has_a_rate() -> None:
    charge = in_credits()
    assert card_errors([charge], needed={"EUR", "USD"}) == []
    (eur,), (usd,) = charges_in("EUR", [charge]), charges_in("USD", [charge])
    assert (eur.rate, usd.rate, eur.pricing_unit) == (D("0.01"), D("0.012"), "credits")
    assert eur.prices == usd.prices != ()
    assert charges_in("JPY", [charge]) == ()


def test_a_missing_rate_is_named_at_publish() -> None:
    assert fields(card_errors([in_credits()], needed={"EUR", "JPY"})) == ["unit_rates.credits.JPY"]
    assert fields(card_errors([in_credits(rates=())])) == ["unit_rates.credits"]
    assert fields(card_errors([in_credits(rates=())], needed={"EUR"})) == ["unit_rates.credits.EUR"]


def test_a_row_is_in_the_unit_or_in_a_currency() -> None:
    assert fields(card_errors([in_credits("EUR")])) == ["charges[0].prices[0].currency"]
    plain = replace(in_credits(), terms=ChargeTerms())
    assert fields(card_errors([plain])) == ["charges[0].prices[0].currency"]


def test_another_rate_is_a_difference() -> None:
    old, new = in_credits(), in_credits(rates=(("EUR", D("0.02")),))
    (found,) = difference([old], [new]).charges
    assert (found.product, found.what) == ("credits", "worth of one")
    assert (found.old, found.new) == ("0.01 EUR, 0.012 USD", "0.02 EUR")
    assert difference([old], [old]).is_empty
    row = difference([], [new]).rows[0]
    assert (row.currency, row.written_in) == ("", "credits")
