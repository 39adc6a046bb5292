"""Tiers that accumulate over a contract, or for ever: drafts made from tables are what a quote says with a position."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.actions import invoices, upkeep
from billing.models import Invoice
from billing.queries.due import Due
from billing.queries.outlook import outlook
from billing.queries.quotes import Used, on_own_terms
from billing.queries.rated import rated, rated_all
from billing.queries.spend import spend_by_day
from billing.rules.quotes.answer import answer_of
from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.quote import quote
from catalog.models import Contract, Metric, RateCard
from catalog.queries import cycle_of, period_of, terms_for
from catalog.rules.drafts import ChargeDraft, ChargeTerms, PriceDraft
from catalog.rules.spans import span_from
from catalog.rules.terms import Dimension, Measure, Reset
from catalog.rules.written import tariff_in
from monetization.values.money import plain, total_of
from tests import amending, deals, make, priced
from tests.make import AT, World

D = Decimal
names = count(1)
METRIC = replace(
    deals.tokens(), filters=(), event_type="work", unit="units", divisor=D(1), measures=(Measure("units"),),
    measure_dimension="", dimensions=(Dimension("kind", "kind"),),
)  # fmt: skip
STEPS = [("50", "3", "0"), ("120", "2", "7"), (None, "1", "9")]
LATER = [("70", "4", "0"), (None, "2", "11")]
OTHER = [("90", "5", "0"), (None, "3", "0")]
MONTHS = [datetime(2026, month, 1, tzinfo=UTC) for month in (9, 10, 11, 12)]
JANUARY = datetime(2027, 1, 8, 12, tzinfo=UTC)
CHANGED = datetime(2026, 11, 14, 12, 30, tzinfo=UTC)
TERM = ChargeTerms(tier_reset=Reset.CONTRACT_TERM)
Rows = Mapping[str, Mapping[str, Any]]


def steps(table: Sequence[tuple[str | None, str, str]]) -> dict[str, Any]:
    tiers = [{"up_to": up, "unit_price": unit, "flat_fee": fee} for up, unit, fee in table]
    return {"model": "GRADUATED", "tiers": tiers}


PACKAGE = {"model": "PACKAGE", "package_size": "40", "package_price": "10"}
FIRST: Rows = {"a": steps(STEPS), "b": PACKAGE}
SECOND: Rows = {"a": steps(LATER), "b": PACKAGE}
THIRD: Rows = {"a": steps(OTHER), "b": PACKAGE}


def tariff(said: Mapping[str, Any]) -> Any:
    return tariff_in(msgspec.convert(said, dict[str, Any]) | _numbers(said))


def _numbers(said: Mapping[str, Any]) -> dict[str, Any]:
    tiers = [{key: D(v) if v is not None else None for key, v in each.items()} for each in said.get("tiers", ())]
    alone = {key: D(value) for key, value in said.items() if key not in ("model", "tiers")}
    return alone | ({"tiers": tiers} if tiers else {})


def charge(rows: Rows, terms: ChargeTerms = TERM) -> ChargeDraft:
    return ChargeDraft("pay", "work", tuple(PriceDraft("EUR", {"kind": k}, tariff(r)) for k, r in rows.items()), terms)


def card(world: World, rows: Rows = FIRST, terms: ChargeTerms = TERM, key: str = "list") -> RateCard:
    if not Metric.objects.filter(key="work").exists():
        deals.metric(world, "work", content=METRIC)
        deals.product(world, "pay")
    made = deals.card(world, key)
    deals.approved(world, deals.version(world, made, charges=[charge(rows, terms)]))
    return made


def sign(world: World, made: RateCard, **more: Any) -> Contract:
    given = {"start_date": date(2026, 9, 1), "anchor": "first"} | more
    return deals.contract(world, given.pop("account", world.acme), made, **given)


def work(world: World, at: datetime, units: str, kind: str = "a", account: str = "acme") -> dict[str, Any]:
    data = {"kind": kind, "units": units}
    event = {"id": f"w{next(names)}", "type": "work", "subject": account, "time": at.isoformat(), "data": data}
    priced.use(world, [event], at=JANUARY)
    return event


def drawn(world: World, seed: int) -> list[dict[str, Any]]:
    """Use something at some hours of each month, also around the price change."""
    random, found = Random(seed), []
    for month in MONTHS:
        for _ in range(6):
            at = month + timedelta(hours=random.randrange(2, 600), minutes=random.choice([0, 29, 31]))
            found.append(work(world, at, str(D(random.randrange(1, 400)) / 10), random.choice("ab")))
    return found


def draft(contract: Contract, month: datetime) -> Invoice:
    period = period_of(contract, month + timedelta(days=14))
    return invoices.draft(contract=contract, period=period, by=None, at=JANUARY)


def amounts(invoice: Invoice) -> list[tuple[str, Decimal]]:
    return sorted((line.match["kind"], line.amount) for line in invoice.lines.all() if line.match)


def quoted(
    events: Sequence[Mapping[str, Any]],
    start: datetime,
    dated: Sequence[tuple[str, Rows]],
    before: Mapping[str, Decimal],
) -> list[tuple[str, Decimal]]:
    """Ask the pure engine for a month: each row is a charge, which starts at its own position."""
    end = (start + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    charges = [
        {"key": kind, "position": plain(before[kind]),
         "prices": [row[kind] | ({"starts_on": day} if day else {}) for day, row in dated]}
        for kind in "ab"
    ]  # fmt: skip
    body = {
        "currency": "EUR", "time_zone": "Europe/Berlin", "charges": charges,
        "period": {"start_date": f"{start:%Y-%m-%d}", "end_date": f"{end:%Y-%m-%d}"},
        "usage": [
            {"charge": e["data"]["kind"], "quantity": e["data"]["units"], "at": e["time"], "id": e["id"]}
            for e in events
        ],
    }  # fmt: skip
    found = answer_of(quote(msgspec.convert(body, QuoteBody, strict=False), date(2027, 1, 8)), "EUR", D(0))
    return sorted((line["charge"], D(line["amount"])) for each in found["invoices"] for line in each["lines"])


def in_month(events: Sequence[Mapping[str, Any]], start: datetime) -> list[Mapping[str, Any]]:
    return [each for each in events if datetime.fromisoformat(each["time"]).month == start.month]


def sums(events: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    return {kind: total_of(D(e["data"]["units"]) for e in events if e["data"]["kind"] == kind) for kind in "ab"}


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_drafts_are_what_quotes_say_through_price_changes_and_amendments(world: World, seed: int) -> None:
    listed = card(world)
    contract = sign(world, listed)
    deals.approved(world, deals.version(world, listed, charges=[charge(SECOND)], effective_at=CHANGED))
    amending.amended(world, contract, date(2026, 12, 11), rate_card=card(world, THIRD, key="other"))
    events = drawn(world, seed)
    dated = [("", FIRST), (CHANGED.isoformat(), SECOND), ("2026-12-11", THIRD)]
    for number, month in enumerate(MONTHS):
        before = sums([each for early in MONTHS[:number] for each in in_month(events, early)])
        invoice = draft(contract, month)
        assert amounts(invoice) == quoted(in_month(events, month), month, dated, before), month
        assert not invoice.flags.filter(code="unpriced").exists()
        spent = spend_by_day(invoice)
        assert spent is not None
        assert total_of(day.amount for day in spent.days) == invoice.net


def test_a_period_starts_at_zero_where_nothing_else_is_said(world: World) -> None:
    contract = sign(world, card(world, terms=ChargeTerms()))
    for month in MONTHS[:2]:
        work(world, month + timedelta(days=4), "60")
        assert draft(contract, month).net == 50 * 3 + 10 * 2 + 7
    assert terms_for(contract=contract, period=period_of(contract, MONTHS[1])).earlier == ()


def test_a_lifetime_goes_through_contracts_and_a_term_does_not(world: World) -> None:
    lifelong = card(world, terms=ChargeTerms(tier_reset=Reset.LIFETIME), key="lifelong")
    first = sign(world, lifelong, key="first", end_date=date(2026, 10, 15))
    work(world, MONTHS[0] + timedelta(days=4), "50")
    work(world, MONTHS[1] + timedelta(days=4), "10")
    work(world, MONTHS[1] + timedelta(days=16), "9")  # no contract in these days
    second = sign(world, lifelong, key="second", start_date=date(2026, 10, 20))
    work(world, MONTHS[1] + timedelta(days=25), "5")
    assert draft(first, MONTHS[0]).net == 150
    assert draft(first, MONTHS[1] - timedelta(days=5)).net == 20 + 7
    [mine] = (rated(contract=second, period=period_of(second, MONTHS[1] + timedelta(days=25))),)
    assert mine.totals.net == 10  # at 60
    assert {part.contract for part in mine.terms.earlier} == {"first"}
    again = deals.version(world, lifelong, charges=[charge(FIRST)], effective_date=date(2026, 11, 1))
    deals.approved(world, again)
    work(world, MONTHS[2] + timedelta(days=2), "50")
    assert draft(second, MONTHS[2]).net == 45 * 3 + 5 * 2 + 7  # the second contract alone: at 5


def test_a_trial_moves_no_tier_and_free_units_neither(world: World) -> None:
    free = replace(TERM, free_units=D(20))
    contract = sign(world, card(world, terms=free), trial_until=date(2026, 10, 1))
    work(world, MONTHS[0] + timedelta(days=4), "200")  # on trial
    work(world, MONTHS[1] + timedelta(days=4), "60")
    work(world, MONTHS[2] + timedelta(days=4), "40")
    assert draft(contract, MONTHS[1]).net == 40 * 3
    assert draft(contract, MONTHS[2]).net == 10 * 3 + 10 * 2 + 7


def test_what_comes_late_for_a_frozen_period_still_moves_the_next_one(world: World) -> None:
    contract = sign(world, card(world))
    work(world, MONTHS[1] + timedelta(days=4), "50")
    work(world, MONTHS[2] + timedelta(days=4), "10")
    october, november = draft(contract, MONTHS[1]), draft(contract, MONTHS[2])
    assert november.net == 20 + 7
    invoices.review(invoice=october, by=world.finn, at=JANUARY)
    work(world, MONTHS[1] + timedelta(days=5), "65")
    assert upkeep.refresh_stale(at=JANUARY) == 1
    october.refresh_from_db()
    november.refresh_from_db()
    assert (october.net, november.net) == (150, 5 * 2 + 5 + 9)  # from 115


def test_previews_go_on_like_drafts(world: World) -> None:
    contract = sign(world, card(world))
    work(world, MONTHS[0] + timedelta(days=4), "50")
    span = span_from(cycle_of(contract), date(2026, 10, 1))
    used = [Used("pay", (("kind", "a"),), D(10))]
    assert on_own_terms(contract, span, used).bill.net == 20 + 7
    work(world, MONTHS[1] + timedelta(days=4), "10")
    assert on_own_terms(contract, span).bill.net == 20 + 7
    made = outlook(contract, AT, [Used("pay", (("kind", "a"),), D(40))])
    nets = [each.rated.totals.net for each in made.invoices if each.rated is not None]
    assert nets == [120, 10 * 3 + 30 * 2 + 7, 40 * 2]


def test_a_draft_asks_no_more_after_many_periods_than_after_one(world: World) -> None:
    listed = card(world)
    contract = sign(world, listed)
    drawn(world, 5)

    def asked(*months: datetime) -> int:
        dues = [Due(contract, period_of(contract, month + timedelta(days=14))) for month in months]
        rated_all(dues)
        with CaptureQueriesContext(
            connection,
        ) as found:
            rated_all(dues)
        return len(found)

    assert asked(MONTHS[3]) == asked(MONTHS[1])
    plainly = sign(world, card(world, terms=ChargeTerms(), key="plain"), account=world.globex)
    period = period_of(plainly, MONTHS[3])
    with CaptureQueriesContext(connection) as found:
        rated(contract=plainly, period=period)
    assert asked(MONTHS[3]) <= len(found) + 4


def test_contracts_that_began_together_are_measured_together(world: World) -> None:
    listed = card(world)
    made = []
    for number in range(6):
        account = make.account(world.customers["acme"], f"m{number}", time_zone="Europe/Berlin", country="DE")
        made.append(sign(world, listed, account=account, key=f"m-{number}"))
        work(world, MONTHS[0] + timedelta(days=4), "50", account=account.key)
        work(world, MONTHS[1] + timedelta(days=4), str(number + 1), account=account.key)

    def asked(contracts: Sequence[Contract]) -> int:
        dues = [Due(each, period_of(each, MONTHS[1] + timedelta(days=14))) for each in contracts]
        rated_all(dues)
        with CaptureQueriesContext(connection) as found:
            answers = rated_all(dues)
        nets = [each.totals.net for each in answers if not isinstance(each, Exception)]
        assert nets == [7 + 2 * (made.index(each) + 1) for each in contracts]
        return len(found)

    assert asked(made[:2]) == asked(made)
