"""A month of events: sealed once it is over, dropped when nothing needs it; its keys are known for ever."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from metering.actions import partitions as actions
from metering.actions.ingest import ingest
from metering.actions.sweep import sweep
from metering.models import Backfill, Event, EventKey, EventPartition, EventRemoval, HourlyUsage
from metering.queries import partitions
from metering.rules.envelope import read
from metering.stores import gone, keys, postgres
from metering.stores import months as store
from monetization.foundation.models import AuditEntry
from monetization.values.errors import WrongState
from monetization.values.periods import Period
from tests import make, metered

MARCH = date(2024, 3, 1)
NOW = datetime(2024, 10, 20, tzinfo=UTC)


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


def request(number, *, time="2024-03-05T10:15:00Z", **more):
    return metered.request(number, time=time, **more)


def take(world, *events, at=NOW):
    return [item.status for item in ingest(environment=world.live, events=events, by=None, at=at).items]


def dropped(world, month=MARCH):
    actions.seal(month=month, at=NOW)
    actions.keep_keys(month=month, at=NOW)
    return actions.drop(month=month, by=world.finn, at=NOW, reason="test")


def indexes(month):
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [f"metering_event_{month:%Y_%m}"])
        return [row[0].partition(" USING ")[2] for row in cursor.fetchall()]


def test_a_month_is_sealed_three_days_after_its_end(world, tokens):
    take(world, request(1), request(2))
    for at in (datetime(2024, 3, 31, tzinfo=UTC), datetime(2024, 4, 3, 23, 59, tzinfo=UTC)):
        assert MARCH not in partitions.to_seal(at)
        with pytest.raises(WrongState):
            actions.seal(month=MARCH, at=at)
    at = datetime(2024, 4, 4, tzinfo=UTC)
    assert MARCH in partitions.to_seal(at)
    assert 'btree (account_id, "time")' not in indexes(MARCH)
    assert actions.seal(month=MARCH, at=at) == 2
    assert 'btree (account_id, "time")' in indexes(MARCH)
    assert MARCH not in partitions.to_seal(at)
    (row,) = (each for each in partitions.months() if each.month == MARCH)
    assert (row.status, row.events, row.is_counted, row.was_sealed_late) == ("SEALED", 2, True, False)
    assert 0 < row.index_bytes < row.size_bytes
    assert take(world, request(3), request(1)) == ["accepted", "duplicate"]  # a late one still comes in


def test_dropping_keeps_usage_and_keys(world, tokens):
    take(world, *(request(n) for n in range(20)))
    usage = metered.sums()
    assert dropped(world) == 20
    assert not Event.objects.filter(time__lt=NOW).exists()
    assert metered.sums() == usage and HourlyUsage.objects.exists()
    assert EventKey.objects.count() == 20
    assert gone.dropped_months() >= {MARCH}
    row = EventPartition.objects.get(month=MARCH)
    assert (row.status, row.events, row.dropped_at) == ("DROPPED", 20, NOW)
    entry = AuditEntry.objects.get(action="events.dropped")
    assert (entry.subject, entry.actor, entry.after) == ("metering.event_partition:2024-03", world.finn, {"events": 20})


def test_a_dropped_key_is_known_by_its_hash(world, tokens):
    take(world, request(1), request(2, source="a\u00e9", id="n\u00f6"))
    dropped(world)
    wanted = {("api", "e1"): datetime(2024, 3, 9, tzinfo=UTC), ("a\u00e9", "n\u00f6"): datetime(2024, 5, 4, tzinfo=UTC)}
    found = keys.dropped(environment_id=world.live.pk, keys=wanted | {("api", "new"): wanted["api", "e1"]})
    assert found.keys() == wanted.keys()
    kept = found["api", "e1"]
    assert kept.is_repeated_by(read(request(1)))
    assert not kept.is_repeated_by(read(request(1, data={"output_tokens": 11})))
    assert keys.dropped(environment_id=world.sandbox.pk, keys=wanted) == {}


def test_fresh_events_cost_no_look_at_the_keys(world, tokens, django_assert_num_queries):
    take(world, request(1))
    fresh = {("api", "e1"): datetime(2024, 7, 1, tzinfo=UTC)}
    dropped(world)
    months = gone.dropped_months()
    with django_assert_num_queries(0):
        assert keys.dropped(environment_id=world.live.pk, keys=fresh, months=months) == {}
    with django_assert_num_queries(1):
        keys.dropped(environment_id=world.live.pk, keys=fresh)


@pytest.mark.parametrize("days", [-35, -28, -1, 0, 1, 28, 35])
def test_the_window_skips_no_month(days):
    for n in range(800):
        time = datetime(2023, 12, 31, 23, tzinfo=UTC) + timedelta(days=n)
        assert gone.month_of(time + timedelta(days=days)) in gone.months_within(time)


def test_the_sweep_takes_out_a_far_repeat_of_a_dropped_event(world, tokens):
    take(world, request(1), request(2))
    usage = metered.sums()
    dropped(world)
    late = "2024-09-05T10:15:00Z"  # five months later under the same id: the door can't see that
    assert take(world, request(1, time=late), request(2, time=late), request(3, time=late)) == ["accepted"] * 3
    assert sweep(at=NOW) == 2
    removed = EventRemoval.objects.order_by("event_id")
    assert [(r.event_id, r.kept_seq, r.reason) for r in removed] == [("e1", None, "CONFLICT"), ("e2", None, "CONFLICT")]
    assert len(metered.sums()) == len(usage) + 2  # only e3 was added: input and output tokens
    assert sweep(at=NOW) == 0


def test_a_timeless_repeat_of_a_dropped_event_is_a_repeat(world, tokens):
    take(world, request(1, time=None), at=datetime(2024, 3, 5, tzinfo=UTC))
    dropped(world)
    assert take(world, request(1, time=None)) == ["accepted"]
    assert sweep(at=NOW) == 1
    assert EventRemoval.objects.get().reason == "REPEAT"


def test_keys_while_kept_make_no_event_its_own_repeat(world, tokens):
    take(world, request(1))
    actions.seal(month=MARCH, at=NOW)
    assert actions.keep_keys(month=MARCH, at=NOW) == 1
    take(world, request(2))
    assert sweep(at=NOW) == 0
    assert keys.repeated(after=0, until=postgres.settled()) == []


def test_an_event_taken_out_as_a_repeat_leaves_the_key_to_the_first(world, tokens):
    take(world, request(1, time="2024-06-05T10:15:00Z"))
    take(world, request(1, data={"output_tokens": 11}))  # sent later with a time three months before
    assert sweep(at=NOW) == 1
    dropped(world)
    assert not EventKey.objects.exists()
    dropped(world, date(2024, 6, 1))
    (kept,) = keys.dropped(environment_id=world.live.pk, keys={("api", "e1"): NOW - timedelta(days=120)}).values()
    assert kept.is_repeated_by(read(request(1, time="2024-06-05T10:15:00Z")))


def test_an_event_that_came_after_its_keys_were_kept_stops_the_drop(world, tokens):
    take(world, request(1))
    actions.seal(month=MARCH, at=NOW)
    actions.keep_keys(month=MARCH, at=NOW)
    take(world, request(2))
    with pytest.raises(DatabaseError, match="keys of events of 2024-03 are not kept yet"), transaction.atomic():
        store.drop(month=MARCH, at=NOW, wait_ms=100)
    assert actions.keep_keys(month=MARCH, at=NOW) == 1
    assert actions.drop(month=MARCH, by=None, at=NOW, reason="test") == 2


def test_a_dropped_month_is_never_made_again(world, tokens):
    take(world, request(1))
    dropped(world)
    with pytest.raises(DatabaseError, match="the events of 2024-03 were dropped"), transaction.atomic():
        postgres.make_months([MARCH])
    assert EventPartition.objects.get(month=MARCH).status == "DROPPED"


def test_what_metering_needs_holds_a_month(world, tokens):
    take(world, request(1), request(2, type="unknown"))
    assert partitions.needed(MARCH) == [
        "The month is not sealed",
        "In quarantine are events of the month that may be replayed (1): replay or dismiss them",
    ]
    actions.seal(month=MARCH, at=NOW)
    Backfill.objects.create(
        environment=world.live, metric_version_id=tokens.version_id, content_digest=b"x" * 32, reason="test",
        starts_at=datetime(2024, 3, 31, 23, tzinfo=UTC), made_by=world.mia, made_at=NOW, status="PAUSED",
    )  # fmt: skip
    assert any("backfill" in why for why in partitions.needed(MARCH))
    with pytest.raises(WrongState, match="backfill"):
        actions.drop(month=MARCH, by=None, at=NOW, reason="test")
    Backfill.objects.update(status="DONE", starts_at=datetime(2024, 4, 1, tzinfo=UTC))
    assert len(partitions.needed(MARCH)) == 1
    assert partitions.needed(date(2019, 1, 1)) == ["There are no events of January 2019 to drop"]


def test_a_young_month_is_not_dropped_by_anybody(world, tokens):
    take(world, request(1))
    actions.seal(month=MARCH, at=NOW)
    actions.keep_keys(month=MARCH, at=NOW)
    with pytest.raises(DatabaseError, match="too young"), transaction.atomic():
        store.drop(month=MARCH, at=datetime(2024, 6, 9, 23, tzinfo=UTC), wait_ms=100)


def test_what_is_gone_is_said(world, tokens):
    take(world, request(1))
    april = Period(datetime(2024, 4, 1, tzinfo=UTC), None)
    dropped(world)
    assert partitions.gone(april) == []
    partitions.refuse_dropped(april)
    with pytest.raises(WrongState, match="The events of March 2024 were dropped on 20 October 2024"):
        partitions.refuse_dropped(Period(datetime(2024, 3, 31, 23, tzinfo=UTC), None))
