"""Prices in a pricing unit, from the draft of a card to the draft of an invoice: each number worked out by hand."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from django.db import IntegrityError, transaction

from billing.calculator.shown import bill_of
from billing.queries import line_proofs
from billing.queries.paper import document_from_rows
from billing.rules.quotes.answer import answer_of
from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.quote import quote
from catalog.actions import contracts, own_prices, prices, pricing_units, rate_cards, unit_rates
from catalog.models import Contract, PriceRow, PricingUnit, RateCardVersion, UnitRate
from catalog.queries import effective_prices, terms_for, version_content
from catalog.queries.content import content_digest
from catalog.queries.contracts import period_of
from catalog.queries.exports import price_file
from catalog.rules.drafts import ChargeDraft, ChargeTerms, PriceDraft
from catalog.rules.tariffs import per_unit
from catalog.rules.units import RateDraft
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, DomainError, Invalid, NotAllowed, WrongState
from tests import deals, filed, priced
from tests.make import AT, World, person

D = Decimal
RATES = [RateDraft("credits", "EUR", D("0.013")), RateDraft("credits", "JPY", D("2"))]
ROWS = (PriceDraft("", {"token_type": "input"}, per_unit(D(250))), PriceDraft("", {}, per_unit(D("1000.5"))))
IN_CREDITS = ChargeTerms(pricing_unit="credits")
MIDDLE = date(2026, 10, 17)


def drafted(world: World, rates: Sequence[RateDraft] = RATES, rows: Sequence[PriceDraft] = ROWS) -> RateCardVersion:
    """Draft card `list`, one product in credits."""
    deals.metric(world)
    deals.product(world)
    pricing_units.create(environment=world.live, key="credits", name="Credits", digits=2, by=world.mia, at=AT)
    charge = ChargeDraft("inference", "llm-tokens", tuple(rows), IN_CREDITS)
    version = deals.version(world, deals.card(world), charges=[charge])
    return unit_rates.set_rates(version=version, rates=list(rates), by=world.mia, at=AT)


def refused(error: DomainError) -> list[str | None]:
    return [each.field for each in error.errors]


def test_a_draft_invoice_is_the_hand_calculation_and_the_quote(world: World) -> None:
    version = deals.approved(world, drafted(world))
    terms = {"start_date": date(2026, 9, 1), "anchor": "first"}
    acme = deals.contract(world, world.acme, version.rate_card, **terms)
    globex = deals.contract(world, world.globex, version.rate_card, currency="JPY", **terms)
    priced.use(world, [*priced.october(), *priced.october("globex", days=3)])
    invoice = priced.draft(acme)
    # 31M tokens in at 250 credits of EUR 0.013; 3.1M out at 1,000.5
    amounts = {line.match.get("token_type", ""): line.amount for line in invoice.lines.all()}
    assert amounts == {"input": D("100.75"), "": D("40.32")}  # 31 × 250 × 0.013; 3.1 × 1000.5 × 0.013 = 40.32015
    assert {line.amount for line in priced.draft(globex).lines.all()} == {3 * 250 * 2, 600}  # 0.3 × 1000.5 × 2 = 600.3
    line = invoice.lines.get(match={"token_type": "input"})
    assert line.source["pricing_unit"] == {"key": "credits", "rate": "0.013"}
    (step,) = line.steps
    assert (step["quantity"], step["unit_price"], step["exact"], step["share"]) == ("31", "250", "7750", "100.75")
    assert list(line_proofs.faults_of(line)) == ["there is no evidence"]
    printed = next(each for each in document_from_rows(invoice).lines if each.position == line.position)
    assert (printed.pricing_unit, printed.rate, printed.unit_price) == ("credits", D("0.013"), 250)
    body = {
        "currency": "EUR", "period": {"start_date": "2026-10-01", "end_date": "2026-10-31"},
        "pricing_units": [{"key": "credits", "rate": "0.013"}],
        "charges": [{"key": "inference", "metric": {"dimensions": ["token_type"]}, "pricing_unit": "credits",
                     "prices": [{"match": {"token_type": "input"}, "unit_price": "250"}, {"unit_price": "1000.5"}]}],
        "usage": [{"charge": "inference", "quantity": "31", "dimensions": {"token_type": "input"}},
                  {"charge": "inference", "quantity": "3.1", "dimensions": {"token_type": "output"}}],
    }  # fmt: skip
    quoted = quote(msgspec.convert(body, QuoteBody, strict=False), date(2026, 11, 5))
    answered = answer_of(quoted, "EUR", D(0))["invoices"][0]["lines"]
    assert {each["amount"] for each in answered} == {"100.75", "40.32"}
    assert {(each["pricing_unit"], each["rate"]) for each in answered} == {("credits", "0.013")}
    assert bill_of(quoted[0]).net == invoice.net


def test_another_rate_cuts_the_period_and_old_usage_keeps_its_own(world: World) -> None:
    first = deals.approved(world, drafted(world))
    contract = deals.contract(world, world.acme, first.rate_card, start_date=date(2026, 9, 1), anchor="first")
    second = rate_cards.draft(rate_card=first.rate_card, by=world.mia, at=AT)
    assert unit_rates.said(second) == unit_rates.said(first) == ["1 credits = 0.013 EUR", "1 credits = 2 JPY"]
    assert [each.terms for each in version_content(second)] == [IN_CREDITS]
    before = content_digest(second)
    rates = [RateDraft("credits", "EUR", D("0.02"))]
    unit_rates.set_rates(version=second, rates=rates, by=world.mia, at=AT)
    assert content_digest(second) != before
    rate_cards.set_effective(version=second, effective_date=MIDDLE, by=world.mia, at=AT)
    deals.approved(world, second)
    segments = terms_for(contract=contract, period=period_of(contract, priced.OCTOBER)).segments
    assert [[charge.rate for charge in segment.charges] for segment in segments] == [[D("0.013")], [D("0.02")]]
    priced.use(world, priced.october(input=1_000_000))
    lines = priced.draft(contract).lines.order_by("starts_at")
    assert [line.amount for line in lines] == [16 * D("3.25"), 15 * 5]
    (shown,) = [each for each in effective_prices(contract, priced.OCTOBER) if each.match]
    assert shown.effective_words == "250.00 per 1M tokens in credits, in EUR 3.25 per 1M tokens"


def test_a_needed_rate_that_is_missing_is_refused_at_its_field(world: World) -> None:
    first = deals.approved(world, drafted(world))
    deals.contract(world, world.acme, first.rate_card)
    second = rate_cards.draft(rate_card=first.rate_card, by=world.mia, at=AT)
    rate_cards.set_effective(version=second, effective_date=MIDDLE, by=world.mia, at=AT)
    unit_rates.set_rates(version=second, rates=RATES[1:], by=world.mia, at=AT)
    with pytest.raises(Invalid) as caught:
        rate_cards.submit(version=second, title="", reason="Less", by=world.mia, at=AT)
    assert refused(caught.value) == ["unit_rates.credits.EUR"]
    with pytest.raises(Invalid) as caught:
        deals.contract(world, world.globex, first.rate_card, currency="USD")
    assert refused(caught.value) == ["currency"]


def test_what_was_submitted_is_frozen(world: World) -> None:
    version = drafted(world)
    rate_cards.submit(version=version, title="", reason="Launch", by=world.mia, at=AT)
    with pytest.raises(WrongState):
        unit_rates.set_rates(version=version, rates=[], by=world.mia, at=AT)
    unit = PricingUnit.objects.get()
    rates = UnitRate.objects.filter(version=version)
    for change in (
        lambda: rates.update(rate=9), lambda: rates.delete(), lambda: version.charges.update(pricing_unit=None),
        lambda: UnitRate.objects.create(version=version, unit=unit, currency="USD", rate=1),
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    assert rates.count() == 2


def test_rates_are_whose_card_it_is_and_prices_keep_their_meaning(world: World) -> None:
    version = drafted(world)
    with pytest.raises(NotAllowed):
        unit_rates.set_rates(version=version, rates=RATES, by=world.finn, at=AT)
    with pytest.raises(NotAllowed):
        pricing_units.create(environment=world.live, key="points", name="Points", by=world.finn, at=AT)
    charge, price = version.charges.get(), PriceRow.objects.first()
    assert price is not None and price.currency == ""
    with pytest.raises(Invalid) as caught:
        prices.set_terms(charge=charge, terms=ChargeTerms(), by=world.mia, at=AT)
    assert refused(caught.value) == ["pricing_unit"]
    with pytest.raises(Invalid) as caught:
        prices.add_price(charge=charge, currency="EUR", match={"model": "x"}, unit_price=D(1), by=world.mia, at=AT)
    assert refused(caught.value) == ["currency"]
    with pytest.raises(Invalid) as caught:
        prices.set_terms(charge=charge, terms=ChargeTerms(pricing_unit="no"), by=world.mia, at=AT)
    assert refused(caught.value) == ["pricing_unit"]
    with pytest.raises(Conflict):
        prices.add_price(charge=charge, currency="", match={}, unit_price=D(1), by=world.mia, at=AT)


def test_a_product_with_prices_of_contracts_moves_to_no_unit(world: World) -> None:
    version = deals.list_prices(world, ["EUR"])
    pricing_units.create(environment=world.live, key="credits", name="Credits", by=world.mia, at=AT)
    draft = deals.draft_contract(world, world.acme, version.rate_card)
    own_prices.add_override(
        contract=draft, key="own", name="Own", product=version.charges.get().product, tariff=per_unit(D("2.45")),
        match={"model": "gpt-4o", "token_type": "input"}, by=world.chen, at=AT,
    )  # fmt: skip
    signed = contracts.submit(contract=draft, reason="Signed", by=world.chen, at=AT)
    deals.approve(signed, world.rosa, person("hal", [Role.HEAD]), at=AT)
    assert Contract.objects.get().status == "APPROVED"
    charge = ChargeDraft("inference", "llm-tokens", ROWS, IN_CREDITS)
    moved = deals.version(world, version.rate_card, charges=[charge], effective_date=MIDDLE)
    unit_rates.set_rates(version=moved, rates=RATES, by=world.mia, at=AT)
    with pytest.raises(Invalid) as caught:
        rate_cards.submit(version=moved, title="", reason="Move", by=world.mia, at=AT)
    assert refused(caught.value) == ["charges[0].pricing_unit"]


def test_a_file_keeps_units_and_their_worth(world: World) -> None:
    version = deals.approved(world, drafted(world))
    text = price_file(version, "csv").decode()
    assert "credits" in text
    same = filed.prices(world, text, card="list")
    assert (same.status, same.unchanged, same.changed, same.added) == ("READY", 2, 0, 0)
    wrong = filed.prices(world, text.replace("credits", "points"), card="list")
    assert ("", 2, "pricing_unit") in filed.faults(wrong)
    lost = filed.prices(world, text.replace("credits", ""), card="list")
    assert "currency" in {column for _, _, column in filed.faults(lost)}
