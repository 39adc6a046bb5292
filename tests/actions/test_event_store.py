"""The contract of a store of raw events: whoever keeps them must answer like this. Today PostgreSQL does."""

import json
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from types import ModuleType

import pytest
from django.db import connection, connections, transaction

from metering.models import EventRemoval
from metering.stores import postgres
from metering.stores.postgres import Row, Select
from monetization.values.canonical import canonical
from tests import make

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture(params=[postgres], ids=["postgres"])
def store(request: pytest.FixtureRequest) -> ModuleType:
    return request.param


def row(account: int, event_id: str, time: datetime = NOON, *, source: str = "api", given: bool = True, **data) -> Row:
    text = canonical(data)
    when = time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    digest = sha256(f"{text}{when}".encode()).digest()
    return Row(account, source, event_id, "llm.request", "acme", time, given, text, digest, when)


def add(store: ModuleType, world: make.World, *rows: Row, at: datetime = NOON) -> list[str]:
    """Write rows; gives the ids of those that were there."""
    with transaction.atomic():
        store.enter()
        return sorted(key[1] for key in store.add(environment_id=world.live.pk, rows=rows, at=at))


def ids(store: ModuleType, **asked) -> list[str]:
    return [each.event_id for each in store.asked(Select(**asked))]


def test_what_was_written_is_read_with_every_digit(store, world):
    data = {
        "tokens": Decimal("0.000000000000000075"),
        "odd": 'tab\t back\\slash "quote" é \x7f',
        "deep": {"a": [1, None]},
    }
    assert add(store, world, row(world.acme.pk, "a\\b", source="s\\t", **data)) == []
    (found,) = store.asked(Select(environment_id=world.live.pk))
    assert (found.key, found.account_id, found.type, found.subject) == (
        ("s\\t", "a\\b"),
        world.acme.pk,
        "llm.request",
        "acme",
    )
    assert (found.time, found.received_at, found.is_time_given, found.revision) == (NOON, NOON, True, 0)
    assert found.data == data and found.digest == row(world.acme.pk, "a\\b", **data).digest


def test_a_key_is_written_once_wherever_its_times_lie_within_the_window(store, world):
    acme = world.acme.pk
    assert add(store, world, row(acme, "a"), row(acme, "b")) == []
    assert add(store, world, row(acme, "c"), row(acme, "a"), row(acme, "b", source="other")) == ["a"]
    assert add(store, world, row(acme, "a", NOON + DAY)) == ["a"], "in the month after"
    assert add(store, world, row(acme, "a", NOON - 35 * DAY)) == ["a"], "two months before"
    assert add(store, world, row(acme, "a", NOON - 35 * DAY - SECOND)) == [], "outside: the sweep finds it"
    assert add(store, world, row(acme, "a", NOON + 35 * DAY)) == ["a"]
    with transaction.atomic():
        assert store.add(environment_id=world.sandbox.pk, rows=[row(acme, "a")], at=NOON) == set()


def test_one_batch_may_span_many_months(store, world):
    rows = [row(world.acme.pk, str(n), NOON - 31 * n * DAY) for n in range(12)]
    assert add(store, world, *rows) == []
    shifted = [row(world.acme.pk, str(n), NOON - (31 * n + 20) * DAY) for n in range(12)]
    assert add(store, world, *shifted, row(world.acme.pk, "new")) == sorted(map(str, range(12)))


def test_batches_with_repeats_write_what_is_new_time_and_again(store, world):
    acme = world.acme.pk
    for batch in range(20):  # looked up at once after the first, given up again when the repeats end
        there = [str(n) for n in range(batch * 5)][-10:]
        new = [row(acme, str(n), NOON + n * SECOND) for n in range(batch * 5, batch * 5 + 5)]
        assert add(store, world, *(row(acme, each) for each in there), *new) == sorted(there)
    for batch in range(20):
        assert add(store, world, row(acme, f"later {batch}", source=f"s{batch}")) == []
    far = [row(acme, "0", NOON + 34 * DAY), row(acme, "1", NOON - 34 * DAY), row(acme, "2", NOON + 40 * DAY)]
    assert add(store, world, *far, row(acme, "3"), row(acme, "4", source="other")) == ["0", "1", "3"]
    assert store.count(Select(environment_id=world.live.pk)) == 100 + 20 + 2


def test_rows_are_made_as_they_are_written_and_some_are_none(store, world):
    rows = [row(world.acme.pk, str(n)) for n in range(700)]
    with transaction.atomic():
        kept = {"row_of": lambda each: each if int(each.event_id) % 2 else None}
        assert store.add(environment_id=world.live.pk, rows=rows, at=NOON, **kept) == set()
        assert len(store.add(environment_id=world.live.pk, rows=rows, at=NOON, **kept)) == 350
    assert store.count(Select(environment_id=world.live.pk)) == 350


def test_what_is_kept_under_a_key_is_the_first(store, world):
    acme = world.acme.pk
    add(store, world, row(acme, "a", n=1), row(acme, "b", given=False))
    asked = {("api", "a"): NOON + DAY, ("api", "b"): NOON, ("api", "c"): NOON, ("other", "a"): NOON}
    kept = store.kept(environment_id=world.live.pk, keys=asked)
    assert kept.keys() == {("api", "a"), ("api", "b")}
    assert kept["api", "a"].digest == row(acme, "a", n=1).digest
    assert (kept["api", "a"].is_time_given, kept["api", "b"].is_time_given) == (True, False)
    assert store.kept(environment_id=world.sandbox.pk, keys=asked) == {}
    assert store.kept(environment_id=world.live.pk, keys={("api", "a"): NOON + 36 * DAY}) == {}
    assert store.kept(environment_id=world.live.pk, keys=asked)["api", "a"].time == NOON
    untimed = store.kept(environment_id=world.live.pk, keys=asked | {("api", "b"): NOON + DAY}, timed=False)
    assert untimed["api", "b"].time == NOON, "nobody gave it, so it is asked"
    assert untimed["api", "a"].digest == kept["api", "a"].digest


def test_events_are_asked_for_by_what_they_are(store, world):
    acme, globex = world.acme.pk, world.globex.pk
    add(store, world, row(acme, "b", model="x"), row(acme, "a", model="y"), row(globex, "c", NOON + SECOND, model=5))
    live = {"environment_id": world.live.pk}
    assert ids(store, **live) == ["a", "b", "c"]
    assert ids(store, **live, newest=True) == ["c", "b", "a"]
    assert ids(store, **live, limit=2) == ["a", "b"]
    assert ids(store, environment_id=world.sandbox.pk) == []
    assert ids(store, accounts=[globex]) == ["c"] and ids(store, accounts=[]) == []
    assert ids(store, **live, types=["other"]) == []
    assert ids(store, **live, source="api", event_id="b") == ["b"]
    assert ids(store, **live, spans=((NOON, NOON + SECOND),)) == ["a", "b"], "half-open"
    assert ids(store, **live, spans=((NOON + SECOND, NOON + DAY), (NOON - DAY, NOON))) == ["c"]
    assert ids(store, **live, texts=(("model", "x"),)) == ["b", "c"], "what is no text must be read to be told"
    assert ids(store, **live, received_from=NOON + SECOND) == []
    assert store.count(Select(**live, spans=((NOON, NOON + SECOND),))) == 2


def test_pages_go_on_after_a_place_and_lose_nothing(store, world):
    rows = [row(world.acme.pk, f"{n % 3}-{n}", NOON + (n % 2) * SECOND, source=f"s{n % 2}") for n in range(12)]
    add(store, world, *rows)
    whole = [each.place for each in store.asked(Select(environment_id=world.live.pk))]
    assert whole == sorted(whole) and len(whole) == 12
    for backwards in (False, True):
        found, place = [], None
        while True:
            limits = {"before": place} if backwards else {"after": place}
            page = [each.place for each in store.asked(
                Select(environment_id=world.live.pk, limit=5, newest=backwards, **limits)
            )]  # fmt: skip
            if not page:
                break
            found += page
            place = page[-1]
        assert found == (whole[::-1] if backwards else whole)


def test_what_was_taken_out_is_there_but_does_not_count(store, world):
    add(store, world, row(world.acme.pk, "a"), row(world.acme.pk, "b"))
    gone = next(store.asked(Select(event_id="a")))
    EventRemoval.objects.create(
        event_seq=gone.seq, environment=world.live, account=world.acme, source="api", event_id="a", time=gone.time,
        reason="REPEAT", removed_at=NOON + DAY,
    )  # fmt: skip
    live = {"environment_id": world.live.pk}
    assert ids(store, **live) == ["a", "b"]
    assert ids(store, **live, counted=True) == ["b"]
    assert ids(store, **live, as_of=NOON) == ["a", "b"], "then it still counted"
    assert ids(store, **live, as_of=NOON + DAY) == ["b"]
    assert ids(store, **live, as_of=NOON - SECOND) == [], "then neither had arrived"


def test_the_order_of_arrival_can_be_walked_through(store, world):
    for n in range(4):
        add(store, world, row(world.acme.pk, str(n), NOON - n * DAY))
    seqs = {each.event_id: each.seq for each in store.asked(Select(environment_id=world.live.pk))}
    assert sorted(seqs, key=lambda each: seqs[each]) == ["0", "1", "2", "3"]
    assert ids(store, above=seqs["0"], until=seqs["2"]) == ["1", "2"]
    assert ids(store, seqs=[seqs["3"], seqs["1"]]) == ["1", "3"]


def test_many_events_are_streamed_inside_and_outside_a_transaction(store, world):
    add(store, world, *(row(world.acme.pk, f"{n:05}") for n in range(5_000)))
    select = Select(environment_id=world.live.pk, streamed=True)
    assert sum(1 for _ in store.asked(select)) == 5_000


@pytest.mark.django_db(transaction=True)
def test_the_same_keys_from_many_writers_are_written_once(store, world):
    rows = [row(world.acme.pk, str(n), NOON + n * SECOND) for n in range(500)]
    refused: list[int] = []

    def write(turn: int) -> None:
        mine = rows[turn * 50 :] + rows[: turn * 50]
        try:
            refused.append(len(add(store, world, *mine)))
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    [each.start() for each in writers]
    [each.join() for each in writers]
    assert sum(refused) == 5 * 500
    assert store.count(Select(environment_id=world.live.pk)) == 500


@pytest.mark.django_db(transaction=True)
def test_who_asks_for_a_settled_place_waits_for_writers(store, world):
    begun, go = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                store.enter()
                begun.set()
                go.wait(10)
                store.add(environment_id=world.live.pk, rows=[row(world.acme.pk, "late")], at=NOON)
        finally:
            connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait(10)
    found: list[int] = []
    asker = threading.Thread(target=lambda: (found.append(store.settled()), connections.close_all()))
    asker.start()
    asker.join(0.3)
    assert asker.is_alive() and not found
    go.set()
    writer.join()
    asker.join(10)
    assert found[0] >= next(store.asked(Select(event_id="late"))).seq


def test_a_query_by_account_in_a_month_that_takes_events_reads_few_blocks(store, world):
    """No tree by account there: times and Bloom filters of blocks must do."""
    acme, globex = world.acme.pk, world.globex.pk
    add(store, world, *(row(globex, f"{n:05}", NOON + n * SECOND, filler="x" * 100) for n in range(9_000)))
    add(store, world, *(row(acme, f"a{n}", NOON + n * SECOND) for n in range(3)))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN (FORMAT JSON) SELECT * FROM metering_event WHERE account_id = %s AND time >= %s AND time < %s",
            [acme, NOON, NOON + 60 * SECOND],
        )
        plan = json.dumps(cursor.fetchone()[0])
    assert "Bitmap Index Scan" in plan and "metering_event_2026_03" in plan
