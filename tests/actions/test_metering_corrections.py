"""Corrections: amended, let go, replaced and undone; usage and digests follow to the letter, old evidence stays."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from billing.models import Evidence
from billing.queries.usage_proof import usage_matches_events
from catalog.queries import metric_terms
from metering.actions import corrections
from metering.actions.ingest import ingest
from metering.actions.sweep import sweep
from metering.models import CorrectedEvent, Correction, Event, EventRemoval, Quarantined
from metering.queries import bucket_digests, counted_for, mark_of
from metering.queries.corrections import to_amend
from metering.queries.effects import effects
from metering.queries.revisions import chains
from monetization.foundation.actions import customers
from monetization.foundation.models import AuditEntry
from monetization.values.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, WrongState
from monetization.values.periods import Period
from tests import make, metered, priced
from tests.metered import NOW, request

MARCH = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


def send(world: make.World, *events, at: datetime = NOW):
    return ingest(environment=world.live, events=list(events), by=None, at=at)


def amend(world: make.World, *events, at: datetime = LATER, **more):
    known = {"environment": world.live, "reason": "the gateway counted twice", "by": world.eli}
    return corrections.amend(events=list(events), at=at, **known | more)


def deprecate(world: make.World, *ids: str, at: datetime = LATER, **more):
    known = {"environment": world.live, "reason": "a load test", "by": world.eli}
    return corrections.deprecate(keys=[("api", each) for each in ids], at=at, **known | more)


def replace(world: make.World, *events, period: Period = MARCH, at: datetime = LATER, **more):
    known = {"environment": world.live, "reason": "the export was wrong", "by": world.finn}
    known |= {"account": world.acme, "type": "llm.request", "period": period}
    return corrections.replace(events=list(events), at=at, **known | more)


def undo(world: make.World, correction: Correction, at: datetime = LATER, **more):
    return corrections.undo(correction=correction, at=at, **{"reason": "it was right", "by": world.finn} | more)


def digests(world: make.World, metric, **more):
    return bucket_digests(account_id=world.acme.pk, metric=metric, period=MARCH, **more)


def state(world: make.World, metric):
    return metered.sums(), digests(world, metric)


# -- amend


def test_an_amended_event_counts_as_if_it_had_been_sent_so(world, tokens):
    send(world, request(1), request(2))
    made = amend(world, request(1, data={"input_tokens": 7}))
    assert metered.sums() == metered.expected_tokens([request(1, data={"input_tokens": 7}), request(2)])
    assert (made.kind, made.taken_out, made.put_in, made.made_by) == ("AMEND", 1, 1, world.eli)
    chain = chains(environment_id=world.live.pk, keys=[("api", "e1")])["api", "e1"]
    assert [row.revision for row in chain.rows] == [0, 1] and chain.counting == chain.rows[1]
    removal = EventRemoval.objects.get()
    assert (removal.event_seq, removal.kept_seq, removal.reason) == (chain.rows[0].seq, chain.rows[1].seq, "CORRECTED")
    assert counted_for(world.live, chain.rows[0]) == []
    entry = AuditEntry.objects.get(action="events.amended")
    assert (entry.actor, entry.reason) == (world.eli, "the gateway counted twice")
    assert entry.after == {"taken_out": 1, "put_in": 1, "events": ["api/e1"]}


def test_everything_of_an_event_may_be_amended(world, tokens):
    send(world, request(1))
    moved = request(1, subject="globex", time="2026-04-01T00:00:00Z", data={"model": "o3", "input_tokens": 300_000})
    amend(world, moved)
    assert metered.sums() == metered.expected_tokens([moved])
    amend(world, request(1))
    assert metered.sums() == metered.expected_tokens([request(1)])
    assert usage_matches_events(NOW) == []


def test_the_event_as_it_was_sent_stays_a_duplicate_and_another_content_a_conflict(world, tokens):
    send(world, request(1))
    amend(world, request(1, data={"input_tokens": 7}))
    receipt = send(world, request(1), request(1, data={"input_tokens": 7}), request(1, data={"input_tokens": 9}))
    assert [item.status for item in receipt.items] == ["duplicate", "conflict", "conflict"]
    assert sweep(at=LATER) == 0
    assert metered.sums() == metered.expected_tokens([request(1, data={"input_tokens": 7})])


def test_a_time_that_was_not_sent_stays_that_of_the_arrival(world, tokens):
    send(world, request(1, time=None))
    amend(world, request(1, time=None, data={"input_tokens": 7}))
    row = Event.objects.get(revision=1)
    assert (row.time, row.is_time_given) == (NOW, False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (request(1, subject="nobody"), "events[0].subject"),
        (request(1, type="nothing"), "events[0].type"),
        (request(1, data={"model": None}), "events[0].data.model"),
        (request(1, data={"input_tokens": "x"}), "events[0].data.input_tokens"),
        (request(1, time="2027-01-01T00:00:00Z"), "events[0].time"),
        (request(1) | {"tiem": 1}, "events[0].tiem"),
        (request(1), "events[0]"),
        (request(9), "events[0]"),
        (7, "events[0].event"),
    ],
)
def test_what_could_not_be_counted_is_refused_by_name_and_changes_nothing(world, tokens, body, field):
    send(world, request(1))
    before, mark = state(world, tokens), mark_of(world.acme.pk)
    with pytest.raises(DomainError) as refused:
        amend(world, body)
    assert refused.value.errors[0].field == field
    assert (state(world, tokens), mark_of(world.acme.pk), Correction.objects.count()) == (before, mark, 0)


def test_who_may_and_why_are_asked(world, tokens):
    send(world, request(1))
    for who in ("noel", "audra", "mia", "sal", "pat"):
        with pytest.raises(NotAllowed):
            deprecate(world, "e1", by=getattr(world, who))
    with pytest.raises(Invalid) as refused:
        deprecate(world, "e1", reason="  ")
    assert refused.value.field == "reason"
    with pytest.raises(NotFound):
        deprecate(world, "e1", environment=world.sandbox)
    with pytest.raises(Invalid, match="twice"):
        deprecate(world, "e1", "e1")
    assert not Correction.objects.exists() and not EventRemoval.objects.exists()


# -- deprecate and undo


def test_a_deprecated_event_counts_no_more_until_it_is_undone(world, tokens):
    send(world, request(1), request(2, data={"model": "o3"}))
    before = state(world, tokens)
    made = deprecate(world, "e1")
    assert metered.sums() == metered.expected_tokens([request(2, data={"model": "o3"})])
    assert [item.status for item in send(world, request(1)).items] == ["duplicate"]
    with pytest.raises(WrongState, match="no longer counts"):
        deprecate(world, "e1")
    back = undo(world, made)
    assert state(world, tokens) == before
    assert (back.kind, back.undoes, back.put_in, back.taken_out) == ("UNDO", made, 1, 0)
    with pytest.raises(WrongState, match="undone already"):
        undo(world, made)
    undo(world, back)
    assert metered.sums() == metered.expected_tokens([request(2, data={"model": "o3"})])


def test_undo_refuses_what_was_corrected_again_and_names_it(world, tokens):
    send(world, request(1), request(2))
    first = amend(world, request(1, data={"input_tokens": 7}), request(2, data={"input_tokens": 7}))
    second = amend(world, request(1, data={"input_tokens": 8}))
    before = state(world, tokens)
    with pytest.raises(WrongState, match=f"by correction {second.pk}"):
        undo(world, first)
    gone = deprecate(world, "e2")
    with pytest.raises(DomainError) as refused:
        undo(world, first)
    assert [error.fix for error in refused.value.errors] == [
        f"Undo correction {second.pk} first", f"Undo correction {gone.pk} first",
    ]  # fmt: skip
    undo(world, gone)
    assert state(world, tokens) == before
    third = deprecate(world, "e1")
    amended = {(event.event_id, event.revision) for event in Event.objects.all()}
    with pytest.raises(WrongState, match=f"by correction {third.pk}"):
        undo(world, second)
    assert {(event.event_id, event.revision) for event in Event.objects.all()} == amended


def test_an_undo_copies_account_and_digest_although_the_alias_has_moved(world, tokens):
    alias = customers.add_alias(account=world.acme, alias="gw-7", starts_at=make.AT, by=world.rosa, at=NOW)
    send(world, request(1, subject="gw-7", time=None))
    before = state(world, tokens)
    made = deprecate(world, "e1")
    customers.end_alias(alias=alias, ends_at=make.AT + timedelta(days=1), by=world.rosa, at=NOW)
    undo(world, made)
    assert state(world, tokens) == before


# -- replace


def test_a_replaced_range_holds_exactly_the_new_events(world, tokens):
    inside = [request(n, time=f"2026-03-0{n}T10:00:00Z") for n in (1, 2, 3)]
    others = [request(4, subject="globex"), request(5, time="2026-04-01T00:00:00Z"), request(6, type="other")]
    send(world, *inside, *others)
    before = state(world, tokens)
    new = [request(2, time="2026-03-09T10:00:00Z", data={"input_tokens": 5}), request(7), request(8)]
    made = replace(world, *new)
    assert metered.sums() == metered.expected_tokens([*new, *others[:2]])
    assert (made.kind, made.account, made.type, made.taken_out, made.put_in) == (
        "REPLACE", world.acme, "llm.request", 3, 3,
    )  # fmt: skip
    assert dict(Event.objects.filter(event_id__in=["e2", "e7"]).values_list("revision", "event_id")) == {
        0: "e7", 1: "e2",
    } or Event.objects.filter(revision=1).get().event_id == "e2"  # fmt: skip
    assert [item.status for item in send(world, request(7)).items] == ["duplicate"]
    undo(world, made)
    assert state(world, tokens) == before
    assert usage_matches_events(NOW) == []


def test_a_range_may_be_emptied(world, tokens):
    send(world, request(1), request(2, subject="globex"))
    replace(world)
    assert metered.sums() == metered.expected_tokens([request(2, subject="globex")])
    with pytest.raises(Invalid, match="nothing to replace"):
        replace(world)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (request(7, time="2026-04-01T00:00:00Z"), "events[0].time"),
        (request(7, time=None), "events[0].time"),
        (request(7, subject="globex"), "events[0].subject"),
        (request(9), "events[0].id"),
    ],
)
def test_an_event_of_elsewhere_is_refused(world, tokens, body, field):
    send(world, request(1), request(9, time="2026-04-02T00:00:00Z"))
    before = state(world, tokens)
    with pytest.raises(Invalid) as refused:
        replace(world, body)
    assert refused.value.errors[0].field == field
    assert state(world, tokens) == before


# -- what it would change


def test_the_effect_is_told_before_and_after_by_metric(world, tokens):
    metered.metric(world, "calls", metered.REQUESTS)
    send(world, request(1))
    bodies = [request(1, subject="globex", data={"input_tokens": 40})]
    found = effects(world.live, to_amend(environment=world.live, bodies=bodies, at=LATER))
    told = {(each.account_id, each.metric.metric): (each.before, each.after, each.difference) for each in found}
    assert told == {
        (world.acme.pk, "tokens"): (110, 0, -110),
        (world.acme.pk, "calls"): (1, 0, -1),
        (world.globex.pk, "tokens"): (0, 50, 50),
        (world.globex.pk, "calls"): (0, 1, 1),
    }
    assert Event.objects.count() == 1


# -- in any order


def test_corrections_and_late_repeats_in_any_order_come_to_the_same(world, tokens):
    """A far repeat of what was sent may come before, between or after; an amendment, its undo and the sweep too."""
    far = request(1, time="2026-03-05T10:15:00Z")
    first = request(1, time="2026-01-20T10:00:00Z")
    done: dict[str, Correction] = {}
    verbs = {
        "amend": lambda: done.setdefault("c", amend(world, request(1, time="2026-01-21T00:00:00Z"))),
        "repeat": lambda: send(world, far),
        "sweep": lambda: sweep(at=LATER),
        "same": lambda: send(world, first),
    }
    outcomes = set()
    for order in permutations(verbs):
        with rolled_back():
            send(world, first)
            for name in order:
                verbs[name]()
            sweep(at=LATER)
            amended = frozenset(metered.sums().items())
            undo(world, done.pop("c"))
            outcomes.add((amended, frozenset(metered.sums().items()), Quarantined.objects.count()))
    assert outcomes == {
        (
            frozenset(metered.expected_tokens([request(1, time="2026-01-21T00:00:00Z")]).items()),
            frozenset(metered.expected_tokens([first]).items()),
            1,
        )
    }


def test_a_range_leaves_far_repeats_to_the_sweep(world, tokens):
    """Were the repeat taken out with the range, undoing would count it beside the first."""
    first, far = request(1, time="2026-01-20T10:00:00Z"), request(1, time="2026-03-05T10:15:00Z")
    send(world, first, request(2))
    send(world, far)
    made = replace(world, request(3))
    assert made.taken_out == 1
    undo(world, made)
    assert sweep(at=LATER) == 1
    assert metered.sums() == metered.expected_tokens([first, request(2)])


@pytest.mark.parametrize("seed", range(3))
def test_any_corrections_undone_in_turn_leave_usage_and_digests_as_they_were(world, tokens, seed):
    chance = random.Random(seed)
    events = metered.requests(60, seed=seed)
    send(world, *events)
    before = state(world, tokens)
    made = []
    for number in range(12):
        counting = [e["id"] for e in events if chains_counting(world, e["id"])]
        picked = chance.sample(counting, 5)
        if number % 3 == 0:
            made.append(deprecate(world, *picked))
        elif number % 3 == 1:
            bodies = [next(e for e in events if e["id"] == each) for each in picked]
            changed = [b | {"data": b["data"] | {"output_tokens": 5000 + number}} for b in bodies]
            made.append(amend(world, *changed))
        else:
            start = MARCH.starts_at + timedelta(days=chance.randrange(20))
            made.append(
                replace(
                    world,
                    request(1000 + number, time=start.isoformat(), data={"input_tokens": 9}),
                    period=Period(start, start + timedelta(days=3)),
                )
            )
        assert usage_matches_events(NOW) == []
    assert state(world, tokens) != before
    for each in reversed(made):
        undo(world, each)
    assert state(world, tokens) == before
    assert usage_matches_events(NOW) == []
    revisions = list(CorrectedEvent.objects.exclude(revision=None).values_list("source", "event_id", "revision"))
    assert len(revisions) == len(set(revisions))


def chains_counting(world, event_id: str) -> bool:
    return chains(environment_id=world.live.pk, keys=[("api", event_id)])["api", event_id].counting is not None


# -- old evidence


def test_evidence_of_an_issued_invoice_is_verified_after_corrections(world):
    terms = priced.priced(world)
    events = priced.october()
    priced.use(world, events)
    invoice = priced.issued(world, terms.acme)
    after = priced.NOVEMBER_5 + timedelta(days=1)
    amended = events[0] | {"data": {"model": "gpt-4o", "input_tokens": 3, "output_tokens": 4}}
    amend(world, amended, at=after)
    deprecate(world, events[1]["id"], at=after)
    priced.use(world, [priced.event("acme", priced.OCTOBER + timedelta(days=3), input=9, output=9)], at=after)
    rows = list(Evidence.objects.filter(line__invoice=invoice).select_related("line__metric_version"))
    assert len(rows) == 2
    for row in rows:
        line = row.line
        found = {
            "account_id": world.acme.pk, "metric": metric_terms(line.metric_version),
            "match": tuple(line.source["usage"][0]["dims"].items()), "period": Period(line.starts_at, line.ends_at),
        }  # fmt: skip
        then = bucket_digests(**found, as_of=invoice.reviewed_at)
        assert [[b.starts_at.isoformat(), dict(b.dims), b.digest.hex()] for b in then] == row.buckets
        assert sum(b.quantity for b in then) == Decimal(row.quantity) and sum(b.events for b in then) == row.event_count
        assert bucket_digests(**found) != then


def test_a_correction_of_a_frozen_period_is_flagged_as_late(world):
    from billing.actions import upkeep

    terms = priced.priced(world)
    events = priced.october()
    priced.use(world, events)
    invoice = priced.reviewed(world, terms.acme)
    deprecate(world, events[0]["id"], at=priced.NOVEMBER_5 + timedelta(days=1))
    upkeep.note_all_late(at=priced.NOVEMBER_5 + timedelta(days=1))
    assert invoice.flags.filter(code="LATE_USAGE").exists()
    assert (invoice.total, invoice.lines.count()) == (Decimal("129.12"), 2)


def test_a_key_that_was_just_sent_is_a_conflict(world, tokens, monkeypatch):
    """Between plan and write another writer may take the key of a new event."""
    send(world, request(1))
    plan = corrections.to_replace

    def slow(**asked):
        found = plan(**asked)
        send(world, request(7))
        return found

    monkeypatch.setattr(corrections, "to_replace", slow)
    with pytest.raises(Conflict, match="just been sent"):
        replace(world, request(7, data={"input_tokens": 5}))


class rolled_back:
    """Run a block in a savepoint that is rolled back."""

    def __enter__(self):
        from django.db import transaction

        self.point = transaction.savepoint()

    def __exit__(self, *error):
        from django.db import transaction

        transaction.savepoint_rollback(self.point)
