"""Another time, a veto and a way back, over the API and in the console; prices in force from yesterday or tomorrow."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.actions import rate_cards
from catalog.models import RateCard, RateCardVersion
from monetization.foundation.actions import approvals
from monetization.foundation.models import ChangeRequest
from tests import bundled, deals
from tests.make import Api, World, signed_in, token

DAY = timedelta(days=1)


@pytest.fixture
def card(world: World) -> RateCard:
    """A card whose first prices are in force."""
    deals.metric(world)
    deals.product(world)
    return deals.approved(world, deals.version(world, deals.card(world))).rate_card


@pytest.fixture
def planned(world: World, card: RateCard) -> ChangeRequest:
    """Output of gpt-4o costs 9 from tomorrow, approved yesterday."""
    now = timezone.now()
    prices = bundled.next_version(world, card, effective_at=now + DAY)
    request = rate_cards.submit(version=prices, title="Cheaper", reason="Rivals", by=world.mia, at=now - DAY)
    return deals.approve(request, world.chen, at=now - DAY)


@pytest.fixture
def live(world: World, card: RateCard) -> ChangeRequest:
    """Output of gpt-4o costs 8 since yesterday."""
    past = timezone.now() - DAY
    prices = bundled.next_version(world, card, "8", effective_at=past)
    request = rate_cards.submit(version=prices, title="In force", reason="Rivals", by=world.mia, at=past - DAY)
    request = deals.approve(request, world.chen, at=past - DAY)
    approvals.go_live_when_due(at=past)
    request.refresh_from_db()
    assert request.status == "LIVE"
    return request


def test_a_schedule_is_moved_and_vetoed_over_the_api(world: World, planned) -> None:
    mia, chen = (Api(token(user, world.live, name=user.name)) for user in (world.mia, world.chen))
    path = f"/change-requests/{planned.pk}"
    refused = mia.post(f"{path}/reschedule", {})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "effective_at")
    body = {"effective_date": (timezone.now() + 9 * DAY).date().isoformat(), "reason": "Wait"}
    moved = mia.post(f"{path}/reschedule", body).json()
    assert moved["status"] == "SUBMITTED"
    said = {"verdict": "APPROVE", "seen": moved["content_digest"]}
    assert chen.post(f"{path}/decide", said).json()["status"] == "SCHEDULED"
    veto = said | {"verdict": "VETO", "reason": "Not this year"}
    assert mia.post(f"{path}/decide", veto).status_code == 403
    assert chen.post(f"{path}/decide", veto).json()["status"] == "REJECTED"


def test_the_buttons_of_a_schedule_are_for_its_makers_and_the_head(world: World, planned) -> None:
    at = f"/console/requests/{planned.pk}/"
    mia, chen, finn = (signed_in(user).get(at).content.decode() for user in (world.mia, world.chen, world.finn))
    assert "Another time…" in mia and "Withdraw…" in mia and "Veto…" not in mia
    assert "Veto…" in chen and "Another time…" not in finn and "Withdraw…" not in finn
    when = (timezone.now() + 9 * DAY).strftime("%Y-%m-%dT%H:%M")
    signed_in(world.mia).post(f"{at}reschedule/", {"effective_at": when, "reason": "Wait"})
    planned.refresh_from_db()
    assert planned.status == "SUBMITTED"


def test_two_clicks_roll_a_card_back(world: World, live) -> None:
    mia = signed_in(world.mia)
    first = RateCardVersion.objects.get(number=1)
    page = mia.get(f"/console/rate-cards/versions/{first.pk}/").content.decode()
    assert f"/console/rate-cards/versions/{first.pk}/roll-back/" in page
    confirm = mia.get(f"/console/rate-cards/versions/{first.pk}/roll-back/")
    text = confirm.content.decode()
    assert confirm.status_code == 200 and "8.00" in text and "10.00" in text and "Issued at these prices" in text
    assert signed_in(world.finn).get(f"/console/rate-cards/versions/{first.pk}/roll-back/").status_code == 403
    answer = mia.post(f"/console/rate-cards/versions/{first.pk}/roll-back/", {"reason": ""})
    assert answer.status_code == 422
    answer = mia.post(f"/console/rate-cards/versions/{first.pk}/roll-back/", {"reason": "Customers left"})
    request = ChangeRequest.objects.latest("pk")
    assert answer["Location"] == f"/console/requests/{request.pk}/"
    assert (request.kind, request.rolls_back, request.status) == ("rollback", live, "SUBMITTED")
    assert "Takes back" in mia.get(answer["Location"]).content.decode()


def test_a_rollback_over_the_api(world: World, live) -> None:
    mia = Api(token(world.mia, world.live))
    assert mia.post("/rate-cards/list/versions/1/roll-back", {}).status_code == 422
    made = mia.post("/rate-cards/list/versions/1/roll-back", {"reason": "Customers left"})
    assert (made.status_code, made.json()["status"]) == (201, "SUBMITTED")
    assert mia.post("/rate-cards/list/versions/2/roll-back", {"reason": "Again"}).status_code == 409
