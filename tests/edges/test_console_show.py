"""How numbers and times look: exact digits, true minus, nothing where nothing is known."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from catalog.rules.diff import TierChange
from monetization.foundation.templatetags import show
from monetization.values.periods import Period

NOON = datetime(2026, 10, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (Decimal("1234567.895"), "EUR", "1,234,567.90"),
        (Decimal("-0.5"), "EUR", "−0.50"),
        (Decimal("1234.5"), "JPY", "1,235"),
        (Decimal("1.2345"), "KWD", "1.235"),
        (Decimal(0), "EUR", "0.00"),
        (None, "EUR", "–"),
    ],
)
def test_money_has_the_digits_of_its_currency(value: Decimal | None, currency: str, text: str) -> None:
    assert show.money(value, currency) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (Decimal("0.000000075000"), "EUR", "0.000000075"),
        (Decimal("2.5"), "EUR", "2.50"),
        (Decimal("10"), "", "10.00"),
        (Decimal("2300"), "JPY", "2,300"),
        (Decimal("0.015"), "JPY", "0.015"),
        (Fraction(1, 31), "EUR", "1/31"),
        (None, "EUR", "–"),
    ],
)
def test_a_unit_price_loses_no_digit(value: Decimal | None, currency: str, text: str) -> None:
    assert show.price(value, currency) == text


def test_a_quantity_that_is_cut_says_so() -> None:
    assert show.quantity(Decimal("1284.5500")) == "1,284.55"
    assert show.quantity(Decimal("0.12345678")) == '<span title="0.12345678">0.123457</span>'


def test_a_change_is_an_arrow_with_the_absolute_difference_behind_it() -> None:
    shown = show.difference_of(Decimal("10"), Decimal("10.5"), Decimal("5.0"), "EUR")
    assert 'title="+0.50"' in shown
    assert "↑</span> +5 %" in shown
    assert "↓</span> −6 %" in show.change(Decimal("-6.0"))
    assert show.difference_of(Decimal(0), Decimal("0.5"), None) == "+0.50"
    assert show.change(None) == "–"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), "1–31 Oct 2026"),
        (date(2026, 9, 15), date(2026, 10, 14), "15 Sep – 14 Oct 2026"),
        (date(2026, 12, 31), date(2027, 1, 30), "31 Dec 2026 – 30 Jan 2027"),
        (date(2026, 10, 1), date(2026, 10, 1), "1 Oct 2026"),
    ],
)
def test_days_are_written_as_shortly_as_they_can_be(first: date, last: date, text: str) -> None:
    assert show.days(first, last) == text


def test_a_period_is_the_days_of_its_zone() -> None:
    october = Period(datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC))
    assert show.period(october, "Europe/Berlin") == "1–31 Oct 2026"
    assert show.period(Period(NOON, None), "Asia/Tokyo") == "from 31 Oct 2026"


def test_an_instant_is_local_and_keeps_its_exact_time_behind_it() -> None:
    shown = show.instant(NOON, "Europe/Berlin")
    assert shown == ('<time datetime="2026-10-31T12:00:00Z" title="2026-10-31T12:00:00Z UTC">31 Oct 2026 13:00</time>')
    assert show.local_input(NOON, "America/New_York") == "2026-10-31T08:00"


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (datetime(2026, 10, 31, 12, 0, 30, tzinfo=UTC), "just now"),
        (datetime(2026, 10, 31, 10, tzinfo=UTC), "2 hours ago"),
        (datetime(2026, 10, 31, 12, 1, tzinfo=UTC), "in 1 minute"),
        (datetime(2026, 11, 5, tzinfo=UTC), "in 5 days"),
        (date(2026, 11, 1), "tomorrow"),
    ],
)
def test_how_far_a_time_is_away(time: datetime | date, words: str) -> None:
    assert show.away(time, NOON) == words


def test_a_step_chart_draws_both_sides_and_gaps() -> None:
    def tier(over: str, old: str | None, new: str | None) -> TierChange:
        prices = [Decimal(p) if p is not None else None for p in (old, new)]
        return TierChange(Decimal(over), None, *prices, None, None)

    chart = show.step_chart([tier("0", "4", "4.2"), tier("1000", "3.2", None)])
    assert '<path class="was" d="M0 6H36L36 18H72"/>' in chart
    assert '<path class="will" d="M0 2H36"/>' in chart
    assert show.step_chart([tier("0", "2", "2")]).count("M0 18H72") == 2


def test_every_known_status_has_a_tone_and_unknown_ones_are_quiet() -> None:
    assert show.badge("REJECTED") == '<span class="badge tone-bad">Rejected</span>'
    assert show.badge("LIVE", "In force") == '<span class="badge tone-good">In force</span>'
    assert show.tone("SOMETHING") == "quiet"


def test_dimension_values_read_as_words() -> None:
    assert show.dims((("model", "gpt-4o"), ("token_type", "input"))) == "gpt-4o · input"
    assert show.dims({}) == "any"
