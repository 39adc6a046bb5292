"""The door and a month whose events were dropped: repeats are known, newcomers are too late."""

from datetime import UTC, date, datetime

import pytest

from metering.actions import partitions as actions
from metering.actions.ingest import ingest
from metering.models import Event, EventPartition, Quarantined
from tests import make, metered

MARCH = date(2024, 3, 1)
NOW = datetime(2024, 10, 20, tzinfo=UTC)
SAME, OTHER = metered.request(1, time="2024-03-05T10:15:00Z"), {"output_tokens": 11}


@pytest.fixture
def world_after(world: make.World) -> make.World:
    metered.metric(world, "tokens", metered.LLM)
    assert statuses(world, SAME) == [("accepted", "")]
    actions.seal(month=MARCH, at=NOW)
    actions.keep_keys(month=MARCH, at=NOW)
    actions.drop(month=MARCH, by=None, at=NOW, reason="test")
    return world


def statuses(world, *events):
    receipt = ingest(environment=world.live, events=events, by=None, at=NOW)
    return [(item.status, item.reason) for item in receipt.items]


def test_a_repeat_of_a_dropped_event_is_a_duplicate_or_a_conflict(world_after):
    usage = metered.sums()
    april = metered.request(1, time="2024-04-04T10:15:00Z")  # in a month that is there, within 35 days
    other = metered.request(1, time="2024-03-05T10:15:00Z", data=OTHER)
    sent = (SAME, other, april, metered.request(2, time="2024-04-04T10:15:00Z"))
    assert statuses(world_after, *sent) == [
        ("duplicate", ""), ("conflict", "CONFLICT"), ("conflict", "CONFLICT"), ("accepted", ""),
    ]  # fmt: skip
    assert Event.objects.get().event_id == "e2"
    assert {key: metered.sums()[key] for key in usage} == usage


def test_a_newcomer_of_a_dropped_month_is_too_late(world_after):
    late = metered.request(7, time="2024-03-31T23:59:59.999999Z")
    assert statuses(world_after, late, metered.request(8, time="2024-04-01T00:00:00Z")) == [
        ("quarantined", "TOO_LATE"), ("accepted", ""),
    ]  # fmt: skip
    row = Quarantined.objects.get()
    assert (row.event_id, row.field) == ("e7", "time")
    assert row.detail == "Events of March 2024 are not kept any more (retention policy), so none can be added"
    assert EventPartition.objects.get(month=MARCH).status == "DROPPED"
