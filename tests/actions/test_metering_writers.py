"""Many writers at once, and the walls of the database: what holds whatever the application does."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from metering.actions.ingest import ingest
from metering.actions.sweep import sweep
from metering.models import DimensionSet, Event, EventRemoval, HourlyUsage, Quarantined, UsageMark
from metering.queries import measured
from metering.queries.usage import Cut
from metering.rules import aggregate
from metering.rules.book import hour_of
from metering.rules.envelope import read
from metering.stores import postgres as store
from monetization.foundation.portal import reading_as_portal
from monetization.values.periods import Period
from tests import make, metered
from tests.metered import NOW, request

WRITERS = 4


def in_threads(jobs):
    def run(job):
        try:
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(run, jobs))


@pytest.mark.django_db(transaction=True)
def test_four_writers_with_shuffled_repeats_count_each_event_once(transactional_db):
    world = make.world()
    tokens = metered.metric(world, "tokens", metered.LLM)
    calls = metered.metric(world, "calls", metered.REQUESTS)
    events = metered.requests(600, seed=7)
    chance = random.Random(7)

    def job(number):
        mine = [*events, *chance.sample(events, 100), *(request(1000 + n, type="unknown") for n in range(20))]
        random.Random(number).shuffle(mine)
        sizes = random.Random(number)
        batches = []
        while mine:
            size = sizes.randrange(1, 120)
            batches.append(mine[:size])
            mine = mine[size:]
        return lambda: [ingest(environment=world.live, events=batch, by=None, at=NOW) for batch in batches]

    receipts = [r for each in in_threads([job(number) for number in range(WRITERS)]) for r in each]
    assert sum(r.accepted for r in receipts) == 600
    assert sum(r.duplicates for r in receipts) == WRITERS * 700 - 600
    assert sum(r.quarantined for r in receipts) == WRITERS * 20
    assert {(q.reason, q.repeats) for q in Quarantined.objects.all()} == {("UNKNOWN_TYPE", WRITERS - 1)}
    assert {key: value for key, value in metered.sums().items() if key[1] == "tokens"} == metered.expected_tokens(
        events
    )
    assert metered.sums() == reference(events, {"tokens": tokens, "calls": calls})
    assert sweep(at=NOW) == 0


def reference(events, metrics):
    """Stream the events through the pure rules, without any table."""
    found = {}
    for item in events:
        event = read(item)
        for key, metric in metrics.items():
            one = aggregate.Event(event.id, event.source, event.type, event.subject, event.time, event.data)
            for (_, dims), tally in aggregate.usage(metric, [one], [Period(metered.START, None)]).items():
                place = (event.subject, key, hour_of(event.time), tuple(sorted(dims)))
                quantity, count = found.get(place, (0, 0))
                found[place] = (quantity + tally.quantity, count + tally.events)
    return found


@pytest.mark.django_db(transaction=True)
def test_writers_of_one_key_with_other_bodies_leave_one_event(transactional_db):
    world = make.world()
    metered.metric(world, "tokens", metered.LLM)
    bodies = [request(1, data={"output_tokens": n}) for n in range(40)]

    def job(body):
        return lambda: ingest(environment=world.live, events=[body], by=None, at=NOW)

    statuses = sorted(r.items[0].status for r in in_threads([job(body) for body in bodies]))
    assert statuses == ["accepted"] + ["conflict"] * 39
    kept = Event.objects.get()
    assert Quarantined.objects.filter(reason="CONFLICT").count() == 39
    assert HourlyUsage.objects.get(dimensions__values__token_type="output").quantity == kept.data["output_tokens"]


@pytest.mark.django_db(transaction=True)
def test_one_key_in_two_months_at_the_same_moment_is_found_by_the_sweep(transactional_db):
    """Neither writer can see the other: the second is let in, counted, and taken out again."""
    world = make.world()
    metered.metric(world, "tokens", metered.LLM)
    early = [request(n, subject=key, time="2026-03-02T00:00:00Z") for n, key in ((8, "acme"), (9, "globex"))]
    ingest(environment=world.live, events=early, by=None, at=NOW)
    store.make_months([date(2026, 3, 1), date(2026, 4, 1)])
    march, april = request(1, time="2026-03-31T23:59:00Z"), request(1, time="2026-04-01T00:01:00Z", subject="globex")
    with transaction.atomic():
        first = ingest(environment=world.live, events=[march], by=None, at=NOW)
        (second,) = in_threads([lambda: ingest(environment=world.live, events=[april], by=None, at=NOW)])
    assert (first.accepted, second.accepted) == (1, 1)
    assert sweep(at=NOW) == 1
    removed = EventRemoval.objects.get()
    assert (removed.reason, removed.account) == ("CONFLICT", world.globex)
    assert metered.sums() == metered.expected_tokens([march, *early])


@pytest.mark.django_db(transaction=True)
def test_partitions_are_made_once_by_callers_at_once(transactional_db):
    months = [date(2031, month, 1) for month in (1, 2, 3)]
    made = in_threads([lambda: store.make_months(months)] * 8)
    assert sorted(made) == [0] * 7 + [3]


# -- walls


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


@pytest.fixture
def filled(world: make.World, tokens):
    ingest(environment=world.live, events=[request(1), request(2, subject="globex")], by=None, at=NOW)
    return world


def refused(sql: str, kind: type[Exception] = DatabaseError) -> bool:
    with pytest.raises(kind), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return True


@pytest.mark.parametrize("table", ["metering_event", "metering_event_2026_03", "metering_eventremoval"])
def test_the_app_cannot_change_what_was_accepted(filled, table):
    for sql in (f"UPDATE {table} SET source = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}", f"DROP TABLE {table}"):
        assert refused(sql)
    assert Event.objects.count() == 2


def test_a_leaf_is_reached_through_its_parent_only(filled):
    assert refused("SELECT * FROM metering_event_2026_03")
    assert refused("INSERT INTO metering_event_2026_03 SELECT * FROM metering_event")


def test_a_repeat_cannot_be_written_past_the_door(filled):
    columns = "environment_id, account_id, source, event_id, type, subject, time, received_at, data, digest"
    assert refused(f"INSERT INTO metering_event ({columns}) SELECT {columns} FROM metering_event", IntegrityError)


@pytest.mark.parametrize("month", ["NULL", "'1999-12-31'", "'2200-01-01'", "'infinity'", "'-infinity'"])
def test_partitions_are_made_only_for_sensible_months(filled, month):
    assert refused(f"SELECT metering_make_partition({month}::date)")


@pytest.mark.django_db(transaction=True)
def test_the_owner_meets_the_triggers_too(transactional_db, test_database):
    world = make.world()
    metered.metric(world, "tokens", metered.LLM)
    ingest(environment=world.live, events=[request(1)], by=None, at=NOW)
    owner = test_database.owner
    owner.execute("SET lock_timeout = '5s'")
    for table in ("metering_event", "metering_event_2026_03"):
        for sql in (f"TRUNCATE {table}", f"DELETE FROM {table}", f"UPDATE {table} SET source = 'x'"):
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(sql)
    assert Event.objects.count() == 1


def test_the_portal_sees_only_its_own_accounts(filled, tokens):
    def seen() -> list[int]:
        return [model.objects.count() for model in (Event, HourlyUsage, UsageMark, DimensionSet)]

    assert seen() == [2, 4, 2, 2]
    with reading_as_portal([filled.acme.pk]):
        assert seen() == [1, 2, 1, 2]
        assert set(Event.objects.values_list("account", flat=True)) == {filled.acme.pk}
        cut = Cut(Period(metered.START, NOW), {tokens.version_id: tokens})
        assert sum(row.quantity for row in measured(account_ids=[filled.acme.pk, filled.globex.pk], cuts=[cut])) == 110
    with reading_as_portal([]):
        assert seen() == [0, 0, 0, 0]
        with pytest.raises(DatabaseError), transaction.atomic():
            Quarantined.objects.count()
    assert EventRemoval.objects.count() == 0


def test_the_portal_writes_nothing(filled):
    columns = "environment_id, account_id, source, event_id, type, subject, time, received_at, data, digest"
    with reading_as_portal([filled.acme.pk]):
        assert refused("UPDATE metering_hourlyusage SET quantity = 0")
        assert refused(f"INSERT INTO metering_event ({columns}) SELECT {columns} FROM metering_event")
        assert refused("SELECT metering_make_partition('2030-01-01')")


def test_midnight_belongs_to_the_next_month(filled):
    ingest(
        environment=filled.live,
        events=[request(5, time="2026-03-31T23:59:59.999999Z"), request(6, time="2026-04-01T00:00:00Z")],
        by=None,
        at=NOW,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT event_id, tableoid::regclass::text FROM metering_event WHERE event_id IN ('e5', 'e6')")
        leaves = dict(cursor.fetchall())
    assert leaves == {"e5": "metering_event_2026_03", "e6": "metering_event_2026_04"}
    assert datetime(2026, 4, 1, tzinfo=UTC) in set(HourlyUsage.objects.values_list("hour", flat=True))
