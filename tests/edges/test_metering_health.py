"""How ingestion does: the page and the API say the same exact figures, for whoever sees every customer."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from metering.models import Inbox, IngestMinute, Quarantined
from metering.tasks import forget_minutes
from monetization.celery import app
from tests import make

NOW = datetime(2026, 4, 20, 12, 30, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now():
    with time_machine.travel(NOW, tick=False):
        yield NOW


def minute(environment, ago: int, shard: int = 0, **counts: int) -> None:
    at = NOW.replace(second=0) - ago * MINUTE
    IngestMinute.objects.create(environment=environment, minute=at, shard=shard, batches=1, **counts)


def waiting(environment, ago: timedelta, size: int = 500, **more) -> None:
    Inbox.objects.create(
        environment=environment, received_at=NOW - ago, media_type="application/json", body=b"[]", size=size, **more
    )


@pytest.fixture
def measured(world: make.World, now):
    minute(world.live, 0, accepted=7, lag_ms_sum=700, lag_ms_max=200)
    minute(world.live, 1, accepted=600, duplicates=30, lag_ms_sum=180_000, lag_ms_max=9000)
    minute(world.live, 1, shard=5, accepted=150, late=60, lag_ms_sum=45_000, lag_ms_max=7_200_000)
    minute(world.live, 40, accepted=3, rejected=2, conflicts=1, lag_ms_sum=3_000_000, lag_ms_max=1_000_000)
    minute(world.live, 60 * 5, quarantined=4)
    minute(world.sandbox, 1, accepted=99_999)
    waiting(world.live, timedelta(seconds=90))
    waiting(world.live, timedelta(minutes=9), size=1500)
    waiting(world.live, timedelta(seconds=80), status="FOLDED", folded_at=NOW - timedelta(seconds=60))
    waiting(world.sandbox, timedelta(hours=3))
    for n, reason in enumerate(("UNKNOWN_TYPE", "UNKNOWN_ACCOUNT", "UNKNOWN_ACCOUNT")):
        Quarantined.objects.create(
            environment=world.live, reason=reason, detail="x", source="api", event_id=f"q{n}", body={},
            digest=b"x" * 32, received_at=NOW,
        )  # fmt: skip
    return world


def page(who, **query):
    return make.signed_in(who).get(reverse("console:ingestion"), query)


def test_the_api_says_the_exact_figures(measured):
    answer = make.Api(make.token(measured.eli, measured.live, "usage:read")).get("/ingestion/health").json()
    series = answer.pop("series")
    assert answer == {
        "at": "2026-04-20T12:30:20Z",
        "findings": [
            {
                "code": "backlog_grows",
                "severity": "WARN",
                "detail": "The backlog grows: 2 bodies wait to be counted, the oldest for 9 min",
            },
            {
                "code": "late",
                "severity": "WARN",
                "detail": "Events are late: 60 of 757 in the last 15 minutes came more than an hour after their time",
            },
        ],
        "events_per_second": "12.5",
        "typical_lag_ms": 300,
        "last_accepted_at": "2026-04-20T12:30:00Z",
        "last_hour": {
            "starts_at": "2026-04-20T11:31:00Z", "batches": 4, "accepted": 760, "duplicates": 30, "conflicts": 1,
            "quarantined": 0, "rejected": 2, "late": 60, "average_lag_ms": 3_225_700 // 760,
            "longest_lag_ms": 7_200_000,
        },
        "backlog": {
            "bodies": 2, "bytes": 2000, "oldest_received_at": "2026-04-20T12:21:20Z", "oldest_seconds": 540,
        },
        "quarantine": [{"reason": "UNKNOWN_ACCOUNT", "events": 2}, {"reason": "UNKNOWN_TYPE", "events": 1}],
    }  # fmt: skip
    assert len(series) == 60
    assert (series[-2]["starts_at"], series[-2]["accepted"]) == ("2026-04-20T12:29:00Z", 750)
    assert (series[0]["accepted"], series[0]["average_lag_ms"], series[0]["longest_lag_ms"]) == (0, None, None)


def test_a_day_by_hours(measured):
    api = make.Api(make.token(measured.eli, measured.live, "usage:read"))
    series = api.get("/ingestion/health", span="day").json()["series"]
    found = {each["starts_at"][11:16]: (each["accepted"], each["quarantined"]) for each in series if each["batches"]}
    assert found == {"07:00": (0, 4), "11:00": (3, 0), "12:00": (757, 0)}
    refused = api.get("/ingestion/health", span="year")
    assert refused.status_code == 422
    assert (refused.json()["errors"][0]["field"], refused.json()["errors"][0]["fix"]) == ("span", "Use: hour, day")


def test_the_page_says_the_same_in_words(measured):
    text = page(measured.mia).content.decode()
    for words in ("The backlog grows: 2 bodies wait", "12.5", "300 ms", "760", "2 kB, the oldest for 9 min",
                  "Unknown account", "No metric reads this type", "Duplicates: 30"):  # fmt: skip
        assert words in text, words
    day = page(measured.mia, span="day").content.decode()
    assert "last 24 hours by hour" in day and "last hour by minute" in page(measured.mia, span="x").content.decode()


def test_a_page_that_keeps_up_gets_the_figures_alone(measured):
    answer = make.signed_in(measured.mia).get(
        reverse("console:ingestion"), headers={"hx-request": "true", "hx-target": "figures"}
    )
    assert answer.content.decode().lstrip().startswith('<div class="stack" id="figures">')


def test_before_the_first_event_the_page_says_what_to_do(world, now):
    text = page(world.mia).content.decode()
    assert "Nothing was received yet" in text and reverse("console:send_events") in text


def test_when_all_is_well_it_says_so(world, now):
    minute(world.live, 1, accepted=60, lag_ms_sum=60, lag_ms_max=2)
    text = page(world.mia).content.decode()
    assert "All is well" in text and "Everything that was sent is counted" in text


def test_silence_is_told_long_after_the_last_event(world, now):
    minute(world.live, 60 * 30, accepted=1)
    assert "Nothing was accepted for 30 h" in page(world.mia).content.decode()


def test_only_who_sees_every_customer_sees_it(measured):
    assert [page(getattr(measured, who)).status_code for who in ("sal", "noel")] == [403, 403]
    assert page(measured.pat).status_code in (302, 404)
    assert make.signed_in(measured.mia).post(reverse("console:ingestion")).status_code == 405
    sales = make.signed_in(measured.sal).get(reverse("api_ingestion_health"))
    wrong = make.Api(make.token(measured.eli, measured.live, "invoices:read", name="w")).get("/ingestion/health")
    assert (sales.status_code, wrong.status_code) == (403, 403)
    assert make.Api("mk_live_1_2").get("/ingestion/health").status_code == 401
    other = make.Api(make.token(measured.eli, measured.sandbox, "usage:read", name="s")).get("/ingestion/health")
    assert other.json()["last_hour"]["accepted"] == 99_999


def test_it_asks_a_bounded_number_of_queries(measured, django_assert_max_num_queries):
    for n in range(2, 60):
        minute(measured.live, n, shard=9, accepted=n)
    client = make.signed_in(measured.mia)
    with django_assert_max_num_queries(20):
        assert client.get(reverse("console:ingestion")).status_code == 200


def test_minutes_are_kept_for_forty_days(world):
    now = timezone.now()
    for days in (39, 41):
        IngestMinute.objects.create(environment=world.live, minute=now - timedelta(days=days), shard=0, accepted=days)
    forget_minutes()
    assert list(IngestMinute.objects.values_list("accepted", flat=True)) == [39]
    assert app.conf.beat_schedule["forget old minutes of ingestion"]["task"] == "metering.tasks.usage.forget_minutes"
