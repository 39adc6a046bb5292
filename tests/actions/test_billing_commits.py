"""Commits with schedules, recurring grants and rollover, from tables to invoices and books."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.actions import balances, expiring, invoices, runs
from billing.models import Drawdown, Invoice
from billing.queries import books_checks
from billing.queries.balances import balance_at
from billing.queries.due import dues_of
from billing.queries.standing import balances_of
from catalog.actions import commits, contracts, rollovers
from catalog.models import Commit, Contract, Instrument, Product
from catalog.queries import period_of, terms_for
from catalog.rules.schedules import Billing, Item
from monetization.values.errors import Conflict, Invalid, WrongState
from monetization.values.periods import local_date
from tests import agreements, amending, deals, priced
from tests.dues import booked, clean, issue, lines, moved
from tests.make import AT, World
from tests.priced import NOVEMBER_5, OCTOBER

D = Decimal
DAY = timedelta(days=1)
NOVEMBER = OCTOBER + 40 * DAY
DECEMBER_5 = NOVEMBER_5 + 30 * DAY
JANUARY_5 = NOVEMBER_5 + 61 * DAY


def item(amount: str, first: str, last: str | None = None) -> Item:
    return Item(D(amount), date.fromisoformat(first), date.fromisoformat(last) if last else None)


def due(amount: str, day: str) -> Billing:
    return Billing(D(amount), date.fromisoformat(day))


def usage_of(contract: Contract, month: datetime, at: datetime) -> Invoice:
    return invoices.draft(contract=contract, period=period_of(contract, month), by=None, at=at)


def november(world: World, tokens: int = 40_000_000) -> None:
    priced.use(world, [priced.event("acme", NOVEMBER, input=tokens)], at=NOVEMBER + DAY)


def test_schedules_that_need_not_agree(world: World) -> None:
    """Access of 120 and 180 for 150 + 90: each item costs 0.8 a unit, whenever it is billed."""
    access = [item("120", "2026-10-01", "2026-10-31"), item("180", "2026-11-01", "2026-12-31")]
    bought = [due("150", "2026-10-01"), due("90", "2026-11-15")]
    contract = agreements.contract(world, agreements.commit("PREPAID", access, bought), end_date=date(2026, 12, 31))
    commit = Commit.objects.get()
    assert [(one.key, one.amount, one.invoiced) for one in commit.items.order_by("pk")] == [
        ("annual.1", D(120), D(96)), ("annual.2", D(180), D(144)),
    ]  # fmt: skip
    priced.use(world, priced.october())
    november(world)
    run = runs.draft_due(environment=world.live, by=None, at=DECEMBER_5)
    assert run.parked == []
    purchases = list(Invoice.objects.filter(kind="COMMIT").order_by("period_starts_at"))
    assert [lines(one) for one in purchases] == [[("one_time", "Annual", "150.00")], [("one_time", "Annual", "90.00")]]
    assert [local_date(one.period_starts_at, "Europe/Berlin") for one in purchases] == [each.date for each in bought]
    assert runs.draft_due(environment=world.live, by=None, at=DECEMBER_5).drafted == []
    used = [usage_of(contract, month, DECEMBER_5) for month in (OCTOBER + 9 * DAY, NOVEMBER)]
    every = [issue(world, one, DECEMBER_5) for one in (*purchases, *used)]
    assert [one.total for one in used and every[2:]] == [0, 0]
    assert moved("annual.1") == [("GRANTED", "120.00"), ("DRAWN", "-108.50"), ("EXPIRED", "-11.50")]
    assert moved("annual.2") == [("GRANTED", "180.00"), ("DRAWN", "-100.00")]
    assert booked(*every[2:]) == {
        "revenue:inference": "-208.50", "deferred_revenue": "176.00", "credits_granted": "41.70", "breakage": "-9.20",
    }  # fmt: skip
    clean(DECEMBER_5)


def test_one_thing_bought_on_several_days_of_one_period(world: World) -> None:
    access = [item("1000", "2026-10-01", "2027-09-30")]
    bought = [due("500", "2026-10-01"), due("400", "2027-04-01")]
    agreements.contract(
        world, agreements.commit("PREPAID", access, bought), cadence="ANNUAL", end_date=date(2027, 9, 30)
    )
    runs.draft_due(environment=world.live, by=None, at=datetime(2027, 5, 1, tzinfo=UTC))
    assert [f"{one.net:.2f}" for one in Invoice.objects.filter(kind="COMMIT").order_by("pk")] == ["500.00", "400.00"]
    assert Instrument.objects.get().key == "annual"


def test_a_ramp_is_a_schedule(world: World) -> None:
    access = [item("60", "2026-10-01", "2026-10-31"), item("90", "2026-11-01", "2026-11-30")]
    contract = agreements.contract(
        world, agreements.commit("PREPAID", access, [due("150", "2026-10-01")]), end_date=date(2026, 11, 30)
    )
    priced.use(world, priced.october())
    november(world)
    nets = [f"{usage_of(contract, month, DECEMBER_5).net:.2f}" for month in (OCTOBER + 9 * DAY, NOVEMBER)]
    assert nets == ["48.50", "10.00"]


def test_a_postpaid_commit_is_drawn_by_what_is_billed_and_trued_up(world: World) -> None:
    contract = agreements.contract(
        world, agreements.commit("POSTPAID", [item("250", "2026-10-01", "2026-11-30")]), end_date=date(2026, 12, 31)
    )
    priced.use(world, priced.october())
    november(world)
    first = issue(world, usage_of(contract, OCTOBER + 9 * DAY, DECEMBER_5), DECEMBER_5)
    second = usage_of(contract, NOVEMBER, DECEMBER_5)
    assert (first.net, moved("annual")) == (D("108.50"), [("GRANTED", "250.00"), ("DRAWN", "-108.50")])
    assert lines(second) == [("usage", "gpt-4o · input", "100.00"), ("true_up", "Shortfall of Annual", "41.50")]
    second = issue(world, second, DECEMBER_5)
    assert moved("annual")[2:] == [("DRAWN", "-100.00"), ("EXPIRED", "-41.50")]
    assert booked(first, second) == {
        "receivable": "297.51", "revenue:inference": "-208.50", "revenue:several": "-41.50", "tax_payable": "-47.51",
    }  # fmt: skip
    clean(DECEMBER_5)


def test_units_that_a_commit_covers_cost_its_own_price(world: World) -> None:
    """31 million tokens in at 2.50, half that on the commit; 38.75 is what they cost there."""
    priced.list_card(world)
    inference = Product.objects.get(key="inference")
    own = commits.OwnPriceDraft(inference, {"token_type": "input"}, unit_price=D("1.25"))
    content: dict[str, Any] = {"prices": [own], "dimensions": {"token_type": "input"}}
    contract = agreements.contract(
        world, agreements.commit("PREPAID", [item("30", "2026-10-01")], [due("30", "2026-10-01")], **content)
    )
    priced.use(world, priced.october())
    invoice = usage_of(contract, OCTOBER + 9 * DAY, NOVEMBER_5)
    assert lines(invoice) == [
        ("usage", "gpt-4o · output", "31.00"), ("usage", "gpt-4o · input", "47.50"),
        ("drawdown", "Annual, on gpt-4o · input", "-30.00"),
    ]  # 24 million at 1.25, 7 million at 2.50  # fmt: skip
    [terms] = terms_for(contract=contract, period=invoice.period).instruments
    assert terms.prices[0].unit_price == D("1.25")
    issue(world, invoice, NOVEMBER_5)
    clean(NOVEMBER_5)


def test_a_scope_by_tag(world: World) -> None:
    priced.list_card(world)
    Product.objects.filter(key="inference").update(tags=["tokens"])
    nothing, some = ({"tags": [tag], "key": tag} for tag in ("storage", "tokens"))
    contract = agreements.contract(world, agreements.credit("50", **nothing), agreements.credit("8.50", **some))
    priced.use(world, priced.october())
    assert usage_of(contract, OCTOBER + 9 * DAY, NOVEMBER_5).net == D(100)


def test_a_recurring_grant_is_new_in_each_period(world: World) -> None:
    contract = agreements.contract(world, agreements.monthly("60", rollover_periods=1), start_date=date(2026, 10, 16))
    assert Instrument.objects.count() == 0
    found = terms_for(contract=contract, period=period_of(contract, NOVEMBER)).instruments
    assert [(one.id, one.balance) for one in found] == [("free.2026-10-16", D("30.97")), ("free.2026-11-01", D(60))]
    priced.use(world, priced.october()[15:])
    november(world, 4_000_000)
    first = usage_of(contract, OCTOBER + 20 * DAY, DECEMBER_5)
    second = usage_of(contract, NOVEMBER, DECEMBER_5)
    assert [(one.instrument.key, one.drawn, one.expired) for one in first.drawdowns.all()] == [
        ("free.2026-10-16", D("30.97"), D(0))
    ]
    again = terms_for(contract=contract, period=second.period)
    assert [one.id for one in again.instruments] == ["free.2026-10-16", "free.2026-11-01"]
    first, second = (issue(world, one, DECEMBER_5) for one in (first, second))
    assert (f"{first.net:.2f}", second.net) == ("25.03", 0)
    assert moved("free.2026-11-01") == [("GRANTED", "60.00"), ("DRAWN", "-10.00")]
    third = usage_of(contract, NOVEMBER + 31 * DAY, JANUARY_5)
    issue(world, third, JANUARY_5)
    assert moved("free.2026-11-01")[2:] == [("EXPIRED", "-50.00")]
    assert balances.grant_due(at=JANUARY_5) == 1
    assert Instrument.objects.count() == 4
    assert balances.grant_due(at=JANUARY_5) == 0
    clean(JANUARY_5)


def renewed(world: World, percent: str = "20", fresh: str = "500") -> tuple[Contract, Contract]:
    """200 from October to November, then a renewal with 500; a share of the 200 may roll over."""
    old = agreements.contract(
        world,
        agreements.commit(
            "PREPAID", [item("200", "2026-10-01", "2026-11-30")], [due("160", "2026-10-01")],
            rollover_percent=D(percent),
        ),
        end_date=date(2026, 11, 30),
    )  # fmt: skip
    draft = deals.draft_contract(
        world, world.acme, old.rate_card, start_date=date(2026, 12, 1), anchor="first", key="renewal"
    )
    access = [item(fresh, "2026-12-01", "2027-01-31"), item("500", "2027-02-01")]
    content = commits.CommitDraft("PREPAID", access, [due("800", "2026-12-01")])
    by: dict[str, Any] = {"by": world.chen, "at": AT}
    with pytest.raises(Invalid, match="nothing that may be drawn"):
        rollovers.roll_over(from_contract=old, to_contract=draft, **by)
    commits.add(contract=draft, key="second", name="Second", content=content, **by)
    for _ in range(2):
        [rolled] = rollovers.roll_over(from_contract=old, to_contract=draft, **by)
    assert (rolled.amount, rolled.invoiced, rolled.end_date) == (
        D(percent) * 2, D(percent) * 2 * D("0.8"), date(2027, 1, 31),
    )  # fmt: skip
    request = contracts.submit(contract=draft, reason="Renewed", **by)
    deals.approve(request, world.rosa, at=AT)
    draft.refresh_from_db()
    return old, draft


def test_what_is_left_rolls_over_on_renewal(world: World) -> None:
    old, new = renewed(world)
    priced.use(world, priced.october())
    november(world, 4_000_000)
    december = NOVEMBER + 30 * DAY
    priced.use(world, [priced.event("acme", december, input=20_000_000)], at=december + DAY)
    first, last = (usage_of(old, month, JANUARY_5) for month in (OCTOBER + 9 * DAY, NOVEMBER))
    third = usage_of(new, december, JANUARY_5)
    found = {one.instrument.key: (one.opening, one.drawn) for one in third.drawdowns.all()}
    assert found == {"annual.rolled": (D(40), D(40)), "second.1": (D(500), D(10))}
    first = issue(world, first, JANUARY_5)
    with pytest.raises(WrongState, match="October 2026"):
        invoices.review(invoice=third, by=world.finn, at=JANUARY_5)
    last = issue(world, last, JANUARY_5)
    assert moved("annual") == [
        ("GRANTED", "200.00"), ("DRAWN", "-108.50"), ("DRAWN", "-10.00"), ("EXPIRED", "-41.50"), ("ROLLED", "-40.00"),
    ]  # fmt: skip
    third.refresh_from_db()
    third = issue(world, third, JANUARY_5)
    assert moved("annual.rolled") == [("ROLLED", "40.00"), ("DRAWN", "-40.00")]
    assert booked(first, last, third)["deferred_revenue"] == "168.00"  # all of 160, and 10 of 1000 for 800
    assert booked(last)["breakage"] == "-33.20"
    assert not Invoice.objects.filter(kind="COMMIT").exists()
    clean(JANUARY_5)


def test_what_rolled_over_comes_back_with_the_invoice(world: World) -> None:
    old, new = renewed(world, "100")
    priced.use(world, priced.october())
    november(world, 4_000_000)
    first, last = (usage_of(old, month, JANUARY_5) for month in (OCTOBER + 9 * DAY, NOVEMBER))
    first, last = (invoices.review(invoice=one, by=world.finn, at=JANUARY_5) for one in (first, last))
    third = usage_of(new, NOVEMBER + 30 * DAY, JANUARY_5)
    rolled = Instrument.objects.get(key="annual.rolled")
    assert balance_at(rolled, JANUARY_5) == D("81.50")
    priced.use(world, [priced.event("acme", NOVEMBER + 30 * DAY, input=4_000_000)], at=JANUARY_5 - DAY)
    third = invoices.review(invoice=third, by=world.finn, at=JANUARY_5)
    with pytest.raises(Conflict, match="has drawn"):
        invoices.send_back(invoice=last, reason="Wrong", by=world.finn, at=JANUARY_5)
    third = invoices.send_back(invoice=third, reason="Wrong", by=world.finn, at=JANUARY_5)
    for _ in range(2):
        last = invoices.send_back(invoice=last, reason="Wrong", by=world.finn, at=JANUARY_5)
        assert balance_at(rolled, JANUARY_5) == 0
        clean(JANUARY_5)
        last = invoices.review(invoice=last, by=world.finn, at=JANUARY_5)
    assert balance_at(rolled, JANUARY_5) == D("81.50")
    assert balance_at(Instrument.objects.get(key="annual"), JANUARY_5) == 0
    left = {one.instrument.key: f"{one.left:.2f}" for one in balances_of(world.acme, JANUARY_5)}
    assert (left["annual"], left["annual.rolled"], left["second.1"]) == ("0.00", "81.50", "500.00")
    clean(JANUARY_5)


def test_nothing_rolls_over_without_a_renewal(world: World) -> None:
    contract = agreements.contract(world, agreements.credit("200", rollover_percent=D(50)), end_date=date(2026, 10, 31))
    priced.use(world, priced.october())
    issue(world, usage_of(contract, OCTOBER + 9 * DAY, NOVEMBER_5), NOVEMBER_5)
    assert moved("welcome")[1:] == [("DRAWN", "-108.50"), ("EXPIRED", "-91.50")]


def test_a_granted_credit_ends_without_an_invoice(world: World) -> None:
    """Two accounts with a credit of one key: acme's outlives its contract, which ends inside a month."""
    agreements.granted(world, "200", end_date=date(2026, 10, 31))
    contract = agreements.contract(world, end_date=date(2026, 10, 15))
    agreements.granted(world, "70", account=world.globex, currency="JPY", end_date=date(2026, 10, 20))
    priced.use(world, priced.october()[:15])
    balances.grant_due(at=NOVEMBER_5)
    invoice = usage_of(contract, OCTOBER + 9 * DAY, NOVEMBER_5)
    [drawdown] = invoice.drawdowns.all()
    assert (drawdown.drawn, drawdown.expired) == (D("52.50"), 0)
    assert expiring.expire_due(at=NOVEMBER_5) == 1  # globex's; a period of acme isn't frozen
    assert expiring.expire_due(at=NOVEMBER_5) == 0
    invoice = invoices.review(invoice=invoice, by=world.finn, at=NOVEMBER_5)
    acme = Instrument.objects.get(account=world.acme)
    for _ in range(2):
        assert balance_at(acme, NOVEMBER_5) == D("147.50")
        assert expiring.expire_due(at=NOVEMBER_5) == 1
        assert balance_at(acme, NOVEMBER_5) == 0
        clean(NOVEMBER_5)
        invoice = invoices.send_back(invoice=invoice, reason="Once more", by=world.finn, at=NOVEMBER_5)
        assert [one.drawn for one in invoice.drawdowns.all()] == [D("52.50")]
        invoice = invoices.review(invoice=invoice, by=world.finn, at=NOVEMBER_5)
    clean(NOVEMBER_5)


def test_a_balance_below_zero_is_seen(world: World) -> None:
    contract = agreements.contract(world, agreements.credit("200"))
    priced.use(world, priced.october())
    first = usage_of(contract, OCTOBER + 9 * DAY, DECEMBER_5)
    november(world)
    Drawdown.objects.filter(invoice=first).update(opening=D(300), drawn=D(300))
    second = usage_of(contract, NOVEMBER, DECEMBER_5)
    assert [(one.opening, one.drawn) for one in second.drawdowns.all()] == [(D(-100), D(0))]
    assert second.flags.filter(code="BALANCE_BELOW_ZERO", severity="BLOCK").exists()
    check = next(check for check in books_checks() if check.name == "credits_not_overdrawn")
    assert "opened below zero" in [row["wrong"] for row in check.find(DECEMBER_5)]


def test_what_an_amendment_buys_is_billed_once_it_is_approved(world: World) -> None:
    contract = agreements.contract(world)
    top_up = {"key": "top-up", "name": "Top-up", "kind": "PREPAID", "amount": D(100), "invoiced": D(80)}
    amendment = amending.draft(
        world,
        contract,
        date(2026, 10, 20),
        at=OCTOBER,
        adds=[("instrument", top_up | {"start_date": date(2026, 10, 20)})],
    )

    def bought() -> list[date]:
        fresh = Contract.objects.select_related("account").get(pk=contract.pk)
        found = dues_of([fresh], NOVEMBER_5)
        return [local_date(due.period.starts_at, "Europe/Berlin") for due in found if due.kind == "COMMIT"]

    assert bought() == []
    deals.approve(amending.submitted(world, amendment, at=OCTOBER), world.rosa, at=OCTOBER)
    assert bought() == [date(2026, 10, 20)]
