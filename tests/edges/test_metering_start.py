"""Sending the first event: the code of the page and of the README runs as it stands, and its event is seen arriving."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from catalog.models import Metric
from catalog.rules.drafts import MetricDraft
from catalog.rules.terms import Aggregation, Filter, FilterOp
from metering.models import Event
from monetization.foundation.actions import customers
from monetization.foundation.models import ApiKey
from tests import make, metered
from tests.metered import LLM, request

README = Path(settings.BASE_DIR) / "README.md"
HTMX = {"hx-request": "true"}


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", LLM)


def start(who, client: Client | None = None, **query) -> tuple[Client, str]:
    client = client or make.signed_in(who)
    answer = client.get(reverse("console:send_events"), query)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    return client, answer.content.decode()


def asked(text: str) -> str:
    """Give the address that the page asks for its first event."""
    return unescape(re.findall(r'hx-get="([^"]+/arrived/[^"]+)"', text)[0])


def snippets(text: str) -> dict[str, str]:
    return {name: unescape(code) for name, code in re.findall(r'<pre[^>]*id="code-(\w+)"[^>]*>(.*?)</pre>', text, re.S)}


def send(world, event, key: str | None = None):
    token = key or make.token(world.eli, world.live, "events:write", name="send")
    return make.Api(token).post("/events", [event])


def run(kind: str, code: str, folder: Path, **environ: str) -> str:
    """Run code as somebody would who copies it."""
    runs = {"curl": ("sh", "send.sh"), "python": (sys.executable, "send.py"), "javascript": ("node", "send.mjs")}
    program, name = runs[kind]
    needed = "curl" if kind == "curl" else program
    if shutil.which(needed) is None:
        pytest.skip(f"no {needed} on this machine")
    (folder / name).write_text(code)
    done = subprocess.run(
        [program, name], cwd=folder, env=os.environ | environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ["curl", "python", "javascript"])
@pytest.mark.django_db(transaction=True)
def test_code_of_the_page_runs_as_it_stands(world, tokens, live_server, tmp_path, kind):
    client = make.signed_in(world.eli)
    form = {"name": "mine", "metric": "tokens", "account": "acme"}
    answer = client.post(reverse("console:send_events"), form, HTTP_HOST=live_server.url.removeprefix("http://"))
    text = answer.content.decode()
    assert answer.status_code == 200, text[:500]
    code = snippets(text)[kind]
    assert live_server.url in code
    counts = json.loads(run(kind, code, tmp_path))
    assert (counts["accepted"], counts["items"][0]["status"]) == (1, "accepted")
    assert counts["items"][0]["id"].endswith(kind)
    assert json.loads(run(kind, code, tmp_path))["duplicates"] == 1
    shown = client.get(asked(text), headers=HTMX).content.decode()
    assert "It arrived and was counted" in shown and counts["items"][0]["id"] in shown and "tokens" in shown


@pytest.mark.parametrize(("kind", "fence"), [("curl", "sh"), ("python", "python"), ("javascript", "js")])
@pytest.mark.django_db(transaction=True)
def test_code_of_the_readme_runs_as_it_stands(world, tokens, live_server, tmp_path, kind, fence):
    section = README.read_text().partition("**Send usage.**")[2].partition("**Limit usage.**")[0]
    (code,) = re.findall(rf"^```{fence}\n(.*?)^```", section, re.M | re.S)
    key = make.token(world.eli, world.live, "events:write")
    ready = code.replace("http://localhost:8000", live_server.url).replace("export KEY=mk_live_…\n", "")
    assert json.loads(run(kind, ready, tmp_path, KEY=key))["accepted"] == 1
    assert Event.objects.get(event_id__startswith="req-").data["input_tokens"] == 1200


def test_a_key_is_issued_here_and_shown_once(world, tokens):
    client = make.signed_in(world.eli)
    answer = client.post(reverse("console:send_events"), {"name": "Gateway", "metric": "tokens", "account": "globex"})
    key = ApiKey.objects.get(name="Gateway")
    secret = re.findall(r'id="secret">([^<]+)<', answer.content.decode())[0]
    assert (key.owner, key.scopes, key.environment) == (world.eli, ["events:write"], world.live)
    assert all(
        secret in code and '"globex"' in code.replace("'", '"') for code in snippets(answer.content.decode()).values()
    )
    assert "no-store" in answer.headers["Cache-Control"]
    _, again = start(world.eli, client, key=key.pk)
    assert secret not in again and f"{key.prefix}_YOUR_SECRET" in again
    taken = client.post(reverse("console:send_events"), {"name": "", "metric": "tokens", "account": "acme"})
    assert taken.status_code == 422 and ApiKey.objects.count() == 1


def test_who_may_not_issue_is_told_who_can(world, tokens):
    _, text = start(world.mia)
    assert "Eli can issue one" in text and "Issue a key" not in text
    refused = make.signed_in(world.mia).post(reverse("console:send_events"), {"name": "x"})
    assert refused.status_code == 403 and not ApiKey.objects.exists()
    assert make.signed_in(world.noel).get(reverse("console:send_events")).status_code == 403
    assert make.signed_in(world.eli).put(reverse("console:send_events")).status_code == 405


def test_the_sample_looks_like_real_events_and_counts(world, tokens):
    send(world, request(1, data={"model": "claude"}))
    _, text = start(world.eli, metric="tokens", account="globex")
    event = json.loads(re.findall(r"-d '(.*)'", snippets(text)["curl"], re.S)[0])[0]
    assert event["data"] == {"model": "claude", "input_tokens": 1200, "cache_read_tokens": 200, "output_tokens": 1200}
    assert send(world, event, make.token(world.eli, world.live, name="two")).json()["accepted"] == 1
    hidden = start(world.sal, metric="tokens")[1]
    assert "claude" not in hidden and "Globex" not in hidden


def test_it_waits_and_asks_for_nothing_that_it_knows(world, tokens):
    send(world, request(1))
    client, text = start(world.eli, account="acme")
    assert "Waiting for the first event" in text
    assert client.get(asked(text), headers=HTMX).status_code == 204
    send(world, request(2, subject="globex"), make.token(world.eli, world.live, name="b"))
    assert client.get(asked(text), headers=HTMX).status_code == 204
    send(world, request(3), make.token(world.eli, world.live, name="c"))
    shown = client.get(asked(text), headers=HTMX).content.decode()
    assert "It arrived and was counted" in shown and "/console/events/api/e3/" in shown and "hx-get" not in shown


def test_what_could_not_be_counted_says_why_and_what_mends_it(world, tokens):
    client, text = start(world.eli, account="acme")
    send(world, request(1, data={"model": None}))
    shown = client.get(asked(text), headers=HTMX).content.decode()
    assert "a field is missing" in shown and "model is missing" in shown and "The sender must send the field" in shown
    send(world, request(2), make.token(world.eli, world.live, name="b"))
    assert "It arrived and was counted" in client.get(asked(shown), headers=HTMX).content.decode()


def test_events_of_the_chosen_key_are_noticed_whoever_they_name(world, tokens):
    token = make.token(world.eli, world.live, "events:write", name="chosen")
    client, text = start(world.eli, key=ApiKey.objects.get(name="chosen").pk, account="acme")
    send(world, request(1, subject="acme-typo"), token)
    shown = client.get(asked(text), headers=HTMX).content.decode()
    assert "unknown account" in shown and "acme-typo" in shown
    customers.add_alias(account=world.acme, alias="acme-prod", by=world.rosa, at=make.AT)
    send(world, request(2, subject="acme-prod"), token)
    assert "/console/events/api/e2/" in client.get(asked(shown), headers=HTMX).content.decode()


def test_a_call_that_was_refused_is_noticed(world, tokens):
    token = make.token(world.eli, world.live, "events:write", name="chosen")
    client, text = start(world.eli, key=ApiKey.objects.get(name="chosen").pk)
    assert send(world, {"id": ""}, token).status_code == 422
    shown = client.get(asked(text), headers=HTMX).content.decode()
    assert "no event of it was accepted" in shown or "rejected since you opened this page" in shown


def test_nobody_asks_for_what_the_page_did_not_offer(world, tokens):
    client, text = start(world.eli)
    address = asked(text)
    for wrong in (
        address.replace("watch=", "watch=x"),
        address.partition("?")[0],
        address.partition("?")[0] + "?watch=",
    ):
        assert client.get(wrong, headers=HTMX).status_code == 404
    assert make.signed_in(world.sal).get(asked(start(world.eli, account="globex")[1])).status_code == 404
    client.post(reverse("console:environment"), {"environment": "sandbox"})
    assert client.get(address, headers=HTMX).status_code == 404
    assert client.post(address).status_code == 405


def test_a_metric_without_an_event_says_what_that_means(world, tokens):
    assert "it may be priced all the same: test" in start(world.eli)[1]
    tokens_row = metered.metric(world, "calls", metered.REQUESTS)
    assert tokens_row.metric == "calls"

    Metric.objects.filter(key="calls").update(unseen_reason="")
    text = start(world.eli)[1]
    assert "can't be priced until a live event for it was seen" in text
    assert text.index("calls (no event yet)") < text.index("tokens (no event yet)")


def test_empty_states(world):
    assert "Nothing is metered yet" in start(world.eli)[1]
    draft = MetricDraft(event_type="x", aggregation=Aggregation.COUNT, unit="call", effective_at=LLM.effective_at)
    contradiction = (Filter("n", FilterOp.EXISTS), Filter("n", FilterOp.MISSING))
    metered.metric(world, "none", replace(draft, filters=contradiction))
    assert "No event can be counted by this metric" in start(world.eli)[1]
    text = make.signed_in(world.eli).get(reverse("console:events")).content.decode()
    assert reverse("console:send_events") in text.partition('id="content"')[2]


def test_it_asks_a_bounded_number_of_queries(world, tokens, django_assert_max_num_queries):
    client, text = start(world.eli)
    with django_assert_max_num_queries(26):
        start(world.eli, client)
    with django_assert_max_num_queries(16):
        client.get(asked(text), headers=HTMX)
