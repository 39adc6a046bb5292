"""Requests that hold several drafts, over the API and in the console."""

import pytest

from catalog.models import RateCardVersion
from monetization.foundation.models import ChangeRequest, User
from tests import bundled, deals
from tests.make import AT, Api, World, signed_in, token


@pytest.fixture
def card(world: World) -> RateCardVersion:
    deals.metric(world)
    deals.product(world)
    return deals.approved(world, deals.version(world, deals.card(world)))


def api(world: World, user: User) -> Api:
    return Api(token(user, world.live, name=user.name))


def test_a_request_is_opened_filled_submitted_and_decided_over_the_api(world: World, card) -> None:
    mia, chen = api(world, world.mia), api(world, world.chen)
    body = {"title": "Cheaper", "reason": "Rivals", "notes": "Twelve talks", "links": ["https://example.com/a"]}
    made = mia.post("/change-requests", body | {"owner": "eli@example.com"})
    assert made.status_code == 201, made.json()
    number = made.json()["id"]
    assert made.json()["items"] == [] and made.json()["owner"] == "eli@example.com"
    assert mia.patch(f"/change-requests/{number}", {"title": "Much cheaper"}).json()["title"] == "Much cheaper"
    assert mia.patch(f"/change-requests/{number}", {}).json()["notes"] == "Twelve talks"
    prices, meaning = (
        bundled.next_version(world, card.rate_card, effective_at="2099-01-01T00:00Z"),
        bundled.new_metric(world),
    )
    for subject in (f"catalog.rate_card_version:{prices.pk}", f"catalog.metric_version:{meaning.pk}"):
        added = mia.post(f"/change-requests/{number}/items", {"subject": subject})
        assert added.status_code == 201, added.json()
    item = added.json()
    assert item["kind"] == "metric" and item["digest"] is None
    assert mia.client.delete(f"/api/v1/change-requests/{number}/items/{item['id']}").status_code == 204
    again = mia.post(f"/change-requests/{number}/items", {"subject": f"catalog.metric_version:{meaning.pk}"})
    assert again.status_code == 201
    asked = mia.post(f"/change-requests/{number}/submit", {}).json()
    assert (asked["status"], asked["kind"], len(asked["items"])) == ("SUBMITTED", "several", 2)
    said = {"verdict": "APPROVE", "seen": asked["content_digest"]}
    assert mia.post(f"/change-requests/{number}/decide", said).status_code == 403
    assert chen.post(f"/change-requests/{number}/decide", said).json()["status"] == "LIVE"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": "x" * 161}, "title"),
        ({"title": "X", "links": ["ftp://example.com"]}, "links[0]"),
        ({"title": "X", "links": ["nonsense"]}, "links[0]"),
        ({"title": "X", "owner": "pat@example.com"}, "owner"),
        ({"title": "X", "effective_at": "soon"}, "effective_at"),
        ({"title": "X", "typo": 1}, "typo"),
    ],
)
def test_a_bad_body_is_refused_by_its_field(world: World, body, field: str) -> None:
    answer = api(world, world.mia).post("/change-requests", body)
    assert answer.status_code == 422, answer.json()
    assert answer.json()["errors"][0]["field"] == field
    assert not ChangeRequest.objects.exists()


def test_who_drafts_nothing_opens_nothing_and_others_rows_are_not_found(world: World, card) -> None:
    assert api(world, world.finn).post("/change-requests", {"title": "Mine"}).status_code == 403
    request = bundled.opened(world)
    body = {"subject": "catalog.contract:999999"}
    assert api(world, world.mia).post(f"/change-requests/{request.pk}/items", body).status_code == 404
    sandbox = Api(token(world.mia, world.sandbox, name="elsewhere"))
    assert sandbox.post(f"/change-requests/{request.pk}/submit", {}).status_code == 404


def test_the_page_shows_old_and_new_price_side_by_side(world: World, card, django_assert_max_num_queries) -> None:
    prices, meaning = bundled.next_version(world, card.rate_card), bundled.new_metric(world)
    request = bundled.opened(world, prices, meaning, reason="Rivals are cheaper", notes="Twelve talks")
    client = signed_in(world.mia)
    with django_assert_max_num_queries(90):
        page = client.get(f"/console/requests/{request.pk}/").content.decode()
    assert "Rivals are cheaper" in page and "Twelve talks" in page
    row = page[page.index('<tr class="changed"') :].split("</tr>")[0]
    assert "gpt-4o" in row and "10.00" in row and "9.00" in row and "10" in row
    assert "What it counts" in page and "Submit for approval" in page and "Take List prices v2 out" in page
    assert "Submit for approval" not in signed_in(world.finn).get(f"/console/requests/{request.pk}/").content.decode()


def test_drafts_are_put_in_and_taken_out_on_the_page(world: World, card) -> None:
    mia, prices = signed_in(world.mia), bundled.next_version(world, card.rate_card)
    subject = f"catalog.rate_card_version:{prices.pk}"
    assert "Put into a request" in mia.get(f"/console/rate-cards/versions/{prices.pk}/").content.decode()
    form = {"title": "Cheaper", "subject": subject, "links": "https://example.com/a\nhttps://example.com/b"}
    answer = mia.post("/console/requests/new/", form)
    request = ChangeRequest.objects.latest("pk")
    assert answer["Location"] == f"/console/requests/{request.pk}/"
    item = request.items.get()
    assert (item.subject, len(request.links)) == (subject, 2)
    mia.post(f"/console/requests/{request.pk}/items/{item.pk}/remove/")
    assert subject in mia.get(f"/console/requests/{request.pk}/").content.decode()
    mia.post(f"/console/requests/{request.pk}/items/", {"subject": subject})
    mia.post(f"/console/requests/{request.pk}/edit/", {"title": "Cheaper still"})
    mia.post(f"/console/requests/{request.pk}/submit/")
    request.refresh_from_db()
    assert request.status == "DRAFT"  # its time has passed
    assert "lies before its approval" in mia.get(f"/console/requests/{request.pk}/").content.decode()
    assert AT.year == 2026


def test_a_form_that_is_wrong_keeps_what_was_typed(world: World) -> None:
    answer = signed_in(world.mia).post("/console/requests/new/", {"title": "", "notes": "Kept", "links": "nonsense"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "Kept" in page and "A request needs a title" in page
    assert "“nonsense” is not a link" in page
