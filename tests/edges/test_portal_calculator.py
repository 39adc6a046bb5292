"""The customers' calculator: own terms only, quantities as last used, read only, and few questions."""

from datetime import date
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.queries.quotes import last_closed
from tests import priced as prices
from tests.make import World, signed_in

INPUT, OUTPUT = "inference|gpt-4o|input", "inference|gpt-4o|output"


@pytest.fixture
def terms(world: World, monkeypatch: pytest.MonkeyPatch) -> prices.Priced:
    monkeypatch.setattr(timezone, "now", lambda: prices.NOVEMBER_5)
    made = prices.priced(world)
    prices.use(world, [*prices.october(), *prices.october("globex", input=5_000_000)])
    return made


def page(world: World, who: str, account: Any, **query: str) -> tuple[int, str]:
    answer = signed_in(world.people[who]).get(reverse("portal:calculator", args=[account.pk]), query)
    return answer.status_code, unescape(answer.content.decode())


def test_it_starts_with_the_last_periods_usage(world: World, terms: prices.Priced) -> None:
    status, text = page(world, "pat", world.acme)
    assert status == 200
    assert f'name="{INPUT}" value="31"' in text and f'name="{OUTPUT}" value="3.1"' in text
    assert "129.12" in text and "108.50 net" in text and "77.50" in text
    assert "1–31 Oct 2026" in text and "1–30 Nov 2026" in text


def test_other_quantities_make_another_invoice(world: World, terms: prices.Priced) -> None:
    status, text = page(world, "vera", world.acme, **{INPUT: "62", OUTPUT: "0"})
    assert status == 200 and "155.00 net" in text and 'value="62"' in text
    status, text = page(world, "pat", world.acme, times="2")
    assert "217.00 net" in text and 'value="62"' in text


@pytest.mark.parametrize("wrong", ["-1", "many", "1e9", "9" * 30, "0." + "1" * 13, "NaN"])
def test_what_is_no_quantity_is_named_beside_it(world: World, terms: prices.Priced, wrong: str) -> None:
    status, text = page(world, "pat", world.acme, **{INPUT: wrong})
    assert status == 200 and "nothing was worked out" in text and f'value="{wrong}"' in text
    assert text.count("field-error") == 1 and "Your invoice would be" not in text


def test_nobody_sees_another_customers_terms(world: World, terms: prices.Priced) -> None:
    assert page(world, "pat", world.globex)[0] == 404
    assert page(world, "gil", world.acme)[0] == 404
    assert page(world, "mia", world.acme)[0] == 404
    assert page(world, "noel", world.acme)[0] == 404
    status, text = page(world, "pat", world.acme)
    assert status == 200 and "Globex" not in text and "JPY" not in text
    status, text = page(world, "gil", world.globex)
    assert status == 200 and "JPY" in text and "Acme" not in text


def test_it_is_read_only(world: World, terms: prices.Priced) -> None:
    address = reverse("portal:calculator", args=[world.acme.pk])
    assert signed_in(world.pat).post(address, {INPUT: "1"}).status_code == 405
    text = page(world, "pat", world.acme)[1]
    assert "<script" not in text and "style=" not in text
    assert [word for word in ("foundation.", "@example.com") if word in text.replace("pat@example.com", "")] == []


def test_without_a_contract_it_says_so(world: World) -> None:
    status, text = page(world, "pat", world.acme)
    assert status == 200 and "No contract is in force" in text


def test_few_questions_are_asked(world: World, terms: prices.Priced) -> None:
    page(world, "pat", world.acme)
    with CaptureQueriesContext(connection) as seen:
        page(world, "pat", world.acme)
    assert len(seen) <= 67, [each["sql"][:100] for each in seen]


def test_a_contract_that_just_began_starts_with_its_first_period(world: World, terms: prices.Priced) -> None:
    span = last_closed(terms.acme, prices.NOVEMBER_5)
    assert (span.first, span.until) == (date(2026, 10, 1), date(2026, 11, 1))
    span = last_closed(terms.acme, prices.OCTOBER.replace(month=9, day=3))
    assert (span.first, span.until) == (date(2026, 9, 1), date(2026, 10, 1))
