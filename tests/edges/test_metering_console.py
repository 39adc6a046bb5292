"""Console pages of the facts: right numbers, only for those who may, and a refused button changes nothing."""

from datetime import timedelta

import pytest
from django.urls import reverse

from metering.actions.ingest import ingest
from metering.models import Event, Quarantined
from monetization.foundation.actions import customers
from tests import make, metered
from tests.metered import NOW, request

DAYS = {"from": "2026-03-01", "to": "2026-03-31"}


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


@pytest.fixture
def filled(world: make.World, tokens):
    events = [
        request(1, data={"input_tokens": 1_500_000, "output_tokens": 0}),
        request(2, time="2026-03-05T23:30:00Z", data={"model": "o3", "input_tokens": 250_000, "output_tokens": 0}),
        request(3, subject="globex", data={"input_tokens": 4_000_000, "output_tokens": 0}),
        request(4, source="/gateway/eu 1", data={"input_tokens": 7, "output_tokens": 1}),
        request(5, subject="gw-5"),
        request(6, subject="gw-5"),
        request(7, type="image.made"),
        request(1, data={"input_tokens": 9}),
    ]
    ingest(environment=world.live, events=events, by=None, at=NOW)
    return world


def page(who, name: str, *args, **query) -> str:
    answer = make.signed_in(who).get(reverse(f"console:{name}", args=args), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_usage_by_local_day_and_dimension(filled):
    text = page(filled.mia, "usage", account=filled.acme.pk, by="model", **DAYS)
    for words in ("Acme Robotics GmbH", "gpt-4o", "o3", "5 Mar 2026", "6 Mar 2026", "1.500008", "0.25", "1.750008"):
        assert words in text, words
    assert "Europe/Berlin" in text and "Globex" not in text.partition('id="found"')[2]


def test_usage_of_all_accounts_names_the_largest(filled):
    text = page(filled.mia, "usage", **DAYS)
    found = text.partition("Largest accounts")[2]
    assert found.index("Globex KK") < found.index("Acme Robotics GmbH")
    assert "5.750008" in text


def test_usage_survives_any_address(filled):
    for query in (
        {"grain": "hour", "from": "2026-03-01", "to": "2026-03-31"},
        {"against": "2026-99-01"},
        {"against": "year", "is.model": ["x", ""], "by": ["model", "model", "no"]},
        {"from": "x", "to": "2026-99-01"},
        {"from": "2026-05-01", "to": "2026-04-01"},
        {"metric": "no"},
        {"by": "no"},
    ):
        assert "Usage" in page(filled.mia, "usage", **query)
    for wrong in ("x", "0", str(filled.acme_sandbox.pk)):
        answer = make.signed_in(filled.mia).get(reverse("console:usage"), {"account": wrong})
        assert answer.status_code == 404


def test_empty_pages_say_what_to_do(world):
    assert "Nothing is metered yet" in page(world.mia, "usage")
    assert "No event yet" in page(world.mia, "events")
    assert "Everything that was sent is counted" in page(world.mia, "quarantine")


def test_events_are_found_and_open_their_page(filled):
    text = page(filled.mia, "events", order="time")
    assert text.index("/api/e2/") < text.index("/api/e1/")
    assert "No such event" in page(filled.mia, "events", id="e99")
    only = page(filled.mia, "events", account="globex")
    assert "/console/events/api/e3/" in only and "/console/events/api/e1/" not in only
    address = reverse("console:event", args=["/gateway/eu 1", "e4"])
    assert address == "/console/events/~1gateway~1eu%201/e4/" and address in text
    text = page(filled.mia, "event", "/gateway/eu 1", "e4")
    assert "/gateway/eu 1" in text and "≤200000" in text
    conflict = page(filled.mia, "event", "api", "e1")
    assert "Also sent under this id" in conflict and "Same id, other content" in conflict


def test_pages_of_events_reach_the_last(world, tokens):
    times = [(NOW - timedelta(minutes=n)).isoformat() for n in range(120)]
    ingest(environment=world.live, events=[request(n, time=time) for n, time in enumerate(times)], by=None, at=NOW)
    client, address, seen = make.signed_in(world.mia), reverse("console:events") + "?account=acme&order=time", []
    while address:
        answer = client.get(address)
        seen += [row.event.event_id for row, _ in answer.context["rows"]]
        after = answer.context["earlier"]
        address = f"{reverse('console:events')}?account=acme&{after}" if after else ""
    assert seen == [f"e{n}" for n in range(120)]
    assert client.get(reverse("console:events") + "?after=nonsense").status_code == 404


def test_quarantine_counts_by_reason_and_replays(filled):
    text = page(filled.eli, "quarantine")
    for words in ("Unknown account", "No metric reads this type", "Same id, other content", "gw-5"):
        assert words in text
    client = make.signed_in(filled.eli)
    customers.add_alias(account=filled.acme, alias="gw-5", by=filled.rosa, at=NOW)
    answer = client.post(reverse("console:quarantine_replay"), {"reason": "UNKNOWN_ACCOUNT"}, follow=True)
    assert "Replayed: 2 counted now." in answer.content.decode()
    assert Event.objects.filter(event_id__in=["e5", "e6"], account=filled.acme).count() == 2
    left = Quarantined.objects.get(reason="UNKNOWN_TYPE")
    client.post(reverse("console:quarantine_dismiss"), {"row": [left.pk], "why": ""})
    assert Quarantined.objects.get(pk=left.pk).status == "OPEN"
    client.post(reverse("console:quarantine_dismiss"), {"row": [left.pk], "why": "not ours"})
    assert Quarantined.objects.get(pk=left.pk).status == "DISMISSED"


@pytest.mark.parametrize("name", ["quarantine_replay", "quarantine_dismiss"])
def test_settling_is_for_engineers_and_by_post(filled, name):
    before = list(Quarantined.objects.order_by("pk").values())
    row = {"row": [before[0]["id"]], "why": "x"}
    for who in ("mia", "finn", "audra", "sal", "noel"):
        assert make.signed_in(getattr(filled, who)).post(reverse(f"console:{name}"), row).status_code == 403, who
    for who in ("pat", "vera"):
        assert make.signed_in(getattr(filled, who)).post(reverse(f"console:{name}"), row).status_code in (302, 404)
    assert make.signed_in(filled.eli).get(reverse(f"console:{name}")).status_code == 405
    assert list(Quarantined.objects.order_by("pk").values()) == before


def test_who_sees_what(filled):
    pages = [reverse("console:usage"), reverse("console:events"), reverse("console:quarantine")]
    one = reverse("console:event", args=["api", "e3"])
    for address in (*pages, one):
        assert make.signed_in(filled.noel).get(address).status_code == 403
        assert make.signed_in(filled.pat).get(address).status_code in (302, 404)
    sales = make.signed_in(filled.sal)
    assert [sales.get(address).status_code for address in (*pages, one)] == [200, 200, 403, 404]
    text = sales.get(pages[1]).content.decode()
    assert "/console/events/api/e1/" in text and "/console/events/api/e3/" not in text
    assert "Globex" not in sales.get(pages[0], DAYS).content.decode()


def test_the_lists_of_the_admin_open(filled):
    for model in ("hourlyusage", "eventremoval"):
        assert make.signed_in(filled.mia).get(reverse(f"console:metering_{model}_changelist")).status_code == 200


def test_pages_ask_a_bounded_number_of_queries(filled, django_assert_max_num_queries):
    ingest(environment=filled.live, events=metered.requests(200, seed=4), by=None, at=NOW)
    client = make.signed_in(filled.mia)
    client.get(reverse("console:usage"))
    for address in (reverse("console:usage") + "?by=model", reverse("console:events"), reverse("console:quarantine")):
        with django_assert_max_num_queries(30):
            assert client.get(address).status_code == 200
