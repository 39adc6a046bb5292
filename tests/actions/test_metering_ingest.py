"""Ingestion: each event once, in any order, by any number of writers; the rest is told and kept."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from metering.actions.ingest import ingest
from metering.models import Event, HourlyUsage, Quarantined, UsageMark
from tests import make, metered
from tests.metered import NOW, request


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


def send(world: make.World, *events, at: datetime = NOW):
    return ingest(environment=world.live, events=list(events), by=None, at=at)


def states(receipt) -> list[str]:
    return [item.status for item in receipt.items]


def test_an_event_is_counted_at_once(world, tokens):
    receipt = send(world, request(1, data={"cache_read_tokens": 40}))
    assert states(receipt) == ["accepted"]
    hour = datetime(2026, 3, 5, 10, tzinfo=UTC)
    dims = (("context", "≤200000"), ("model", "gpt-4o"))
    assert metered.sums() == {
        ("acme", "tokens", hour, (*dims, ("token_type", "input"))): (Decimal(60), 1),
        ("acme", "tokens", hour, (*dims, ("token_type", "cache_read"))): (Decimal(40), 1),
        ("acme", "tokens", hour, (*dims, ("token_type", "output"))): (Decimal(10), 1),
    }
    stored = Event.objects.get()
    assert (stored.account, stored.source, stored.received_at) == (world.acme, "api", NOW)
    assert stored.data["cache_read_tokens"] == 40
    assert UsageMark.objects.get().number == 1


def test_a_repeat_is_a_duplicate_however_it_is_written(world, tokens):
    send(world, request(1, data={"price": Decimal("1.10")}))
    before = metered.sums()
    again = request(
        1, time="2026-03-05T11:15:00.000000+01:00", data={"price": Decimal("1.1"), "input_tokens": Decimal("1e2")}
    )
    renamed = request(1, data={"price": Decimal("1.1000")}, subject=None, account="acme")
    assert states(send(world, again, renamed, again)) == ["duplicate"] * 3
    assert metered.sums() == before and Event.objects.count() == 1
    assert UsageMark.objects.get().number == 1


def test_another_body_is_a_conflict_and_the_first_stays(world, tokens):
    first, other = request(1), request(1, data={"output_tokens": 11})
    assert states(send(world, first, other, other)) == ["accepted", "conflict", "conflict"]
    assert states(send(world, other)) == ["conflict"]
    kept = Quarantined.objects.get()
    assert (kept.reason, kept.field, kept.repeats, kept.body) == ("CONFLICT", "id", 2, other)
    assert sum(row.quantity for row in HourlyUsage.objects.all()) == 110


def test_a_fault_is_told_before_a_conflict_whether_the_key_is_known_or_new(world, tokens):
    """Data is read only as events are written, so what turns out to be known must be read for its fault."""
    bad = request(1, data={"input_tokens": "many"})
    send(world, request(1), request(2))
    before = metered.sums()
    for _ in range(2):  # found out by the copy that fails, then looked up first
        receipt = send(world, bad, request(2), request(3, data={"input_tokens": "many"}))
        assert states(receipt) == ["quarantined", "duplicate", "quarantined"]
        assert [item.reason for item in receipt.items] == ["INVALID_FIELD", "", "INVALID_FIELD"]
    assert metered.sums() == before and Event.objects.count() == 2
    assert states(send(world, request(3, data={"input_tokens": "many"}), request(3), request(3))) == [
        "quarantined", "accepted", "duplicate"
    ]  # fmt: skip


@pytest.mark.parametrize("source", ["api", "gateway-2"])
def test_the_same_id_of_another_source_is_another_event(world, tokens, source):
    send(world, request(1, source="gateway-1"))
    assert states(send(world, request(1, source=source))) == ["accepted"]
    assert Event.objects.count() == 2


def test_environments_are_worlds_of_their_own(world, tokens):
    metered.metric(world, "tokens", metered.LLM, environment=world.sandbox)
    send(world, request(1))
    there = ingest(environment=world.sandbox, events=[request(1)], by=None, at=NOW)
    assert states(there) == ["accepted"]
    assert set(Event.objects.values_list("account", flat=True)) == {world.acme.pk, world.acme_sandbox.pk}


def test_a_missing_time_is_that_of_the_first_arrival(world, tokens):
    late = NOW + timedelta(days=20)  # another month, another partition
    assert states(send(world, request(1, time=None))) == ["accepted"]
    assert states(send(world, request(1, time=None), at=late)) == ["duplicate"]
    assert states(send(world, request(1, time="2026-04-01T00:00:00Z"), at=late)) == ["duplicate"]
    assert states(send(world, request(1, time=None, data={"output_tokens": 9}), at=late)) == ["conflict"]
    stored = Event.objects.get()
    assert (stored.time, stored.is_time_given) == (NOW, False)


def test_a_repeat_in_the_next_month_is_seen(world, tokens):
    assert states(send(world, request(1, time="2026-03-31T23:59:59Z"))) == ["accepted"]
    assert states(send(world, request(1, time="2026-04-30T12:00:00Z"), at=NOW + timedelta(days=11))) == ["conflict"]
    assert Event.objects.count() == 1


def test_usage_of_every_batching_is_the_independent_sum(world, tokens):
    events = metered.requests(300, seed=1)
    for start in range(0, 300, 7):
        send(world, *events[start : start + 7], *events[: start // 3])
    assert metered.sums() == metered.expected_tokens(events)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"subject": "nobody"}, "UNKNOWN_ACCOUNT", "subject"),
        ({"type": "llm.reply"}, "UNKNOWN_TYPE", "type"),
        ({"time": "2019-12-31T23:59:59Z"}, "UNKNOWN_TYPE", "type"),
        ({"time": "2026-04-20T12:05:00.000001Z"}, "TOO_FAR_AHEAD", "time"),
        ({"data": {"model": None}}, "MISSING_FIELD", "data.model"),
        ({"data": {"input_tokens": None}}, "MISSING_FIELD", "data.input_tokens"),
        ({"data": {"input_tokens": True}}, "INVALID_FIELD", "data.input_tokens"),
        ({"data": {"input_tokens": "many"}}, "INVALID_FIELD", "data.input_tokens"),
        ({"data": {"input_tokens": [1]}}, "INVALID_FIELD", "data.input_tokens"),
        ({"data": {"input_tokens": 10**20}}, "INVALID_FIELD", "data.input_tokens"),
        ({"data": {"output_tokens": Decimal("1e-19")}}, "INVALID_FIELD", "data.output_tokens"),
        ({"data": {"cache_read_tokens": 101}}, "INVALID_FIELD", "data.input_tokens"),
        ({"data": {"model": {"name": "gpt"}}}, "INVALID_FIELD", "data.model"),
    ],
)
def test_what_cannot_be_counted_is_quarantined_with_its_reason(world, tokens, changes, reason, field):
    bad, good = request(1, **changes), request(2)
    receipt = send(world, bad, good, bad)
    assert states(receipt) == ["quarantined", "accepted", "quarantined"]
    assert (receipt.items[0].reason, receipt.items[0].field) == (reason, field)
    kept = Quarantined.objects.get()
    assert (kept.reason, kept.field, kept.body, kept.repeats) == (reason, field, bad, 1)
    assert metered.sums() == metered.expected_tokens([good])


def test_five_minutes_ahead_is_still_now(world, tokens):
    assert states(send(world, request(1, time="2026-04-20T12:05:00Z"))) == ["accepted"]


def test_an_event_counts_for_every_metric_or_for_none(world, tokens):
    metered.metric(world, "calls", metered.REQUESTS)
    receipt = send(world, request(1, data={"region": ["eu"]}), request(2, data={"region": "eu"}), request(3))
    assert states(receipt) == ["quarantined", "accepted", "accepted"]
    calls = {key[3]: value for key, value in metered.sums().items() if key[1] == "calls"}
    assert calls == {(("region", "eu"),): (Decimal(1), 1), (("region", ""),): (Decimal(1), 1)}


def test_sums_beyond_a_single_quantity_do_not_fail_the_batch(world, tokens):
    huge = {"input_tokens": 99_999_999_999_999_999_999}
    assert states(send(world, *(request(n, data=huge) for n in range(20)))) == ["accepted"] * 20
    assert max(row.quantity for row in HourlyUsage.objects.all()) == 20 * 99_999_999_999_999_999_999


def test_a_metric_is_noted_as_seen(world, tokens):
    from catalog.models import Metric

    send(world, request(1, type="other"))
    assert Metric.objects.get().first_seen_at is None
    send(world, request(2))
    send(world, request(3), at=NOW + timedelta(hours=1))
    assert Metric.objects.get().first_seen_at == NOW
