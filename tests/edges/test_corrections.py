"""Corrections, backfills and conflicts over HTTP: right answers, named refusals, nothing changed by who may not."""

import json

import pytest
from django.urls import reverse

from catalog.models import MetricVersion
from metering import tasks
from metering.actions import corrections
from metering.actions.ingest import ingest
from metering.models import Backfill, Correction, Event, EventRemoval, Quarantined
from monetization.foundation.actions import customers
from tests import make, metered
from tests.backfilled import begun, drafted, reference, sums_of
from tests.metered import NOW, request


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


@pytest.fixture
def filled(world: make.World, tokens):
    events = [request(n, time=f"2026-03-0{n}T10:00:00Z") for n in range(1, 6)]
    ingest(environment=world.live, events=events, by=None, at=NOW)
    return world


@pytest.fixture
def api(filled) -> make.Api:
    return make.Api(make.token(filled.eli, filled.live))


def posted(who, name: str, *args, **typed):
    return make.signed_in(who).post(reverse(f"console:{name}", args=args), typed, follow=True)


def shown(who, name: str, *args, **query) -> str:
    answer = make.signed_in(who).get(reverse(f"console:{name}", args=args), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


# -- the API of corrections


def test_events_are_amended_deprecated_replaced_and_undone(filled, api):
    new = request(1, time="2026-03-01T10:00:00Z", data={"input_tokens": 5.5})
    answer = api.post("/events/corrections", {"kind": "AMEND", "reason": "twice", "events": [new]})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["kind"], body["taken_out"], body["put_in"], body["made_by"]) == ("AMEND", 1, 1, "eli@example.com")
    one = api.get("/events/api/e1").json()
    assert (one["data"]["input_tokens"], one["revision"], one["counts"]) == (5.5, 1, True)
    gone = api.post("/events/corrections", {"kind": "DEPRECATE", "reason": "test", "events": [{"id": "e2"}]}).json()
    assert (api.get("/events/api/e2").json()["counts"], api.get("/events/api/e2").json()["counted"]) == (False, [])
    ranged = {"kind": "REPLACE", "reason": "x", "account": "acme", "type": "llm.request", "events": [request(9)],
              "starts_at": "2026-03-04T00:00:00Z", "ends_at": "2026-03-06T00:00:00Z"}  # fmt: skip
    assert api.post("/events/corrections", ranged).status_code == 201
    left = {
        each["id"]: each["counts"] for each in api.get("/events", account="acme").json()["results"] if each["counts"]
    }
    assert sorted(left) == ["e1", "e3", "e9"]
    back = api.post(f"/corrections/{gone['id']}/undo", {"reason": "it was right"})
    assert back.status_code == 201 and back.json()["undoes"] == gone["id"]
    assert api.get(f"/corrections/{gone['id']}").json()["undone_by"] == back.json()["id"]
    assert api.post(f"/corrections/{gone['id']}/undo", {"reason": "again"}).status_code == 409
    listed = api.get("/events/corrections").json()["results"]
    assert [each["kind"] for each in listed] == ["UNDO", "REPLACE", "DEPRECATE", "AMEND"]
    (only,) = api.get(f"/corrections/{gone['id']}/events").json()["results"]
    assert (only["id"], only["put_in"], only["taken_out"] is not None) == ("e2", None, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"events": [request(1, subject="nobody")]}, "events[0].subject"),
        ({"kind": "REPLACE"}, "account"),
        ({"account": "acme"}, "account"),
        ({"kind": "OTHER"}, "kind"),
        ({"reason": ""}, "reason"),
        ({"kind": "DEPRECATE", "events": [{"source": 5}]}, "events[0].id"),
        ({"events": []}, "events"),
        ({"evnts": []}, "evnts"),
    ],
)
def test_a_wrong_order_names_its_field_and_changes_nothing(filled, api, change, field):
    order = {"kind": "AMEND", "reason": "x", "events": [request(1, data={"input_tokens": 5})]} | change
    answer = api.post("/events/corrections", order)
    assert answer.status_code == 422, answer.content
    assert field in {each["field"] for each in answer.json()["errors"]}, answer.json()
    assert not Correction.objects.exists() and not EventRemoval.objects.exists()


def test_a_repeated_order_with_its_key_is_done_once(filled, api):
    order = {"kind": "DEPRECATE", "reason": "x", "events": [{"id": "e1"}]}
    first, again = (api.post("/events/corrections", order, key="k1") for _ in range(2))
    assert (first.status_code, again.content) == (201, first.content) and Correction.objects.count() == 1


def test_others_may_not_correct(filled):
    order = {"kind": "DEPRECATE", "reason": "x", "events": [{"id": "e1"}]}
    for who, scopes, status in (
        (filled.mia, (), 403), (filled.eli, ("usage:read",), 403), (filled.eli, ("events:write", "usage:read"), 403),
        (filled.noel, (), 403), (filled.pat, (), 403),
    ):  # fmt: skip
        answer = make.Api(make.token(who, filled.live, *scopes, name=f"{who.name} {len(scopes)}")).post(
            "/events/corrections", order
        )
        assert answer.status_code == status, (who, answer.content)
    elsewhere = make.Api(make.token(filled.eli, filled.sandbox, name="elsewhere")).post("/events/corrections", order)
    assert elsewhere.status_code == 404
    assert make.Api(make.token(filled.eli, filled.live, name="whole")).get("/corrections/1/undo").status_code == 405
    assert not Correction.objects.exists()


# -- the console of corrections


def test_an_event_is_amended_after_a_look(filled):
    args = ("api", "e1")
    form = shown(filled.eli, "event_amend", *args)
    assert "&quot;input_tokens&quot;: 100" in form and "2026-03-01T10:00:00.000000Z" in form
    typed = {"subject": "acme", "type": "llm.request", "time": "2026-03-01T10:00:00Z", "reason": "twice",
             "data": json.dumps({"model": "gpt-4o", "input_tokens": 40, "output_tokens": 10})}  # fmt: skip
    seen = posted(filled.eli, "event_amend", *args, step="preview", **typed).content.decode()
    for words in ("<del>100</del>", "110", "50", "−60", "1 event out, 1 in", "Amend e1"):
        assert words in seen, words
    assert not Correction.objects.exists()
    wrong = posted(filled.eli, "event_amend", *args, step="preview", **typed | {"subject": "nobody"})
    assert wrong.status_code == 422 and "No account is called" in wrong.content.decode()
    done = posted(filled.eli, "event_amend", *args, step="apply", **typed).content.decode()
    for words in ("Revisions", "twice", "taken out</a> by Eli", "as it was sent", "counts"):
        assert words in done, words
    assert Event.objects.get(event_id="e1", revision=1).data["input_tokens"] == 40


def test_an_event_is_deprecated_shown_so_and_undone(filled):
    assert "This takes 100 of tokens, 10 of tokens out" in shown(filled.eli, "event", "api", "e2")
    text = posted(filled.eli, "event_deprecate", "api", "e2", reason="a load test").content.decode()
    assert "Taken out of usage" in text and "a load test" in text and "Deprecate…" not in text
    assert "Taken out" in shown(filled.mia, "events", account="acme")
    row = Correction.objects.get()
    assert "a load test" in shown(filled.mia, "corrections") and "Undo…" not in shown(filled.mia, "correction", row.pk)
    assert "No such correction" in shown(filled.mia, "corrections", q="e1")
    undone = posted(filled.finn, "correction_undo", row.pk, reason="it was real").content.decode()
    assert "Undone by" in undone and "Undo…" not in undone
    assert metered.sums() == metered.expected_tokens([request(n, time=f"2026-03-0{n}T10:00:00Z") for n in range(1, 6)])


def test_a_range_is_replaced_from_csv_after_a_look(filled):
    typed = {"account": "acme", "type": "llm.request", "starts_at": "2026-03-02T00:00", "ends_at": "2026-03-04T00:00",
             "reason": "the export was wrong",
             "events": "id,time,model,input_tokens,output_tokens\nr1,2026-03-02 08:00:00,o3,7,0\n"}  # fmt: skip
    seen = posted(filled.eli, "correction_replace", step="preview", **typed).content.decode()
    for words in ("2 events out, 1 in", "Replace 2 by 1 events", "220", "−213"):
        assert words in seen, words
    assert not Correction.objects.exists()
    broken = typed | {"events": '{"id": "r1", "time": "2026-03-09T00:00:00Z", "data": {}}\nnot json'}
    refused = posted(filled.eli, "correction_replace", step="preview", **broken)
    assert refused.status_code == 422 and "It is not JSON" in refused.content.decode()
    done = posted(filled.eli, "correction_replace", step="apply", **typed).content.decode()
    assert "the export was wrong" in done and Correction.objects.get().put_in == 1
    others = [request(n, time=f"2026-03-0{n}T10:00:00Z") for n in (1, 4, 5)]
    new = request(9, time="2026-03-02T08:00:00Z", data={"model": "o3", "input_tokens": 7, "output_tokens": 0})
    assert metered.sums() == metered.expected_tokens([*others, new])


@pytest.mark.parametrize("name", ["event_deprecate", "correction_undo", "event_amend", "correction_replace"])
def test_buttons_of_corrections_are_for_those_who_may(filled, name):
    made = corrections.deprecate(
        environment=filled.live, keys=[("api", "e5")], reason="x", by=filled.eli, at=NOW
    )  # fmt: skip
    args = {"correction_undo": (made.pk,), "correction_replace": ()}.get(name, ("api", "e1"))
    for who in (filled.mia, filled.sal, filled.noel, filled.audra):
        answer = make.signed_in(who).post(reverse(f"console:{name}", args=args), {"reason": "x", "step": "apply"})
        assert answer.status_code in (302, 403)
    if name in ("event_deprecate", "correction_undo"):
        assert make.signed_in(filled.eli).get(reverse(f"console:{name}", args=args)).status_code == 405
    assert Correction.objects.count() == 1


# -- backfills


def test_a_backfill_over_the_api(filled, api):
    mia = make.Api(make.token(filled.mia, filled.live, name="mia"))
    version = drafted(filled)
    address = f"/metrics/tokens/versions/{version.number}/backfill"
    assert mia.get(address).status_code == 404
    assert mia.post(address, {"reason": ""}).status_code == 422
    answer = mia.post(address, {"reason": "it counted too much"})
    assert (answer.status_code, answer.json()["status"], answer.json()["percent_done"]) == (201, "WAITING", 0)
    assert mia.post(address, {"reason": "again"}).status_code == 409
    assert mia.post(f"{address}/pause", {}).status_code == 409
    tasks.run_backfill(answer.json()["id"])
    found = mia.get(address).json()
    assert (found["status"], found["percent_done"], found["metric"]) == ("DONE", 100, "tokens")
    assert mia.get(f"{address}/accounts").json()["results"] == []
    assert make.Api(make.token(filled.finn, filled.live, name="finn")).post(address, {"reason": "x"}).status_code == 403
    assert make.Api(make.token(filled.mia, filled.sandbox, name="else")).get(address).status_code == 404
    assert Backfill.objects.count() == 1


def test_a_backfill_in_the_console(filled):
    sent = [request(n, time="2026-03-20T10:00:00Z", data={"output_tokens": n % 2}) for n in range(20, 30)]
    sent += [request(40, subject="globex", time="2026-03-20T10:00:00Z")]
    ingest(environment=filled.live, events=sent, by=None, at=NOW)
    version = drafted(filled)
    assert "Backfill…" in shown(filled.mia, "metric_version", version.pk)
    assert "Backfill…" not in shown(filled.finn, "metric_version", version.pk)
    text = posted(filled.mia, "backfill_begin", version.pk, reason="it counted too much").content.decode()
    row = Backfill.objects.get()
    assert "Waiting" in text and 'hx-trigger="every 2s"' in text
    tasks.run_backfill(row.pk)
    assert shown(filled.mia, "event", "api", "e21").count(">v2<") == 0  # it bills nobody yet
    text = shown(filled.mia, "backfill", row.pk)
    for words in ("Done", "11 events read", "Acme Robotics GmbH", "0.001005", "0.000505", "↓", "−49.8 %"):
        assert words in text, words
    assert "hx-trigger" not in text.partition('id="progress"')[2].partition("</section>")[0]
    assert "Acme" not in shown(filled.mia, "backfill", row.pk, q="globex").partition('id="found"')[2]
    assert "Globex" not in shown(filled.mia, "backfill", row.pk, changed="1").partition('id="found"')[2]
    assert "Globex" not in shown(filled.sal, "backfill", row.pk)
    sheet = make.signed_in(filled.mia).get(reverse("console:backfill", args=[row.pk]), {"format": "csv"})
    assert (
        sheet.content.decode().splitlines()[1]
        == "acme,Acme Robotics GmbH,0.001005,0.000505,-0.0005,-49.8,20,10,1M tokens"
    )
    assert "it counted too much" in shown(filled.mia, "backfills")
    assert sums_of(version) == reference(version, sent)
    part = make.signed_in(filled.mia).get(
        reverse("console:backfill", args=[row.pk]), headers={"hx-request": "true", "hx-target": "progress"}
    )
    assert b"<html" not in part.content and b"events read" in part.content


def test_a_backfill_is_paused_resumed_and_cancelled_in_the_console(filled):
    row = begun(filled, drafted(filled))
    assert "Paused" in posted(filled.mia, "backfill_pause", row.pk).content.decode()
    assert "is paused" in posted(filled.mia, "backfill_pause", row.pk).content.decode()
    posted(filled.mia, "backfill_resume", row.pk)
    assert Backfill.objects.get().status == "RUNNING"
    for who in (filled.finn, filled.sal, filled.noel):
        make.signed_in(who).post(reverse("console:backfill_cancel", args=[row.pk]))
    assert Backfill.objects.get().status == "RUNNING"
    posted(filled.mia, "backfill_cancel", row.pk)
    assert Backfill.objects.get().status == "CANCELLED"


def test_usage_in_force_is_mended_from_its_page(filled):
    version = MetricVersion.objects.get(metric__key="tokens")
    assert "Mend usage…" in shown(filled.eli, "metric_version", version.pk)
    posted(filled.eli, "backfill_begin", version.pk, reason="to be sure", starts_at="2026-03-01T00:00")
    row = Backfill.objects.get()
    tasks.sweep_backfills()
    row.refresh_from_db()
    assert (row.is_mend, row.status, row.days_changed) == (True, "DONE", 0)
    assert "were built again" in shown(filled.eli, "backfill", row.pk)


# -- quarantine


def test_a_conflict_is_laid_beside_the_event_that_counts(filled):
    ingest(environment=filled.live, events=[request(1, data={"input_tokens": 9})], by=None, at=NOW)
    row = Quarantined.objects.get()
    text = shown(filled.mia, "quarantined", row.pk)
    assert text.count(">differs<") == 2 and "data.input_tokens" in text and "The one that counts" in text
    assert reverse("console:quarantined", args=[row.pk]) in shown(filled.mia, "quarantine")
    assert make.signed_in(filled.sal).get(reverse("console:quarantined", args=[row.pk])).status_code == 403


def test_all_of_a_reason_are_replayed_batch_after_batch(filled, monkeypatch):
    monkeypatch.setattr("metering.console.replaying.STEP", 3)
    events = [request(n, subject="gw-7" if n % 2 else "gw-8") for n in range(50, 58)]
    ingest(environment=filled.live, events=events, by=None, at=NOW)
    customers.add_alias(account=filled.acme, alias="gw-7", by=filled.rosa, at=NOW)
    client, typed, rounds = make.signed_in(filled.eli), {"reason": "UNKNOWN_ACCOUNT"}, 0
    while True:
        answer = client.post(reverse("console:quarantine_replay_all"), typed)
        rounds += 1
        if not answer.context["goes_on"]:
            break
        typed = {"reason": "UNKNOWN_ACCOUNT"} | dict(answer.context["hidden"])
    state = answer.context["state"]
    assert (rounds, state["whole"], state["done"], state["counted"], state["still"]) == (3, 8, 8, 4, 4)
    assert Quarantined.objects.filter(status="OPEN").count() == 4


def test_quarantine_is_searched_and_replayed_in_parts_over_the_api(filled, api, monkeypatch):
    monkeypatch.setattr("metering.actions.quarantine.MOST", 3)
    ingest(environment=filled.live, events=[request(n, subject="gw-7") for n in range(50, 55)], by=None, at=NOW)
    assert [each["event_id"] for each in api.get("/quarantine", event_id="e52").json()["results"]] == ["e52"]
    assert api.get("/quarantine", subject="gw-8").json()["results"] == []
    assert len(api.get("/quarantine", type="llm.request", subject="gw-7").json()["results"]) == 5
    ids = sorted(Quarantined.objects.values_list("pk", flat=True))
    first = api.post("/quarantine/replay", {"reason": "UNKNOWN_ACCOUNT"}).json()
    assert (first["quarantined"], first["last_id"], first["left"]) == (3, ids[2], 2)
    then = api.post("/quarantine/replay", {"reason": "UNKNOWN_ACCOUNT", "after": first["last_id"]}).json()
    assert (then["quarantined"], then["last_id"], then["left"]) == (2, ids[4], 0)
