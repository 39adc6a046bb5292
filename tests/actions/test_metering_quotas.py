"""Quotas: reserve, settle, release, expire and use in exact figures, and what each of them leaves in the books."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.actions import rate_cards
from catalog.models import Metric
from metering.actions import holds
from metering.actions.counters import recount
from metering.actions.money import Word, write_counters
from metering.actions.sweep import sweep
from metering.models import Breach, Counter, Hold, Limit
from monetization.values.errors import Conflict, Invalid, NotFound, WrongState
from monetization.values.periods import Period
from tests import deals, make, metered, quotas
from tests.metered import NOW
from tests.quotas import D, check, limit, release, reserve, settle, stands, use, work

LATER = NOW + timedelta(seconds=301)


@pytest.fixture
def units(world: make.World):
    return quotas.units(world)


def breaches(kind: str) -> list[tuple[str, Decimal]]:
    return [(each.hold_key, each.amount.normalize()) for each in Breach.objects.filter(kind=kind).order_by("pk")]


# -- reserve, settle, release


def test_what_is_held_is_not_left(world, units):
    mine = limit(world, 10)
    first = reserve(world, "a", 6)
    assert first.admitted and first.hold.status == "HELD" and first.nearest.left == 4
    second = reserve(world, "b", 5)
    assert (second.admitted, second.reason, second.hold, second.nearest.left) == (False, "limit_reached", None, 4)
    assert reserve(world, "c", 4).admitted
    assert stands(mine) == (0, 10)
    assert breaches("REFUSED") == [("b", D(5))]
    release(world, "a")
    assert stands(mine) == (0, 4)
    assert reserve(world, "b", 5).admitted, "what was refused may be asked again"


def test_a_hold_and_its_event_count_once_whichever_comes_first(world, units):
    mine = limit(world, 10)
    reserve(world, "early", 4)
    reserve(world, "late", 4)
    use(world, work(1, 3))
    assert stands(mine) == (3, 8)
    assert settle(world, "early", "w1").status == "SETTLED"
    assert stands(mine) == (3, 4)
    waiting = settle(world, "late", "w2")
    assert (waiting.status, waiting.event_id) == ("HELD", "w2")
    assert stands(mine) == (3, 4)
    use(world, work(2, "2.5"))
    assert stands(mine) == (D("5.5"), 0)
    assert Hold.objects.get(key="late").status == "SETTLED"
    use(world, work(2, "2.5"))
    assert stands(mine) == (D("5.5"), 0)


def test_a_repeat_is_the_same_hold(world, units):
    mine = limit(world, 10)
    first, again = reserve(world, "a", 6), reserve(world, "a", 6)
    assert (
        again.admitted
        and (again.hold.key, again.hold.expires_at) == (first.hold.key, first.hold.expires_at)
        and stands(mine) == (0, 6)
    )
    with pytest.raises(Conflict):
        reserve(world, "a", 7)
    with pytest.raises(Conflict):
        reserve(world, "a", 6, account="globex")
    assert stands(mine) == (0, 6)
    use(world, work(1, 1))
    for _ in range(2):
        assert settle(world, "a", "w1").status == "SETTLED"
    with pytest.raises(Conflict):
        settle(world, "a", "w2")
    with pytest.raises(WrongState):
        release(world, "a")
    assert stands(mine) == (1, 0)
    reserve(world, "b", 1)
    for _ in range(2):
        assert release(world, "b").status == "RELEASED"
    with pytest.raises(WrongState):
        settle(world, "b", "w1")
    assert reserve(world, "a", 6).hold.status == "SETTLED"


def test_unknown_things_are_named(world, units):
    limit(world, 10)
    for call in (settle, release):
        with pytest.raises(NotFound):
            call(world, "nobody", *(["w1"] if call is settle else []))
    with pytest.raises(Invalid):
        reserve(world, "a", 0)
    with pytest.raises(Invalid):
        reserve(world, "a", 1, seconds=86_401)
    use(world, work(1, 1, subject="globex"))
    reserve(world, "a", 1)
    with pytest.raises(Invalid):
        settle(world, "a", "w1")
    assert Hold.objects.get().status == "HELD"


def test_without_a_limit_everything_is_admitted(world, units):
    answer = reserve(world, "a", 1_000_000)
    assert answer.admitted and answer.nearest is None and answer.hold.counters == []
    use(world, work(1, 5))
    assert settle(world, "a", "w1").status == "SETTLED"
    assert not Counter.objects.exists()


# -- expiry


def test_an_expired_hold_neither_counts_nor_stays(world, units):
    mine = limit(world, 10, hold_seconds=300)
    reserve(world, "a", 6)
    reserve(world, "kept", 2, seconds=3600)
    assert not reserve(world, "b", 8, at=NOW + timedelta(seconds=299)).admitted
    assert check(world, 8, at=LATER).admitted and stands(mine) == (0, 8)
    assert reserve(world, "b", 8, at=LATER).admitted
    assert stands(mine) == (0, 10)
    assert Hold.objects.get(key="a").status == "EXPIRED"
    assert settle(world, "a", "w1", at=LATER).status == "EXPIRED"
    assert release(world, "a", at=LATER).status == "EXPIRED"
    assert [holds.expire_holds(at=NOW + timedelta(hours=2)) for _ in range(2)] == [2, 0]
    assert stands(mine) == (0, 0)


def test_a_hold_whose_event_never_comes_expires(world, units):
    mine = limit(world, 10)
    reserve(world, "a", 6)
    settle(world, "a", "w1")
    assert holds.expire_holds(at=LATER) == 1
    use(world, work(1, 7), at=LATER)
    assert stands(mine) == (7, 0)
    assert Hold.objects.get().status == "EXPIRED"


def test_old_holds_are_forgotten(world, units):
    limit(world, 10)
    reserve(world, "a", 1)
    reserve(world, "b", 1)
    release(world, "b")
    assert holds.forget_holds(at=NOW + timedelta(days=34)) == 0
    assert holds.forget_holds(at=NOW + timedelta(days=36)) == 1
    assert Hold.objects.get().key == "a"


# -- use


def test_use_beyond_the_limit_is_counted_written_down_and_stops_the_next(world, units):
    mine = limit(world, 100)
    reserve(world, "a", 40)
    assert use(world, work(1, 90), work(2, 30)) == 2
    assert stands(mine) == (120, 40)
    assert breaches("OVERRUN") == [("", D(20))]
    assert not reserve(world, "b", 1).admitted
    assert check(world).limits[0].left == -60
    use(world, work(3, "0.5"))
    assert len(breaches("OVERRUN")) == 1, "less than a percent more is no new row"
    use(world, work(4, "0.5"))
    assert breaches("OVERRUN") == [("", D(20)), ("", D(21))]


def test_a_soft_limit_warns_and_admits(world, units):
    mine = limit(world, 10, is_hard=False)
    for _ in range(2):
        assert reserve(world, "a", 11).admitted
    assert reserve(world, "b", 1).admitted
    assert breaches("WARNED") == [("a", D(11)), ("b", D(1))]
    use(world, work(1, 12))
    assert breaches("WARNED")[2:] == [("", D(2))]
    assert stands(mine) == (12, 12)


def test_all_limits_hold_or_none(world, units):
    wide, narrow = limit(world, 10), limit(world, 3, match={"model": "o3"})
    each = limit(world, 8, account=None)
    assert not reserve(world, "a", 4, model="o3").admitted
    assert [stands(one) for one in (wide, narrow)] == [(0, 0), (0, 0)]
    assert reserve(world, "b", 3, model="o3").admitted
    assert [stands(one) for one in (wide, narrow, each)] == [(0, 3), (0, 3), (0, 3)]
    assert reserve(world, "c", 5, model="gpt").admitted
    assert [stands(one) for one in (wide, narrow, each)] == [(0, 8), (0, 3), (0, 8)]
    refused = reserve(world, "d", 1, model="gpt")
    assert not refused.admitted and refused.nearest.limit_id == each.pk
    assert reserve(world, "g", 8, account="globex").admitted
    release(world, "b")
    assert [stands(one, world.acme) for one in (wide, narrow, each)] == [(0, 5), (0, 0), (0, 5)]


def test_a_dimension_that_is_not_named_may_be_any(world, units):
    limit(world, 3, match={"model": "o3"})
    assert not reserve(world, "a", 4).admitted
    assert not reserve(world, "a", 4, modle="gpt").admitted
    assert reserve(world, "a", 4, model="gpt").admitted


def test_use_counts_by_its_dimensions(world, units):
    narrow = limit(world, 100, match={"model": "o3", "region": "eu"})
    use(
        world, work(1, 1, data={"model": "o3", "region": "eu"}), work(2, 2, data={"model": "o3"}),
        work(3, 4, data={"model": "gpt", "region": "eu"}), work(4, 8, data={"model": "o3", "region": "eu"}),
    )  # fmt: skip
    assert stands(narrow) == (9, 0)


def test_tokens_are_counted_in_priced_units(world):
    metered.metric(world, "tokens", metered.LLM)
    tokens = Metric.objects.get(key="tokens")
    every, output = (
        limit(world, 1, metric=tokens, name=name, match=match)
        for name, match in (("all", {}), ("output", {"token_type": "output"}))
    )
    use(world, *(metered.request(n, time=NOW.isoformat()) for n in range(3)))
    assert stands(every) == (D("0.00033"), 0)
    assert stands(output) == (D("0.00003"), 0)


# -- windows


def test_a_day_is_the_accounts(world, units):
    """Midnight in Berlin is 22:00 UTC."""
    mine = limit(world, 10)
    before, after = datetime(2026, 4, 20, 21, 59, tzinfo=UTC), datetime(2026, 4, 20, 22, 0, tzinfo=UTC)
    reserve(world, "a", 10, seconds=86_400)
    assert not reserve(world, "b", 1, at=before).admitted
    assert reserve(world, "b", 9, at=after).admitted
    use(world, work(1, 2, at=before), work(2, 3, at=after), at=after)
    spans = (
        Counter.objects.filter(limit=mine).order_by("starts_at").values_list("starts_at", "ends_at", "spent", "held")
    )
    assert [(start.day, end.day, spent, held) for start, end, spent, held in spans] == [(19, 20, 2, 10), (20, 21, 3, 9)]


def test_a_limit_that_is_set_later_knows_what_was_used_before(world, units):
    yesterday = NOW - timedelta(days=1)
    use(world, work(0, 5, at=yesterday), work(1, 4), work(2, 2, subject="globex"))
    mine, each = limit(world, 10), limit(world, 10, account=None)
    assert stands(mine) == stands(each, world.acme) == (4, 0)
    assert stands(each, world.globex) == (2, 0)
    assert not reserve(world, "a", 7).admitted
    use(world, work(3, 1, at=yesterday))
    assert Counter.objects.filter(limit=mine).count() == 1, "what was over before the limit was made has no counter"


def test_late_use_counts_in_its_own_window(world, units):
    mine = limit(world, 10)
    tomorrow = NOW + timedelta(days=1)
    use(world, work(1, 4))
    reserve(world, "a", 10, at=tomorrow)
    use(world, work(2, 3), at=tomorrow)
    assert list(Counter.objects.filter(limit=mine).order_by("pk").values_list("spent", "held")) == [(7, 0), (0, 10)]


def test_a_billing_period_is_the_contracts_and_without_one_the_month(world, units):
    deals.metric(world)
    deals.product(world)
    card = deals.card(world)
    version = deals.version(world, card)
    request = rate_cards.submit(version=version, title="t", reason="r", by=world.mia, at=make.AT)
    deals.approve(request, world.chen, at=make.AT)
    deals.contract(world, world.acme, card, start_date=date(2026, 1, 15))
    acme = limit(world, 10, window="BILLING_PERIOD")
    globex = limit(world, 10, window="BILLING_PERIOD", account="globex")
    spans = {each.limit_id: (each.starts_at, each.ends_at) for each in Counter.objects.all()}
    assert spans[acme.pk] == (datetime(2026, 4, 14, 22, tzinfo=UTC), datetime(2026, 5, 14, 22, tzinfo=UTC))
    assert spans[globex.pk] == (datetime(2026, 3, 31, 15, tzinfo=UTC), datetime(2026, 4, 30, 15, tzinfo=UTC))


# -- taken out, counted again, written by billing


def test_what_is_taken_out_of_usage_is_taken_off(world, units):
    mine = limit(world, 10, window="BILLING_PERIOD", at=datetime(2026, 2, 1, tzinfo=UTC))
    april, february = work(1, 4), work(1, 4, at=datetime(2026, 2, 20, tzinfo=UTC))
    use(world, february)
    use(world, april)
    assert stands(mine) == (4, 0)
    assert sweep(at=NOW) == 1
    assert stands(mine) == (0, 0)


def test_recount_sets_counters_from_usage(world, units):
    mine = limit(world, 10)
    use(world, work(1, 4))
    Counter.objects.update(spent=99)
    assert [recount(limit=mine, account_ids=[world.acme.pk], at=NOW) for _ in range(2)] == [1, 0]
    assert stands(mine) == (4, 0)


def test_money_is_a_gate_that_billing_writes(world, units):
    spend = limit(world, 50, kind="SPEND", currency="EUR", metric=None, window="BILLING_PERIOD")
    month = Period(datetime(2026, 3, 31, 22, tzinfo=UTC), datetime(2026, 4, 30, 22, tzinfo=UTC))
    assert reserve(world, "a", 1).limits == []

    def spent(amount: str) -> None:
        write_counters(account_id=world.acme.pk, words=[Word(spend, month, D(amount))], mark=0, at=NOW)

    spent("49.99")
    assert reserve(world, "b", 1_000).admitted and stands(spend) == (D("49.99"), 0)
    spent("50")
    refused = reserve(world, "c", 1)
    assert not refused.admitted and refused.nearest.limit_id == spend.pk
    assert breaches("OVERRUN") == []
    spent("51")
    assert breaches("OVERRUN") == [("", D(1))]
    with pytest.raises(Invalid):
        write_counters(account_id=world.acme.pk, words=[Word(limit(world, 5), month, D(1))], mark=0, at=NOW)


# -- cost


def test_a_batch_that_no_limit_concerns_costs_one_query(world, units):
    use(world, work(0, 1))
    with CaptureQueriesContext(connection) as without:
        use(world, work(1, 1))
    assert sum("metering_limit" in each["sql"] for each in without.captured_queries) == 1
    assert not any("metering_counter" in each["sql"] for each in without.captured_queries)
    limit(world, 1000, account="globex")
    with CaptureQueriesContext(connection) as other:
        use(world, work(2, 1))
    assert len(other) == len(without)


def test_a_reservation_takes_three_queries(world, units):
    for number in range(5):
        limit(world, 1000, name=str(number))
    with CaptureQueriesContext(connection) as seen:
        reserve(world, "a", 1)
    assert len(seen) == 3


def test_ended_limits_say_nothing(world, units):
    mine = limit(world, 10)
    reserve(world, "a", 10)
    Limit.objects.filter(pk=mine.pk).update(ended_at=NOW)
    assert reserve(world, "b", 100).admitted
    release(world, "a")
    use(world, work(1, 5))
    assert stands(mine) == (0, 0)
