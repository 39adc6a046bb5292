"""Usage of the past under another version: each event once, whenever it comes or goes; then approved, and settled."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from billing.actions import invoices, upkeep
from billing.queries.usage_proof import usage_matches_events
from catalog.actions import changes, metrics
from catalog.queries import metric_terms
from catalog.rules.terms import Dimension
from metering.actions import backfill as actions
from metering.actions import corrections, settle
from metering.actions.ingest import ingest
from metering.actions.sweep import sweep
from metering.models import Backfill, HourlyUsage, Quarantined
from metering.queries import Cut, mark_of, measured
from metering.queries.backfills import backfilling
from monetization.foundation.models import AuditEntry
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import Verdict
from monetization.values.errors import Conflict, Invalid, NotAllowed, WrongState
from monetization.values.periods import Period
from tests import backfilled, deals, make, metered, priced
from tests.backfilled import CHANGED, FROM, begun, drafted, ended, reference, sums_of
from tests.metered import NOW, request

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


@pytest.fixture
def events(world: make.World, tokens):
    sent = metered.requests(80, seed=3)
    send(world, *sent)
    return sent


def send(world: make.World, *events, at=NOW):
    return ingest(environment=world.live, events=list(events), by=None, at=at)


def approve(world: make.World, version, at=LATER):
    return metered.approved(world, version, at)


# -- exactly once


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_it_comes_to_the_pure_reference_whatever_the_steps(world, events, size):
    version = drafted(world)
    row = ended(begun(world, version), size=size)
    assert sums_of(version) == reference(version, events) != {}
    inside = [each for each in events if each["time"] >= FROM.isoformat()]
    assert (row.status, row.events_read, row.unreadable) == ("DONE", len(inside), 0)
    version.refresh_from_db()
    assert version.backfilled_until == NOW
    assert AuditEntry.objects.filter(action="backfill.done", actor=world.mia).count() == 1
    assert actions.step(backfill=row, at=NOW) is False


def test_events_that_come_and_go_meanwhile_count_once(world, events):
    """New, late, repeated and corrected events before, between and after the steps, on both sides of the mark."""
    version = drafted(world)
    row = begun(world, version)
    late = metered.requests(40, seed=4)
    late = [each | {"id": f"late-{each['id']}"} for each in late]
    known = {each["id"]: each for each in events}
    inside = sorted((e for e in events if e["time"] >= FROM.isoformat()), key=lambda e: int(e["id"][1:]))
    for number in range(8):
        send(world, *late[number * 5 : number * 5 + 5], *events[:9])
        known |= {each["id"]: each for each in late[number * 5 : number * 5 + 5]}
        actions.step(backfill=row, at=NOW, size=6)
        taken, changed = inside[number], inside[-1 - number]
        corrections.deprecate(
            environment=world.live, keys=[("api", taken["id"])], reason="test", by=world.eli, at=NOW
        )  # fmt: skip
        known.pop(taken["id"])
        new = changed | {"data": changed["data"] | {"output_tokens": 77 + number}}
        corrections.amend(environment=world.live, events=[new], reason="test", by=world.eli, at=NOW)
        known[changed["id"]] = new
    assert Backfill.objects.get().status == "RUNNING"
    ended(row)
    assert sums_of(version) == reference(version, known.values())
    gone = [("api", each["id"]) for each in inside[10:14]]
    corrections.deprecate(environment=world.live, keys=gone, reason="test", by=world.eli, at=NOW)
    send(world, request(900, time="2026-04-01T00:00:00Z"))
    known = {key: each for key, each in known.items() if ("api", key) not in gone}
    known["e900"] = request(900, time="2026-04-01T00:00:00Z")
    assert sums_of(version) == reference(version, known.values())


def test_a_repeat_found_by_the_sweep_meanwhile_is_taken_once(world, tokens):
    first, far = request(1, time="2026-01-05T10:00:00Z"), request(1, time="2026-03-20T10:00:00Z")
    send(world, first, request(2, time="2026-03-20T10:00:00Z"))
    send(world, far)
    version = drafted(world)
    row = begun(world, version)
    assert sweep(at=NOW) == 1
    ended(row)
    assert sums_of(version) == reference(version, [request(2, time="2026-03-20T10:00:00Z")])


def test_paused_it_waits_and_resumed_it_goes_on(world, events):
    version = drafted(world)
    row = begun(world, version)
    assert actions.step(backfill=row, at=NOW, size=10)
    actions.pause(backfill=row, by=world.mia, at=NOW)
    done = Backfill.objects.get().done_seq
    assert actions.step(backfill=row, at=NOW) is False
    new = request(500, time="2026-03-20T10:00:00Z")
    send(world, new)
    assert Backfill.objects.get().done_seq == done
    actions.resume(backfill=row, by=world.mia, at=NOW)
    ended(row)
    assert sums_of(version) == reference(version, [*events, new])


def test_cancelled_it_leaves_nothing_and_may_begin_again(world, events):
    version = drafted(world)
    row = begun(world, version)
    actions.step(backfill=row, at=NOW, size=30)
    assert sums_of(version)
    actions.cancel(backfill=row, by=world.mia, at=NOW)
    assert not HourlyUsage.objects.filter(metric_version=version).exists()
    send(world, request(600, time="2026-03-20T10:00:00Z"))
    assert not HourlyUsage.objects.filter(metric_version=version).exists()
    with pytest.raises(WrongState):
        actions.resume(backfill=row, by=world.mia, at=NOW)
    ended(begun(world, version))
    assert sums_of(version) == reference(version, [*events, request(600, time="2026-03-20T10:00:00Z")])


def test_an_edit_meanwhile_fails_it_and_takes_its_result_away(world, events):
    version = drafted(world)
    row = begun(world, version, at=NOW)
    metrics.edit_version(version=version, content=replace(CHANGED, filters=()), by=world.mia, at=LATER)
    assert backfilling(world.live.pk) == []
    ended(row)
    assert (row.status, "edited" in row.fault) == ("FAILED", True)
    done = ended(begun(world, version, at=LATER + timedelta(minutes=1)))
    assert sums_of(version) == reference(version, events)
    metrics.edit_version(version=version, content=CHANGED, by=world.mia, at=LATER + timedelta(minutes=2))
    version.refresh_from_db()
    assert (done.status, version.backfilled_until) == ("DONE", None)
    with pytest.raises(Invalid, match="starts after its approval"):
        metrics.submit(version=version, reason="x", by=world.mia, at=LATER + timedelta(minutes=3))


def test_what_the_version_cannot_read_is_named_and_stops_nothing(world, events):
    """Old events lack the field; new ones too, and a draft must not send them to quarantine."""
    content = replace(CHANGED, dimensions=(Dimension("region", "region"),), filters=())
    version = drafted(world, content)
    row = begun(world, version)
    new = [request(700, time="2026-03-20T10:00:00Z"), request(701, time="2026-03-20T10:00:00Z", data={"region": "eu"})]
    assert send(world, *new).accepted == 2
    row = ended(row)
    inside = [each for each in events if each["time"] >= FROM.isoformat()]
    assert (row.status, row.unreadable, row.faults.count()) == ("DONE", len(inside), len(inside))
    assert {(fault.field, fault.event_id) for fault in row.faults.all()} == {("data.region", e["id"]) for e in inside}
    assert sums_of(version) == reference(version, new[1:])
    assert not Quarantined.objects.exists()
    approve(world, version)
    settle.settle(backfill=row, at=LATER)
    corrections.deprecate(
        environment=world.live, keys=[("api", "e700"), ("api", "e701")], reason="test", by=world.eli, at=LATER
    )  # fmt: skip
    assert sums_of(version) == {} and usage_matches_events(NOW) == []


# -- what is told


def test_before_and_after_are_told_per_account_in_priced_units(world, events):
    version = drafted(world, replace(CHANGED, divisor=Decimal(1000)))
    row = ended(begun(world, version))
    old = metered.LLM.divisor
    for each in row.accounts.all():
        key = each.account.key
        mine = [e for e in events if e["subject"] == key and e["time"] >= FROM.isoformat()]
        before = sum(e["data"]["input_tokens"] + e["data"]["output_tokens"] for e in mine)
        after = sum(e["data"]["input_tokens"] + e["data"]["output_tokens"] for e in mine if e["data"]["output_tokens"])
        assert (each.before, each.after) == (before / old, Decimal(after) / 1000)
        assert (each.events_before, each.events_after) == (
            2 * len(mine), 2 * len([e for e in mine if e["data"]["output_tokens"]]),
        )  # fmt: skip
    assert {each.account.key for each in row.accounts.all()} == {"acme", "globex"}


# -- who may, and when


def test_rights_reasons_and_states_are_asked(world, events):
    version = drafted(world)
    for who in ("noel", "finn", "sal", "audra"):
        with pytest.raises(NotAllowed):
            actions.begin(version=version, reason="x", by=getattr(world, who), at=NOW)
    with pytest.raises(Invalid, match="why"):
        actions.begin(version=version, reason=" ", by=world.mia, at=NOW)
    with pytest.raises(Invalid, match="Leave the range out"):
        raise_fix(lambda: actions.begin(version=version, reason="x", by=world.mia, at=NOW, starts_at=FROM))
    future = drafted(world, replace(CHANGED, effective_at=LATER))
    with pytest.raises(Invalid, match="in the future"):
        actions.begin(version=future, reason="x", by=world.mia, at=NOW)
    row = begun(world, version)
    with pytest.raises(Conflict, match="at work"):
        actions.begin(version=version, reason="x", by=world.mia, at=NOW)
    with pytest.raises(NotAllowed):
        actions.cancel(backfill=row, by=world.finn, at=NOW)
    assert actions.start(backfill=row, at=NOW) is False


def raise_fix(call):
    try:
        call()
    except Invalid as error:
        raise Invalid(str(error.fix)) from error


def test_without_a_backfill_the_past_stays_refused(world, events):
    version = drafted(world)
    with pytest.raises(Invalid) as refused:
        metrics.submit(version=version, reason="x", by=world.mia, at=LATER)
    assert refused.value.field == "effective_at" and "backfill" in (refused.value.fix or "")
    row = begun(world, version)
    with pytest.raises(Invalid):
        metrics.submit(version=version, reason="x", by=world.mia, at=LATER)
    ended(row)
    assert approve(world, version).version_id == version.pk


# -- approved


def test_approved_it_is_in_force_from_its_past_instant_and_the_books_are_clean(world, events, tokens):
    version = drafted(world)
    row = ended(begun(world, version))
    approve(world, version)
    send(world, request(800, time="2026-03-21T10:00:00Z"), at=LATER)
    known = [*events, request(800, time="2026-03-21T10:00:00Z")]
    assert list(settle.unsettled()) == [row]
    marks = {each: mark_of(each.pk) for each in (world.acme, world.globex)}
    settle.settle(backfill=row, at=LATER)
    assert list(settle.unsettled()) == []
    assert all(mark_of(account.pk) > mark for account, mark in marks.items())
    assert usage_matches_events(NOW) == []
    assert sums_of(version) == reference(version, known)
    old = metric_terms(version.metric.versions.get(number=1).__class__.objects.get(pk=tokens.version_id))
    assert sums_of(version.metric.versions.get(number=1)) == reference(
        version.metric.versions.get(number=1), known, Period(metered.LLM.effective_at, FROM)
    )
    whole = Period(metered.START, None)
    found = measured(
        account_ids=[world.acme.pk, world.globex.pk],
        cuts=[Cut(whole, {old.version_id: old, version.pk: metric_terms(version)})],
    )
    early = [e for e in known if e["time"] < FROM.isoformat()]
    late = [e for e in known if e["time"] >= FROM.isoformat() and e["data"]["output_tokens"]]
    assert sum(r.quantity for r in found) == sum(
        e["data"]["input_tokens"] + e["data"]["output_tokens"] for e in [*early, *late]
    )
    settle.settle(backfill=row, at=LATER)
    assert usage_matches_events(NOW) == []


def test_drafts_are_rated_again_and_frozen_invoices_are_told(world):
    terms = priced.priced(world)
    priced.use(world, [*priced.october(), *priced.october("globex")])
    draft = priced.draft(terms.acme)
    frozen = priced.reviewed(world, terms.globex)
    begins = priced.OCTOBER + timedelta(days=15)
    only_output = deals.tokens(begins)
    only_output = replace(only_output, measures=only_output.measures[-1:])
    at = priced.NOVEMBER_5 + timedelta(hours=1)
    version = drafted(world, only_output, key="llm-tokens", at=at)
    row = ended(begun(world, version, at=at), at=at)
    upkeep.note_all_late(at=at)
    assert not frozen.flags.filter(code="LATE_USAGE").exists()
    later = at + timedelta(minutes=1)
    asked = metrics.submit(version=version, reason="test", by=world.mia, at=later)
    changes.decide(request=asked, verdict=Verdict.APPROVE, seen=request_digest(asked), by=world.chen, at=later)
    settle.settle(backfill=row, at=later)
    upkeep.refresh_stale(at=later)
    upkeep.note_all_late(at=later)
    draft.refresh_from_db()
    assert frozen.flags.filter(code="LATE_USAGE").exists()
    inputs = [line for line in draft.lines.all() if "input" in str(line.match) + line.description]
    outputs = [line for line in draft.lines.all() if line not in inputs]
    assert sum(line.events for line in inputs) == 15 and sum(line.events for line in outputs) == 31
    assert usage_matches_events(at) == []
    invoices.review(invoice=draft, by=world.finn, at=later)


# -- mended


def test_damage_of_usage_in_force_is_mended_and_what_was_right_stays(world, events, owner_connection=None):
    version = metered_version("tokens")
    before = sums_of(version)
    day = sorted(hour for _, hour, _ in before)[10]
    damaged = HourlyUsage.objects.filter(metric_version=version, hour=day)[0]
    HourlyUsage.objects.filter(pk=damaged.pk).update(quantity=damaged.quantity + 5)
    other = HourlyUsage.objects.exclude(account=damaged.account_id).filter(hour__gt=day + timedelta(days=2))[0]
    HourlyUsage.objects.filter(pk=other.pk).delete()
    assert len(usage_matches_events(NOW)) == 2
    marks = dict(HourlyUsage.objects.exclude(hour__date__in=[day.date(), other.hour.date()]).values_list("pk", "mark"))
    row = ended(begun(world, version, at=NOW))
    assert (row.status, row.is_mend, row.days_changed, row.accounts.count()) == ("DONE", True, 2, 0)
    assert sums_of(version) == before and usage_matches_events(NOW) == []
    assert dict(HourlyUsage.objects.filter(pk__in=marks).values_list("pk", "mark")) == marks
    again = ended(begun(world, version, at=NOW))
    assert again.days_changed == 0


def test_a_bucket_of_no_event_is_emptied_and_marked(world, events):
    version = metered_version("tokens")
    before = sums_of(version)
    real = HourlyUsage.objects.filter(metric_version=version)[0]
    bogus = HourlyUsage.objects.create(
        account=real.account, metric_version=version, dimensions=real.dimensions, quantity=9, events=1,
        hour=metered.START - timedelta(days=20),
    )  # fmt: skip
    row = ended(begun(world, version, at=NOW, starts_at=bogus.hour, ends_at=bogus.hour + timedelta(hours=1)))
    left = HourlyUsage.objects.get(hour=bogus.hour)
    assert (left.quantity, left.events, left.mark) == (0, 0, mark_of(real.account_id))
    assert (row.days_changed, sums_of(version)) == (1, before)


def test_a_range_outside_the_versions_time_is_refused(world, events):
    version = metered_version("tokens")
    with pytest.raises(Invalid, match="not in force"):
        begun(world, version, starts_at=NOW, ends_at=FROM)
    with pytest.raises(Invalid, match="not in force"):
        begun(world, version, starts_at=metered.LLM.effective_at - timedelta(days=1))


def metered_version(key: str):
    from catalog.models import MetricVersion

    return MetricVersion.objects.get(metric__key=key, number=1)


def test_other_environments_have_none_of_it(world, events):
    ended(begun(world, drafted(world)))
    assert len(backfilling(world.live.pk)) == 1 and backfilling(world.sandbox.pk) == []
    assert backfilled.FROM == FROM
