"""Limits of spend and balance: billing writes them, reservations hold money, and many at once never pass them.

It is 20 October 2026. An event of 1,000,000 tokens in and 100,000 out costs EUR 3.50.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from threading import Event as Flag
from typing import Any

import pytest
from django.db import connections

from billing.actions import money_left
from billing.queries import so_far
from billing.rules.money_left import balance_of, spend_of
from catalog.actions import agreed
from catalog.models import Contract, Product
from metering.actions import holds, limit_alerts, limits, settling
from metering.actions.holds import Answer, Use
from metering.actions.ingest import ingest
from metering.actions.limits import LimitDraft
from metering.actions.money import Word, write_counters
from metering.models import Breach, Counter, Hold, Limit, LimitAlert
from monetization.foundation.models import AuditEntry
from monetization.values.errors import Invalid
from monetization.values.periods import Period
from tests import agreements, make, priced
from tests.make import World
from tests.priced import OCTOBER

NOW = OCTOBER + timedelta(days=19, hours=12)
COST = Decimal("3.50")
D = Decimal
keys = count(1)


def limit(world: World, most: str, kind: str = "SPEND", **more: Any) -> Limit:
    """Set a limit of acme's money."""
    said = {"name": kind.capitalize(), "most": D(most), "kind": kind, "currency": "EUR", "thresholds": [80, 100]} | more
    account = said.pop("account", world.acme)
    return limits.set_limit(environment=world.live, account=account, content=LimitDraft(**said), by=None, at=NOW)


def spend(world: World, times: int = 1, at: datetime = NOW) -> None:
    """Use for EUR 3.50, so many times."""
    priced.use(world, [priced.event("acme", at, input=1_000_000, output=100_000) for _ in range(times)], at)


def reserve(world: World, cost: str | Decimal = "0", *, key: str = "", at: datetime = NOW) -> Answer:
    """Reserve a million tokens that are expected to cost so much."""
    money = D(cost)
    use = Use(world.acme.pk, "llm-tokens", D(1), {}, spend=money, currency="EUR" if money else "")
    return holds.reserve(environment=world.live, key=key or f"k{next(keys)}", use=use, seconds=600, at=at)


def stands(of: Limit) -> tuple[Decimal, Decimal, Decimal | None]:
    counter = Counter.objects.get(limit=of)
    return counter.spent.normalize() + 0, counter.held.normalize() + 0, counter.most


def written(at: datetime = NOW) -> int:
    return money_left.write_behind(at=at)


@pytest.fixture
def contract(world: World) -> Contract:
    return agreements.contract(world, (agreed.add_discount, {"key": "off", "name": "Off", "percent": D(10)}))


def test_spend_follows_usage(world: World, contract: Contract) -> None:
    mine = limit(world, "100")
    assert reserve(world).limits == []  # billing has not said anything yet
    assert written() == 1
    assert stands(mine) == (0, 0, None)
    assert written() == 0
    spend(world, 3)
    assert written(NOW + timedelta(seconds=2)) == 1
    assert stands(mine) == (D("9.45"), 0, None)
    counter = Counter.objects.get()
    assert (counter.as_of, counter.ends_at) == (NOW + timedelta(seconds=2), datetime.fromisoformat("2026-10-31T23:00Z"))
    [standing] = reserve(world).limits
    assert (standing.as_of, standing.is_behind, standing.left) == (counter.as_of, False, D("90.55"))
    limits.change_limit(limit=mine, by=None, at=NOW + timedelta(seconds=3), most=D(50))
    assert written(NOW + timedelta(seconds=4)) == 1


def test_what_is_spend(world: World) -> None:
    """Use after discounts and caps; not fees, not minimums, and not lowered by what covers it."""
    lid = {"key": "lid", "name": "Lid", "kind": "MAXIMUM", "amount": D(40)}
    contract = agreements.contract(world, agreements.credit("5"), (agreed.add_bound, lid))
    spend(world, 20)
    bill = so_far(contract=contract, at=NOW).bill
    assert (spend_of(bill), spend_of(bill, "inference"), spend_of(bill, "other")) == (40, 40, 0)
    assert bill.net == 35
    assert balance_of(bill, "EUR", NOW) == (5, 5)


def test_a_reservation_holds_the_money_that_it_may_cost(world: World, contract: Contract) -> None:
    mine = limit(world, "10")
    written()
    assert reserve(world, "6", key="a").admitted
    assert stands(mine) == (0, 6, None)
    refused = reserve(world, "4.01", key="b")
    assert (refused.admitted, refused.reason) == (False, "limit_reached")
    assert reserve(world, "4", key="c").admitted
    assert not reserve(world, key="d").admitted  # nothing is left, whatever it costs
    rows = Breach.objects.order_by("pk").values_list("kind", "hold_key", "amount")
    assert [*rows] == [("REFUSED", "b", D("4.01")), ("REFUSED", "d", 0)]
    assert reserve(world, "6", key="a").admitted  # the same again is the same hold
    settling.release(environment=world.live, key="c", at=NOW)
    assert stands(mine) == (0, 6, None)
    holds.expire_holds(at=NOW + timedelta(hours=1))
    assert stands(mine) == (0, 0, None)


def test_money_stays_held_until_billing_knows_the_event(world: World, contract: Contract) -> None:
    mine = limit(world, "10")
    written()
    reserve(world, "4", key="a")
    event = priced.event("acme", NOW, input=1_000_000, output=100_000)
    ingest(environment=world.live, events=[event], by=None, at=NOW)
    settling.settle(environment=world.live, key="a", source="api", event_id=event["id"], at=NOW)
    assert Hold.objects.get(key="a").status == "SETTLED"
    assert stands(mine) == (0, 4, None)
    assert not reserve(world, "6.01").admitted
    written(NOW + timedelta(seconds=1))
    assert stands(mine) == (D("3.15"), 0, None)
    assert reserve(world, "6.85").admitted


def test_who_read_earlier_usage_changes_nothing(world: World, contract: Contract) -> None:
    mine = limit(world, "10")
    period = Period(datetime.fromisoformat("2026-09-30T22:00Z"), datetime.fromisoformat("2026-10-31T23:00Z"))

    def word(spent: str, mark: int) -> int:
        word = Word(mine, period, D(spent))
        return len(write_counters(account_id=world.acme.pk, words=[word], mark=mark, at=NOW))

    assert (word("2", 5), word("1", 4), word("3", 5)) == (1, 0, 1)
    assert stands(mine)[0] == 3
    with pytest.raises(Invalid):
        write_counters(account_id=world.acme.pk, words=[Word(Limit(kind="QUANTITY"), period, D(1))], mark=6, at=NOW)


def test_a_balance_that_is_drawn(world: World) -> None:
    agreements.contract(world, agreements.credit("10"), agreements.prepaid("20", "15"))
    mine = limit(world, "5", "BALANCE")
    spend(world, 2)
    written()
    assert stands(mine) == (7, 0, 25)  # of 30, five must stay
    assert reserve(world, "18").admitted
    assert not reserve(world, "0.01").admitted
    agreements.granted(world, "50", at=NOW)
    assert written(NOW + timedelta(minutes=1)) == 1
    assert stands(mine) == (7, 18, 75)
    spend(world, 30)
    written(NOW + timedelta(minutes=2))
    assert stands(mine) == (80, 18, 75)
    assert not reserve(world, "0.01").admitted
    assert Breach.objects.filter(kind="OVERRUN").count() == 1


def test_thresholds_of_money_are_told_once(world: World, contract: Contract) -> None:
    mine = limit(world, "10")
    for number in range(1, 5):
        spend(world)
        written(NOW + timedelta(seconds=number))
        limit_alerts.raise_alerts(at=NOW + timedelta(seconds=number))
    rows = LimitAlert.objects.order_by("percent").values_list("percent", "spent", "most")
    assert [*rows] == [(80, D("9.45"), 10), (100, D("12.60"), 10)]
    assert Breach.objects.get().amount == D("2.60")
    assert AuditEntry.objects.filter(action="limit.set", subject=f"metering.limit:{mine.pk}").count() == 1


def test_a_limit_that_billing_does_not_follow_answers_by_its_policy(world: World, contract: Contract) -> None:
    closed = limit(world, "100")
    written()
    spend(world)
    assert reserve(world, at=NOW + timedelta(minutes=4)).admitted
    late = NOW + timedelta(minutes=6)
    answer = reserve(world, at=late)
    assert (answer.admitted, answer.degraded, answer.reason) == (False, True, "limit_unavailable")
    limits.change_limit(limit=closed, by=None, at=late, fails_open=True)
    assert reserve(world, at=late).admitted
    written(late)
    assert not reserve(world, at=late).degraded


def test_a_limit_of_a_product(world: World, contract: Contract) -> None:
    inference = Product.objects.get(key="inference")
    mine = limit(world, "3", product=inference)
    spend(world)
    written()
    assert stands(mine) == (D("3.15"), 0, None)
    assert not reserve(world).admitted


WRONG = (
    ("metric", {"metric": ...}), ("window", {"window": "DAY"}), ("currency", {"currency": ""}),
    ("match", {"match": {"model": "x"}}),
)  # fmt: skip


@pytest.mark.parametrize(("field", "said"), WRONG)
def test_wrong_limits_of_money_name_their_field(
    world: World, contract: Contract, field: str, said: dict[str, Any]
) -> None:
    from tests.deals import metric_of

    said = {name: metric_of() if value is ... else value for name, value in said.items()}
    with pytest.raises(Invalid) as refused:
        limit(world, "3", **said)
    assert refused.value.field == field
    with pytest.raises(Invalid) as refused:
        limit(world, "3", "QUANTITY", currency="", metric=metric_of(), product=Product.objects.get())
    assert refused.value.field == "product"


# -- many at once


def crowd(world: World, callers: int, turns: int) -> int:
    """Let callers reserve what an event costs, send and settle it, while billing writes; returns how many got in."""
    done = Flag()

    def caller(number: int) -> int:
        admitted = 0
        try:
            for turn in range(turns):
                key = f"c{number}-{turn}"
                if reserve(world, COST, key=key).admitted:
                    event = priced.event("acme", NOW, input=1_000_000, output=100_000)
                    ingest(environment=world.live, events=[event], by=None, at=NOW)
                    settling.settle(environment=world.live, key=key, source="api", event_id=event["id"], at=NOW)
                    admitted += 1
        finally:
            connections.close_all()
        return admitted

    def writer() -> None:
        try:
            while not done.is_set():
                written()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(callers + 2) as pool:
        writing = [pool.submit(writer) for _ in range(2)]
        admitted = sum(pool.map(caller, range(callers)))
        done.set()
        for each in writing:
            each.result()
    written(NOW + timedelta(minutes=1))
    return admitted


@pytest.mark.django_db(transaction=True)
def test_callers_never_pass_a_limit_of_spend(transactional_db: None) -> None:
    world = make.world()
    agreements.contract(world)
    mine = limit(world, "40")
    written()
    admitted = crowd(world, 6, 4)
    assert stands(mine) == (COST * admitted, 0, None)
    assert 3 < admitted <= 11  # 38.50 of 40; an event may be held and spent for a moment, so some ask in vain
    assert Breach.objects.filter(kind="OVERRUN").count() == 0
    assert not Hold.objects.filter(holds_spend=True).exists()


@pytest.mark.django_db(transaction=True)
def test_callers_never_pass_a_balance(transactional_db: None) -> None:
    world = make.world()
    agreements.contract(world, agreements.credit("15"), agreements.prepaid("20", "20"))
    mine = limit(world, "0", "BALANCE")
    written()
    admitted = crowd(world, 6, 4)
    assert 3 < admitted <= 10  # 35 of 35
    assert stands(mine) == (COST * admitted, 0, 35)
    assert so_far(contract=Contract.objects.get(), at=NOW).bill.net == 0
