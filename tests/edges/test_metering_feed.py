"""The feed of arrivals: their order, what a page has seen, pages to the end, filters, marks, and who sees what."""

from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from django.urls import reverse

from metering.actions.ingest import ingest
from metering.actions.sweep import sweep
from tests import make, metered
from tests.metered import NOW, request

ROWS = {"hx-request": "true", "hx-target": "rows"}


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


@pytest.fixture
def feed(world: make.World, tokens):
    take(world, request(1), request(2, time=NOW.isoformat()))
    take(world, request(3, subject="globex", source="gw"), request(4, subject="gw-4"), at=NOW + timedelta(seconds=1))
    return world


def take(world, *events, at=NOW):
    return ingest(environment=world.live, events=events, by=None, at=at)


def look(who, polls=False, **query):
    return make.signed_in(who).get(reverse("console:events"), query, headers=ROWS if polls else {})


def ids(answer) -> list[str]:
    rows = [row for row, _ in answer.context["rows"]]
    return [row.event.event_id if row.event else f"{row.aside.event_id}!" for row in rows]


def test_the_latest_arrival_comes_first_whatever_its_time(feed):
    answer = look(feed.mia)
    assert ids(answer)[:2] in (["e3", "e4!"], ["e4!", "e3"])
    assert ids(answer)[2:] == ["e2", "e1"]
    text = answer.content.decode()
    assert text.count(">Late<") == 2  # e1 and e3 are of March, e2 of this moment
    assert "Unknown account" in text and "No account is called “gw-4”" in text


def test_a_page_that_has_seen_it_all_gets_nothing(feed):
    seen = str(look(feed.mia).context["seen"])
    quiet = look(feed.mia, polls=True, seen=seen)
    assert (quiet.status_code, quiet.content) == (204, b"")
    take(feed, request(5), request(6, subject="gw-6"), at=NOW + timedelta(seconds=2))
    news = look(feed.mia, polls=True, seen=seen)
    assert news.headers["HX-Trigger"] == '{"arrived": {"count": 2, "more": false}}'
    assert {row.event.event_id for row, fresh in news.context["rows"] if fresh and row.event} == {"e5"}
    assert news.content.decode().count('class="fresh"') == 2
    assert news.content.decode().lstrip().startswith("<tbody")
    assert look(feed.mia, polls=True, seen=str(news.context["seen"])).status_code == 204


def test_an_event_that_ends_its_transaction_late_is_not_missed(feed):
    """A page knows rows by a checksum, not by the highest number alone."""
    answer = look(feed.mia)
    seen = str(answer.context["seen"])
    rows = [row for row, _ in answer.context["rows"]]
    top, aside, _ = seen.split(".")
    assert int(top) == max(row.event.seq for row in rows if row.event)
    without_one = look(feed.mia, polls=True, seen=f"{top}.{aside}.1")
    assert without_one.status_code == 200 and "e1" in ids(without_one)


def test_pages_reach_every_arrival_once(world, tokens):
    for n in range(3):
        take(world, *(request(f"{n}-{k}") for k in range(30)), *(request(f"x{n}-{k}", subject="no") for k in range(20)),
             at=NOW + timedelta(minutes=n))  # fmt: skip
    client, address, seen = make.signed_in(world.mia), reverse("console:events"), []
    for _ in range(9):
        answer = client.get(address)
        seen += ids(answer)
        if not answer.context["earlier"]:
            break
        address = f"{reverse('console:events')}?{answer.context['earlier']}"
    assert len(seen) == len(set(seen)) == 150
    assert seen[0].startswith("e2-") or seen[0].startswith("ex2-")


def test_filters_narrow_the_feed(feed):
    assert ids(look(feed.mia, account="globex")) == ["e3"]
    assert ids(look(feed.mia, source="gw")) == ["e3"]
    assert ids(look(feed.mia, type="nope")) == []
    assert ids(look(feed.mia, show="aside")) == ["e4!"]
    assert ids(look(feed.mia, show="accepted")) == ["e3", "e2", "e1"]
    feed_of_alias = look(feed.mia, account="acme")
    assert ids(feed_of_alias) == ["e2", "e1"]


def test_an_id_is_found_in_any_month_and_in_quarantine(feed):
    take(feed, request(1, source="old", time="2024-01-31T00:00:00Z"), request(1, data={"input_tokens": 9}))
    assert sorted(ids(look(feed.mia, id="e1"))) == ["e1", "e1", "e1!"]
    assert ids(look(feed.mia, id="e1", source="old")) == ["e1"]
    assert ids(look(feed.mia, id="e4")) == ["e4!"]
    assert "No such event" in look(feed.mia, id="nope").content.decode()


def test_events_taken_out_are_marked(feed):
    take(feed, request(1, time="2025-03-05T10:15:00Z"), at=NOW + timedelta(minutes=1))
    sweep(at=NOW + timedelta(minutes=2))
    assert "Taken out" in look(feed.mia).content.decode()


@pytest.mark.parametrize("query", [{"below": "x"}, {"below": "0.0"}, {"below": "1"}, {"below": "9" * 30 + ".1"}])
def test_a_place_that_is_none_is_not_found(feed, query):
    assert look(feed.mia, **query).status_code == 404


def test_nonsense_that_was_seen_is_not_seen(feed):
    for seen in ("x", "1.2", "-1.2.3", "²."):
        assert look(feed.mia, polls=True, seen=seen).status_code == 200


def test_sales_see_their_customers_events_and_no_quarantine(feed):
    answer = look(feed.sal)
    assert ids(answer) == ["e2", "e1"]
    assert "Globex" not in answer.content.decode()
    assert ids(look(feed.sal, show="aside")) == ["e2", "e1"]
    assert ids(look(feed.sal, id="e4")) == []
    assert ids(look(feed.sal, account="globex")) == []
    assert look(feed.noel).status_code == 403


def test_other_environments_have_none_of_it(feed):
    client = make.signed_in(feed.mia)
    client.post(reverse("console:environment"), {"environment": "sandbox"})
    answer = client.get(reverse("console:events"))
    assert ids(answer) == [] and "No event yet" in answer.content.decode()


def test_the_feed_asks_a_bounded_number_of_queries(feed, django_assert_max_num_queries):
    client = make.signed_in(feed.mia)
    seen = str(client.get(reverse("console:events")).context["seen"])
    with django_assert_max_num_queries(16):
        assert client.get(reverse("console:events"), {"seen": seen}, headers=ROWS).status_code == 204
    take(feed, *(request(n + 100) for n in range(80)), at=NOW + timedelta(minutes=1))
    with django_assert_max_num_queries(16):
        answer = client.get(reverse("console:events"), {"seen": seen}, headers=ROWS)
    assert len(answer.context["rows"]) == 50
    assert answer.headers["HX-Trigger"] == '{"arrived": {"count": 50, "more": true}}'
    assert parse_qs(answer.context["earlier"])["below"]
    with django_assert_max_num_queries(22):
        client.get(reverse("console:events"), {"account": "globex", "type": "nope"})
