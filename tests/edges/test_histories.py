"""What happened to a thing, and what somebody paid on a day: told to whoever may see it, changed by nobody."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.actions import contracts, own_prices, rate_cards
from catalog.models import Contract, Product, RateCard
from catalog.queries.as_of import prices_then
from catalog.rules.tariffs import per_unit
from monetization.foundation.actions import customers
from monetization.foundation.models import AuditEntry
from monetization.foundation.rules.roles import Role
from monetization.foundation.rules.told import Moved, moved
from tests import deals
from tests.make import AT, Api, World, person, signed_in, token
from tests.priced import list_card, priced

pytestmark = pytest.mark.django_db
MARCH = datetime(2027, 3, 1, tzinfo=UTC)


@pytest.fixture
def sold(world: World) -> Contract:
    """Sell to acme from 1 September 2026; gpt-4o's input costs 2.50 until 1 March 2027, then 3."""
    world_priced = priced(world)
    rows = deals.prices((("gpt-4o", "input", "3"), *deals.PRICES[1:]), ("EUR", "JPY"))
    deals.approved(world, deals.version(world, world_priced.card, rows=rows, effective_date=date(2027, 3, 1)))
    return world_priced.acme


def test_what_was_paid_on_a_day_and_who_decided(world: World, sold: Contract) -> None:
    berlin = MARCH - timedelta(hours=1)  # midnight of the account's zone
    for at, words, place in (
        (berlin - timedelta(seconds=1), "2.50 per 1M tokens", "list v1"),
        (berlin, "3.00 per 1M tokens", "list v2"),
    ):
        then = prices_then(world.acme, at, text="gpt-4o input")
        (one,) = then.prices
        assert (then.contract, then.count) == (sold, 1)
        assert (one.price.effective_words, one.place, one.owner) == (words, place, "Mia")
        (decided,) = one.decided
        assert decided.asked_by == "Mia"
        assert [(str(said.by), said.role, said.verdict) for said in decided.decisions] == [("Chen", "HEAD", "APPROVE")]
    assert prices_then(world.acme, datetime(2026, 8, 1, tzinfo=UTC)).contract is None


def test_own_prices_are_decided_with_the_contract(world: World) -> None:
    card = list_card(world)
    draft = deals.draft_contract(world, world.acme, card, start_date=date(2026, 9, 1), anchor="first")
    own_prices.add_override(
        contract=draft, key="deal", name="Deal", product=Product.objects.get(environment=world.live, key="inference"),
        match={"model": "gpt-4o", "token_type": "input"}, tariff=per_unit(Decimal(2)), by=world.chen, at=AT,
    )  # fmt: skip
    own_prices.add_multiplier(contract=draft, key="less", name="Less", factor=Decimal("0.9"), by=world.chen, at=AT)
    request = contracts.submit(contract=draft, reason="Signed", by=world.chen, at=AT)
    for decider in (world.rosa, person("hal", (Role.HEAD,)), world.finn):
        request.refresh_from_db()
        if request.status == "SUBMITTED":
            deals.approve(request, decider, at=AT)
    request.refresh_from_db()
    assert request.status == "LIVE"
    then = prices_then(world.acme, datetime(2026, 10, 1, tzinfo=UTC))
    found = {one.price.override_words: one for one in then.prices}
    own, less = found["deal"], found["× 0.9 less"]
    assert (own.place, [one.request for one in own.decided]) == (draft.key, [request])
    assert less.place == "list v1"
    assert less.decided[-1].request == request
    assert len(less.decided) == 2


def test_the_api_tells_prices_as_of(world: World, sold: Contract) -> None:
    api = Api(token(world.rosa, world.live, "catalog:read"))
    body = api.get("/accounts/acme/prices-as-of", at="2027-03-01", q="gpt-4o input").json()
    assert (body["contract"], body["currency"], body["count"]) == (sold.key, "EUR", 1)
    assert body["prices"][0]["effective"] == "3.00 per 1M tokens"
    assert body["prices"][0]["decided"][0]["decisions"][0]["by"] == "Chen"
    before = api.get("/accounts/acme/prices-as-of", at="2027-02-28T22:59:59Z", q="gpt-4o input").json()
    assert before["prices"][0]["effective"] == "2.50 per 1M tokens"
    for wrong in ("yesterday", "2027-13-01", "2027-03-01T00:00:00"):
        refused = api.get("/accounts/acme/prices-as-of", at=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "at")
    mine = Api(token(world.sal, world.live, "catalog:read"))
    assert mine.get("/accounts/globex/prices-as-of").status_code == 404
    assert mine.get("/accounts/acme/prices-as-of").status_code == 200


def test_the_page_of_a_day(world: World, sold: Contract) -> None:
    client = signed_in(world.sal)
    shown = client.get(f"/console/accounts/{world.acme.pk}/prices/?on=2027-02-28&q=gpt-4o").content.decode()
    assert "2.50 per 1M tokens" in shown
    assert "3.00 per 1M tokens" not in shown
    assert "Chen" in shown
    empty = client.get(f"/console/accounts/{world.acme.pk}/prices/?on=2020-01-01").content.decode()
    assert "No contract served" in empty
    assert "is not a day" in client.get(f"/console/accounts/{world.acme.pk}/prices/?on=soon").content.decode()
    assert client.get(f"/console/accounts/{world.globex.pk}/prices/").status_code == 404


def test_a_history_tells_who_what_when_why_and_in_which_request(world: World, sold: Contract) -> None:
    card = RateCard.objects.get(key="list")
    page = signed_in(world.audra).get(f"/console/history/rate-card/{card.pk}/")
    shown = page.content.decode()
    assert page.status_code == 200
    for words in (
        "Mia",
        "Chen",
        "approved as Head of monetization",
        "Agreed",
        "effective date",
        "2027-03-01",
        "List prices v2",
    ):
        assert words in shown
    assert "<form" not in shown.partition("<main")[2].partition("</main>")[0]  # nothing to bring back


def test_a_history_says_what_a_field_was(world: World) -> None:
    customers.change_account(account=world.acme, changes={"name": "Acme AG"}, by=world.rosa, at=AT, reason="Renamed")
    found = (
        Api(token(world.rosa, world.live, "catalog:read")).get(f"/history/account/{world.acme.pk}").json()["results"]
    )
    assert found[0]["actor"] == "rosa@example.com"
    assert found[0]["reason"] == "Renamed"
    assert {"field": "name", "before": "Acme Robotics GmbH", "after": "Acme AG"} in found[0]["changes"]


def test_past_states_say_what_an_entry_doesnt(world: World) -> None:
    card = list_card(world)
    version = deals.version(world, card, effective_date=date(2027, 1, 1))
    later = AT + timedelta(days=1)
    rate_cards.note(version=version, notes="Costs rose", by=world.mia, at=later)
    AuditEntry.objects.create(
        environment=world.live, at=later, actor=world.mia, action="rate_card_version.noted",
        subject=f"catalog.rate_card_version:{version.pk}",
    )  # fmt: skip
    found = Api(token(world.mia, world.live, "catalog:read")).get(f"/history/rate-card-version/{version.pk}").json()
    assert {"field": "notes", "before": "–", "after": "Costs rose"} in found["results"][0]["changes"]


def test_a_history_is_told_only_to_whoever_sees_the_thing(world: World, sold: Contract) -> None:
    client, api = signed_in(world.sal), Api(token(world.sal, world.live, "catalog:read"))
    theirs = Contract.objects.get(account=world.globex)
    for kind, pk, status in (
        ("account", world.acme.pk, 200), ("account", world.globex.pk, 404), ("contract", theirs.pk, 404),
        ("customer", world.customers["globex"].pk, 404), ("nothing", 1, 404), ("account", 10**9, 404),
        ("account", world.acme_sandbox.pk, 404),
    ):  # fmt: skip
        assert client.get(f"/console/history/{kind}/{pk}/").status_code == status
        assert api.get(f"/history/{kind}/{pk}").status_code == status
    assert client.post(f"/console/history/account/{world.acme.pk}/").status_code == 405
    assert signed_in(world.noel).get(f"/console/history/account/{world.acme.pk}/").status_code == 403


def test_pages_ask_the_database_a_bounded_number_of_times(world: World, sold: Contract) -> None:
    card = RateCard.objects.get(key="list")
    for number in range(60):
        rate_cards.draft(rate_card=card, by=world.mia, at=AT + timedelta(minutes=number))
    client = signed_in(world.audra)
    client.get(f"/console/history/rate-card/{card.pk}/")
    for address, most in (
        (f"/console/history/rate-card/{card.pk}/", 25),
        (f"/console/accounts/{world.acme.pk}/prices/?on=2027-03-02", 40),
    ):  # fmt: skip
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        assert len(asked) <= most, [each["sql"][:120] for each in asked]
    assert b"Older" in client.get(f"/console/history/rate-card/{card.pk}/").content


def test_fields_that_differ_are_named_by_their_path() -> None:
    before = {"name": "A", "tags": [], "inner": {"x": 1, "y": None}, "digest": "1"}
    after = {"name": "A", "tags": ["new"], "inner": {"x": 2}, "digest": "2", "is_on": True}
    assert moved(before, after) == [
        Moved("tags", "–", "new"), Moved("inner › x", "1", "2"), Moved("is on", "–", "yes"),
    ]  # fmt: skip
    assert moved(None, None) == []
    assert moved(None, {"items": [{"subject": "x:1", "facts": {}}]}) == [Moved("items", "–", "x:1")]
