"""What comes later: replay, dismissal, aliases that move, repeats found by the sweep, cuts inside an hour."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.actions import invoices
from catalog.actions import metrics as metric_actions
from catalog.rules.terms import Segment
from metering import tasks
from metering.actions.ingest import ingest
from metering.actions.quarantine import dismiss, replay
from metering.actions.sweep import sweep
from metering.models import Event, EventRemoval, HourlyUsage, Quarantined, UsageMark
from metering.queries import (
    Cut,
    bucket_digests,
    counted_for,
    daily_usage,
    event,
    events_behind,
    late_since,
    mark_of,
    measured,
    usage_for,
)  # fmt: skip
from metering.rules import aggregate
from metering.rules.envelope import read
from monetization.foundation.actions import customers
from monetization.foundation.models import AuditEntry
from monetization.values.errors import Invalid, NotAllowed, NotFound
from monetization.values.periods import Period
from tests import make, metered, priced
from tests.metered import NOW, request

MARCH = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


def send(world: make.World, *events, at: datetime = NOW):
    return ingest(environment=world.live, events=list(events), by=None, at=at)


def states(receipt) -> list[str]:
    return [item.status for item in receipt.items]


def open_ids() -> list[int]:
    return list(Quarantined.objects.filter(status="OPEN").values_list("pk", flat=True))


def alias(world: make.World, account, name: str, **more):
    return customers.add_alias(account=account, alias=name, by=world.rosa, at=NOW, **more)


# -- replay


def test_replay_counts_what_was_mended_and_leaves_the_rest(world, tokens):
    send(world, request(1, subject="gw-7"), request(2, subject="gw-8"), request(3, type="nothing"))
    alias(world, world.acme, "gw-7")
    receipt = replay(environment=world.live, ids=open_ids(), by=world.eli, at=NOW)
    assert states(receipt) == ["accepted", "quarantined", "quarantined"]
    assert {q.event_id: q.status for q in Quarantined.objects.all()} == {"e1": "REPLAYED", "e2": "OPEN", "e3": "OPEN"}
    assert metered.sums() == metered.expected_tokens([request(1)])
    assert AuditEntry.objects.filter(action="quarantine.replayed", actor=world.eli).count() == 1
    assert states(send(world, request(1, subject="gw-7"))) == ["duplicate"]


def test_replay_of_an_event_without_time_keeps_its_first_arrival(world, tokens):
    send(world, request(1, subject="gw-7", time=None))
    alias(world, world.acme, "gw-7")
    replay(environment=world.live, ids=open_ids(), by=world.eli, at=NOW + timedelta(days=3))
    assert Event.objects.get().time == NOW


def test_replay_into_another_fault_opens_a_row_of_that_fault(world, tokens):
    send(world, request(1, subject="gw-7", data={"model": None}))
    alias(world, world.acme, "gw-7")
    replay(environment=world.live, ids=open_ids(), by=world.eli, at=NOW)
    assert {q.reason: q.status for q in Quarantined.objects.all()} == {
        "UNKNOWN_ACCOUNT": "REPLAYED",
        "MISSING_FIELD": "OPEN",
    }


def test_settling_needs_the_right_the_environment_and_a_reason(world, tokens):
    send(world, request(1, subject="gw-7"))
    ids = open_ids()
    for who in ("noel", "audra", "mia", "finn"):
        with pytest.raises(NotAllowed):
            replay(environment=world.live, ids=ids, by=getattr(world, who), at=NOW)
    with pytest.raises(NotFound):
        replay(environment=world.sandbox, ids=ids, by=world.eli, at=NOW)
    with pytest.raises(Invalid):
        dismiss(environment=world.live, ids=ids, reason=" ", by=world.eli, at=NOW)
    assert open_ids() == ids and not AuditEntry.objects.filter(action__startswith="quarantine").exists()


def test_a_dismissed_row_stays_dismissed_when_it_comes_again(world, tokens):
    send(world, request(1, subject="gw-7"))
    assert dismiss(environment=world.live, ids=open_ids(), reason="a test", by=world.eli, at=NOW) == 1
    send(world, request(1, subject="gw-7"))
    row = Quarantined.objects.get()
    assert (row.status, row.repeats, row.settled_by) == ("DISMISSED", 1, world.eli)


# -- aliases


def test_an_alias_means_what_it_meant_at_the_events_time(world, tokens):
    moved = datetime(2026, 3, 15, tzinfo=UTC)
    customers.end_alias(alias=alias(world, world.acme, "gw-7"), ends_at=moved, by=world.rosa, at=NOW)
    alias(world, world.globex, "gw-7", starts_at=moved)
    send(
        world,
        request(1, subject="gw-7", time="2026-03-15T00:00:00Z"),
        request(2, subject="gw-7", time="2026-03-14T23:59:59.999999Z"),
    )
    owners = dict(Event.objects.values_list("event_id", "account__key"))
    assert owners == {"e1": "globex", "e2": "acme"}


def test_a_repeat_whose_alias_is_gone_is_still_a_duplicate(world, tokens):
    gateway = alias(world, world.acme, "gw-7", starts_at=make.AT)
    send(world, request(1, subject="gw-7"))
    customers.end_alias(alias=gateway, ends_at=make.AT + timedelta(days=1), by=world.rosa, at=NOW)
    assert states(send(world, request(1, subject="gw-7"), request(2, subject="gw-7"))) == ["duplicate", "quarantined"]


# -- the sweep


def test_the_sweep_takes_far_repeats_out_of_usage(world, tokens):
    jan, mar = "2026-01-05T10:00:00Z", "2026-03-05T10:00:00Z"
    send(world, request(1, time=mar), request(2, time=mar), request(3, time=None, data={"output_tokens": 1}))
    send(world, request(1, time=jan), request(3, time=None, data={"output_tokens": 1}), at=NOW + timedelta(days=60))
    assert Event.objects.count() == 5
    marks = mark_of(world.acme.pk)
    assert sweep(at=NOW) == 2
    assert sweep(at=NOW) == 0
    assert {r.event_id: r.reason for r in EventRemoval.objects.all()} == {"e1": "CONFLICT", "e3": "REPEAT"}
    kept = Quarantined.objects.get()
    assert (kept.event_id, kept.reason, kept.body["time"]) == ("e1", "CONFLICT", "2026-01-05T10:00:00.000000Z")
    assert sum(e for _, e in metered.sums().values()) == 6
    assert mark_of(world.acme.pk) == marks + 1
    usage = measured(account_ids=[world.acme.pk], cuts=[Cut(Period(make.AT, None), {tokens.version_id: tokens})])
    assert sum(row.quantity for row in usage) == 110 + 110 + 101
    behind = events_behind(account_id=world.acme.pk, metric=tokens, match=(), period=Period(make.AT, None))
    assert [e.event_id for e in behind.events] == ["e1", "e2", "e3"]
    removed = Event.objects.get(event_id="e1", time=jan)
    assert counted_for(world.live, event(environment=world.live, source="api", event_id="e1")) != []
    assert removed.seq in EventRemoval.objects.values_list("event_seq", flat=True)


# -- queries


def test_metric_versions_count_where_they_are_in_force(world, tokens):
    later = metered.LLM.__class__(**{
        **{name: getattr(metered.LLM, name) for name in metered.LLM.__slots__},
        "effective_at": datetime(2026, 3, 5, 10, 30, tzinfo=UTC), "dimensions": (),
    })  # fmt: skip
    metric = metric_actions.MetricVersion.objects.get().metric
    version = metric_actions.draft_version(metric=metric, content=later, by=world.mia, at=make.AT)
    second = metered.approved(world, version)
    send(world, request(1), request(2, time="2026-03-05T10:30:00Z"), request(3, time="2026-03-05T10:29:59.999999Z"))
    cut = Cut(MARCH, {tokens.version_id: tokens, second.version_id: second})
    found = {
        (r.metric_version_id, dict(r.dims)["token_type"]): r.events
        for r in measured(account_ids=[world.acme.pk], cuts=[cut])
    }
    assert found == {(tokens.version_id, "input"): 2, (tokens.version_id, "output"): 2, (second.version_id, "input"): 1,
                     (second.version_id, "output"): 1}  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 42 * 86_400), min_size=1, max_size=6, unique=True))
def test_cuts_anywhere_equal_the_pure_reference(world, tokens, seconds):
    events = metered.requests(60, seed=len(seconds))
    if not Event.objects.exists():
        send(world, *metered.requests(60, seed=99))
    events = [read(item) for item in metered.requests(60, seed=99)]
    edges = [metered.START, *(metered.START + timedelta(seconds=s) for s in sorted(seconds)), NOW]
    spans = [Period(a, b) for a, b in pairwise(sorted(set(edges)))]
    mine = [
        aggregate.Event(e.id, e.source, e.type, e.subject, e.time, e.data)
        for e in events
        if e.subject == "acme" and e.time
    ]
    reference = {
        (cut, tuple(sorted(dims))): (tally.quantity, tally.events)
        for (cut, dims), tally in aggregate.usage(tokens, mine, spans).items()
    }
    rows = measured(account_ids=[world.acme.pk], cuts=[Cut(span, {tokens.version_id: tokens}) for span in spans])
    assert {(r.cut, tuple(sorted(r.dims))): (r.quantity, r.events) for r in rows} == reference


def test_days_are_those_of_the_zone(world, tokens):
    send(
        world,
        request(1, time="2026-03-09T18:29:59Z"),  # 23:59:59 in Kolkata
        request(2, time="2026-03-09T18:30:00Z", data={"model": "o3"}),
        request(3, time="2026-03-09T18:45:00Z"),
    )
    rows = daily_usage(account_ids=[world.acme.pk], metrics=[tokens], period=MARCH, zone="Asia/Kolkata", by=["model"])
    assert [(r.date.isoformat(), r.dims, r.quantity) for r in rows] == [
        ("2026-03-09", (("model", "gpt-4o"),), 110),
        ("2026-03-10", (("model", "gpt-4o"),), 110),
        ("2026-03-10", (("model", "o3"),), 110),
    ]


def test_the_events_behind_a_line_come_page_by_page(world, tokens):
    send(
        world,
        *(request(n, time=f"2026-03-05T10:{n:02}:00Z", data={"model": "o3" if n % 3 else "gpt-4o"}) for n in range(30)),
    )
    asked = {"account_id": world.acme.pk, "metric": tokens, "match": (("model", "gpt-4o"), ("token_type", "input"))}
    seen, after = [], None
    while True:
        page = events_behind(**asked, period=MARCH, after=after, limit=4)
        seen += [e.event_id for e in page.events]
        after = page.next
        if after is None:
            break
    assert seen == [f"e{n}" for n in range(0, 30, 3)]
    buckets = bucket_digests(account_id=world.acme.pk, metric=tokens, match=(("model", "gpt-4o"),), period=MARCH)
    assert [(dict(b.dims)["token_type"], b.quantity, b.events) for b in buckets] == [
        ("input", 1000, 10),
        ("output", 100, 10),
    ]
    assert buckets[0].digest == buckets[1].digest != bytes(32)


def test_usage_for_asks_a_bounded_number_of_queries(world, tokens, django_assert_max_num_queries):
    send(world, *metered.requests(100, seed=3))
    spans = MARCH.cut([MARCH.starts_at + timedelta(days=n, minutes=n) for n in range(1, 20)])
    with django_assert_max_num_queries(8):
        usage_for(account_id=world.acme.pk, segments=[Segment(span, ()) for span in spans])
    with django_assert_max_num_queries(8):
        measured(account_ids=[world.acme.pk], cuts=[Cut(span, {tokens.version_id: tokens}) for span in spans])


def test_lateness_is_what_changed_after_a_mark(world, tokens):
    send(world, request(1), request(2, time="2026-04-02T00:00:00Z"))
    mark, frozen = mark_of(world.acme.pk), NOW + timedelta(hours=1)
    later = frozen + timedelta(hours=1)
    send(world, request(3, time="2026-04-03T00:00:00Z"), at=later)
    assert late_since(world.acme.pk, MARCH, mark, frozen) == 0
    send(world, request(4), request(5, time="2026-03-31T23:59:59Z"), request(6, type="nothing"), at=later)
    assert late_since(world.acme.pk, MARCH, mark, frozen) == 2
    assert late_since(world.acme.pk, MARCH, mark_of(world.acme.pk), frozen) == 0


def test_the_number_of_queries_of_a_batch_does_not_grow(world, tokens, django_assert_max_num_queries):
    send(world, request(0))
    with django_assert_max_num_queries(40):
        send(world, *metered.requests(500, seed=5), request(600, subject="x"), request(601, type="x"))


def test_marks_are_per_account(world, tokens):
    send(world, request(1), request(2, subject="globex"))
    send(world, request(3, subject="globex"))
    assert dict(UsageMark.objects.values_list("account__key", "number")) == {"acme": 1, "globex": 2}
    assert HourlyUsage.objects.filter(account=world.globex, mark=2).count() == 2


def test_quantities_stay_exact(world, tokens):
    send(world, *(request(n, data={"output_tokens": Decimal("0.000000000000000001")}) for n in range(3)))
    row = HourlyUsage.objects.get(dimensions__values__token_type="output")
    assert row.quantity == Decimal("0.000000000000000003")


# -- contracts, and what runs by itself


def test_too_late_is_before_the_first_contract_in_the_accounts_zone(world):
    terms = priced.priced(world)
    assert terms.acme.start_date.isoformat() == "2026-09-01"
    first = datetime(2026, 8, 31, 22, tzinfo=UTC)  # midnight in Berlin
    events = [
        priced.event("acme", first - timedelta(microseconds=1), input=1),
        priced.event("acme", first, input=1),
        priced.event("globex", datetime(2026, 8, 31, 15, tzinfo=UTC), input=1),  # midnight in Tokyo
        priced.event("acme-us", datetime(2026, 2, 1, tzinfo=UTC), input=1),  # no contract at all
    ]
    receipt = ingest(environment=world.live, events=events, by=None, at=priced.NOVEMBER_4)
    assert states(receipt) == ["quarantined", "accepted", "accepted", "accepted"]
    assert (receipt.items[0].reason, receipt.items[0].field) == ("TOO_LATE", "time")


def test_the_sweep_runs_before_an_invoice_is_frozen(world):
    terms = priced.priced(world)
    far = {
        "id": "far",
        "type": "llm.request",
        "subject": "acme",
        "data": {"model": "gpt-4o", "input_tokens": 1_000_000},
    }
    september, october = datetime(2026, 9, 2, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)
    for at in (september, october):
        assert ingest(environment=world.live, events=[far], by=None, at=at).accepted == 1
    invoice = priced.draft(terms.acme, october)
    before = invoice.net
    reviewed = invoices.review(invoice=invoice, by=world.finn, at=priced.NOVEMBER_5)
    assert (before > 0, reviewed.net) == (True, 0)
    assert EventRemoval.objects.get().time == october


def test_partitions_are_made_ahead_across_the_year(db):
    assert tasks.months_from(date(2026, 11, 30), 3) == [
        date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1),
    ]  # fmt: skip
    tasks.make_partitions()
    tasks.make_partitions()
    tasks.sweep_repeats()
    tasks.sweep_repeats()
