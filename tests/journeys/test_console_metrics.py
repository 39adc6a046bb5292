"""A metric in a real browser: mia drafts it while the playground counts, errs, mends and submits."""

import json
from datetime import UTC, datetime

import pytest
import time_machine
from playwright.sync_api import Page, expect

from catalog.models import MetricVersion
from metering.models import Event
from tests import deals, make, metered
from tests.journeys.test_console_prices import sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def seat(number: int, time: str, **data: object) -> dict[str, object]:
    return {"id": f"s{number}", "type": "seats.read", "subject": "acme", "time": time, "data": data}


EVENTS = [
    seat(1, "2026-11-01T00:00:00+01:00", seats=10),
    seat(2, "2026-11-16T00:00:00+01:00", seats=40),
    seat(3, "2026-11-17T00:00:00Z"),
]


def test_mia_drafts_a_metric_with_the_playground_and_submits_it(page: Page, world: make.World) -> None:
    with time_machine.travel(NOW):
        metered.metric(world, "seats", metered.REQUESTS)
        metric = deals.Metric.objects.get(key="seats")
        sign_in(page, "mia")
        page.goto(f"/console/metrics/{metric.pk}/draft/")
        said, played = page.locator("#said"), page.locator("#played")
        expect(said).to_contain_text("Counts llm.request events, by region.")
        page.get_by_label("Event type").fill("seats.read")
        page.get_by_label("Counts").select_option("LATEST")
        expect(said).to_contain_text("A latest value needs a field to read")
        expect(page.get_by_label("Begin with the value that earlier events left")).to_be_visible()
        expect(page.get_by_label("Less fields 1")).to_be_hidden()
        page.get_by_label("Counts").select_option("TIME_WEIGHTED")
        expect(page.get_by_label("Begin with the value that earlier events left")).to_be_hidden()
        page.get_by_label("Events carry readings of the level").check()
        page.get_by_label("Field 1", exact=True).fill("seats")
        page.get_by_label("Dimension 1", exact=True).fill("")
        page.get_by_label("Field of dimension 1").fill("")
        page.get_by_label("One priced unit is called").fill("seat-month")
        expect(said).to_contain_text(
            "Follows a level that seats of seats.read events reads, and averages it over time."
        )
        expect(said.get_by_role("row", name="Counts events level over time")).to_be_visible()
        page.get_by_label("Events", exact=True).fill("\n".join(json.dumps(event) for event in EVENTS))
        page.get_by_role("button", name="Try with these events").click()
        expect(played).to_contain_text("2 of 3 events count")
        expect(played).to_contain_text("Level over time: 25")
        expect(played).to_contain_text("seats is missing. Send data.seats.")
        assert Event.objects.count() == 0
        page.get_by_role("button", name="Draft this version").click()
        expect(page.get_by_label("From")).to_be_focused()  # the browser asks for what is required
        page.get_by_label("From").fill("2026-12-01T00:00")
        page.get_by_role("button", name="Draft this version").click()
        expect(page.get_by_role("heading", name="seats v2")).to_be_visible()
        expect(page.get_by_role("row", name="Event type llm.request seats.read")).to_be_visible()
        page.get_by_text("Submit for approval…").click()
        page.get_by_label("Why").fill("Seats are sold now.")
        page.get_by_role("button", name="Submit seats v2").click()
        expect(page.get_by_text("You made this, so somebody else decides.")).to_be_visible()
    version = MetricVersion.objects.get(metric=metric, number=2)
    assert (version.status, version.aggregation, version.of_level) == ("SUBMITTED", "TIME_WEIGHTED", True)
    assert (version.measures.get().field, version.dimensions.count()) == ("seats", 0)
