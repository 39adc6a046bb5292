"""The usage explorer: comparison, filters, several dimensions, hours, kinds that don't add up, files of the same."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Metric
from catalog.rules.drafts import MetricDraft
from catalog.rules.terms import Aggregation, Dimension, Measure
from metering.actions.ingest import ingest
from monetization.foundation.models import Account
from tests import make, metered
from tests.metered import NOW, request

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
PEAK = replace(
    metered.REQUESTS, aggregation=Aggregation.MAX, unit="tokens", measures=(Measure("input_tokens"),),
    dimensions=(Dimension("model", "model"),),
)  # fmt: skip
USERS = replace(PEAK, aggregation=Aggregation.UNIQUE, unit="users", measures=(Measure("user"),))


@pytest.fixture
def filled(world: make.World) -> make.World:
    metered.metric(world, "tokens", metered.LLM)
    metered.metric(world, "peak", PEAK)
    metered.metric(world, "users", USERS)
    events = [
        request(1, time="2026-02-10T10:00:00Z", data=data(2_000_000)),
        request(2, time="2026-03-10T10:15:00Z", data=data(3_000_000, user="bo")),
        request(3, time="2026-03-10T11:15:00Z", data=data(1_000_000)),
        request(4, time="2026-03-11T11:15:00Z", data=data(1_000_000, model="=1+1")),
        request(5, time="2026-03-12T11:15:00Z", subject="globex", data=data(500_000, model="o3")),
    ]
    receipt = ingest(environment=world.live, events=events, by=None, at=NOW)
    assert receipt.accepted == 5
    return world


def data(tokens: int, *, model: str = "gpt-4o", user: str = "ann") -> dict[str, object]:
    return {"model": model, "input_tokens": tokens, "output_tokens": 0, "user": user}


def shown(world: make.World, who: str = "mia", **query: object) -> str:
    answer = make.signed_in(getattr(world, who)).get(reverse("console:usage"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def file(world: make.World, who: str = "mia", **query: object) -> str:
    answer = make.signed_in(getattr(world, who)).get(reverse("console:usage_file"), query)
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content).decode()


def rows_of(world: make.World, **query: object) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file(world, format="csv", **query))))


def table_of(text: str, name: str) -> list[list[str]]:
    """Read a table of the page: its body's cells as they are shown, figures without their grouping."""
    found = re.search(rf'<table class="t" id="{name}">.*?<tbody>(.*?)</tbody>', text, re.S)
    assert found
    cells = (
        re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", found[1], re.S)
    )
    return [[re.sub(r"<[^>]*>", "", cell).replace(",", "").replace("−", "-") for cell in row] for row in cells]


def test_a_period_is_compared_with_another_total_by_day_and_by_value(filled: make.World) -> None:
    query = {"metric": "tokens", "by": "model", "against": "month", **MARCH}
    text = shown(filled, **query)
    assert "1–28 Feb 2026" in text and "+175 %" in text and "compare-line" in text
    assert rows_of(filled, table="groups", **query) == [
        ["model", "1M tokens", "Compared", "Change in percent"],
        ["gpt-4o", "4", "2", "100"], ["'=1+1", "1", "0", ""], ["o3", "0.5", "0", ""],
    ]  # fmt: skip
    before = rows_of(filled, table="time", **query | {"against": "2026-02-09"})
    assert [row[:3] for row in before] == [
        ["day", "Total", "Compared"], ["2026-03-02", "0", "2"], ["2026-03-10", "4", "0"], ["2026-03-11", "1", "0"],
        ["2026-03-12", "0.5", "0"], ["2026-03-30", "0", "4"], ["2026-03-31", "0", "1"],
    ]  # fmt: skip


def test_values_are_chosen_and_several_dimensions_told_apart(filled: make.World) -> None:
    query = {"metric": "tokens", "by": ["model", "token_type"], "is.model": ["gpt-4o", "o3"], **MARCH}
    assert rows_of(filled, table="groups", **query) == [
        ["model", "token_type", "1M tokens"],
        ["gpt-4o", "input", "4"], ["o3", "input", "0.5"], ["gpt-4o", "output", "0"], ["o3", "output", "0"],
    ]  # fmt: skip
    text = shown(filled, **query)
    assert 'value="gpt-4o" checked' in text and 'value="=1+1">' in text and "All values" in text


def test_short_periods_are_shown_by_hour(filled: make.World) -> None:
    query = {"metric": "tokens", "account": filled.acme.pk, "from": "2026-03-10", "to": "2026-03-10"}
    assert rows_of(filled, **query) == [
        ["hour", "Total"], ["2026-03-10T10:00:00Z", "3"], ["2026-03-10T11:00:00Z", "1"],
    ]  # fmt: skip
    assert "10 Mar 2026 11:00" in shown(filled, **query)  # in Berlin
    assert rows_of(filled, **query | {"grain": "day"})[1] == ["2026-03-10", "4"]
    kolkata = rows_of(filled, **query | {"account": ""})
    assert [row[1] for row in kolkata[1:]] == ["3", "1"]


def test_what_does_not_add_up_is_measured_over_the_whole(filled: make.World) -> None:
    query = {"metric": "users", "account": filled.acme.pk, **MARCH}
    text = shown(filled, **query)
    assert 'id="groups"' not in text  # nothing is told apart
    assert "doesn't add up" in " ".join(text.split())
    assert [row[1] for row in rows_of(filled, **query)[1:]] == ["2", "1"]
    assert json.loads(file(filled, format="json", **query))["total"] == ["2"]
    peak = {"metric": "peak", "by": "model", **MARCH}
    assert json.loads(file(filled, format="json", **peak))["total"][0] == "3500000"  # acme's and globex's, added
    assert rows_of(filled, table="accounts", **peak) == [
        ["account", "tokens"], ["acme", "3000000"], ["globex", "500000"],
    ]  # fmt: skip


@pytest.mark.parametrize("table", ["time", "groups", "accounts"])
@pytest.mark.parametrize("metric", ["tokens", "peak", "users"])
def test_a_file_says_what_the_page_shows(filled: make.World, table: str, metric: str) -> None:
    query: dict[str, object] = {"metric": metric, "by": "model", "against": "before", **MARCH}
    on_page = table_of(shown(filled, **query), table)
    head, *lines = rows_of(filled, table=table, **query)
    assert len(lines) == len(on_page) > 0
    for line, row in zip(lines, on_page, strict=True):
        figures = row[1:]
        for written, seen in zip(line[1:], figures, strict=True):
            number = re.sub(r"[^\d.-]", "", seen)
            assert (Decimal(written) if written else None) == (Decimal(number) if number not in ("", "–") else None)
    body = json.loads(file(filled, table=table, format="json", **query))
    assert [list(row["quantities"].values()) for row in body["rows"]] == [
        [cell or None for cell in line[1:]] for line in lines
    ]
    assert list(body["rows"][0]["quantities"]) == [cell.removeprefix("'") for cell in head[1:]]


def test_cells_are_no_formulas(filled: make.World) -> None:
    text = file(filled, table="time", format="csv", metric="tokens", by="model", **MARCH)
    assert text.splitlines()[0] == "day,Total,gpt-4o,'=1+1,o3"


def test_files_are_for_those_who_see_the_page(filled: make.World) -> None:
    address = reverse("console:usage_file")
    assert make.signed_in(filled.noel).get(address).status_code == 403
    assert make.signed_in(filled.mia).post(address).status_code == 405
    for wrong in ({"format": "xls"}, {"table": "no"}, {"account": "0"}):
        assert make.signed_in(filled.mia).get(address, wrong).status_code == 404
    sal = make.signed_in(filled.sal)
    assert sal.get(address, {"account": filled.globex.pk}).status_code == 404
    seen = b"".join(sal.get(address, {"table": "accounts", "metric": "tokens", **MARCH}).streaming_content).decode()
    assert "acme" in seen and "globex" not in seen


def test_queries_stay_few(filled: make.World, django_assert_max_num_queries) -> None:
    events = metered.requests(200, seed=7)
    for event in events:
        event["data"]["user"] = f"u{event['id']}"
    ingest(environment=filled.live, events=events, by=None, at=NOW)
    client = make.signed_in(filled.mia)
    client.get(reverse("console:usage"))
    assert Account.objects.count() > 2
    for metric in ("tokens", "peak", "users"):
        query = {"metric": metric, "by": ["model"], "against": "month", "is.model": "o3", **MARCH}
        with django_assert_max_num_queries(40):
            assert client.get(reverse("console:usage"), query).status_code == 200


def test_pages_of_metrics_show_their_use(world: make.World) -> None:
    quiet = metered.metric(world, "quiet", metered.REQUESTS)
    busy = metered.metric(world, "busy", MetricDraft(
        event_type="job.done", aggregation=Aggregation.COUNT, unit="job", effective_at=make.AT
    ))  # fmt: skip
    now = timezone.now()
    event = {
        "id": "1",
        "type": "job.done",
        "subject": "acme",
        "time": (now - timedelta(hours=1)).isoformat(),
        "data": {},
    }
    ingest(environment=world.live, events=[event], by=None, at=now)
    pks = dict(Metric.objects.values_list("key", "pk"))
    client = make.signed_in(world.mia)
    one = client.get(reverse("console:metric_usage", args=[pks[busy.metric]])).content.decode()
    assert "in the hour from" in one and "1 readings" in one and "Usage by day" in one
    other = client.get(reverse("console:metric_usage", args=[pks[quiet.metric]])).content.decode()
    assert "Nothing counted yet" in other and "Send a first event" in other
    many = client.get(
        reverse("console:metrics_usage"),
        {"pk": [*pks.values(), "x", "0"]},
        headers={"HX-Request": "true", "HX-Target": "uses"},
    ).content.decode()
    assert many.count("hx-swap-oob") == 2 and many.count("<svg") == 1
    hidden = make.signed_in(world.sal).get(reverse("console:metric_usage", args=[pks[busy.metric]]))
    assert hidden.status_code == 200
    assert make.signed_in(world.noel).get(reverse("console:metric_usage", args=[pks[busy.metric]])).status_code == 403
