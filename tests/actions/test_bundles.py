"""Several drafts in one request: put in, taken out, frozen, decided and published together, or not at all."""

from datetime import UTC, date, datetime, timedelta

import pytest

from catalog.actions import bundles, changes, governed, metrics, plans, rate_cards
from catalog.models import MetricVersion, RateCardVersion
from catalog.rules.drafts import ChargeDraft
from monetization.foundation.actions import policies, requests
from monetization.foundation.models import AuditEntry, ChangeRequest
from monetization.foundation.queries import needs_of, request_digest, requests_for
from monetization.foundation.rules.approvals import Verdict
from monetization.foundation.rules.policies import Asked
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, DomainError, Invalid, NotAllowed, WrongState
from tests import bundled, deals, planned
from tests.governing import content
from tests.make import AT, World


@pytest.fixture
def base(world: World) -> World:
    deals.metric(world)
    deals.product(world)
    return world


def agree(request: ChangeRequest, *people) -> ChangeRequest:
    return deals.approve(request, *people, at=AT)


def launch(world: World) -> tuple[MetricVersion, RateCardVersion]:
    """A metric that nobody has approved, and a card that prices it."""
    meaning = bundled.new_metric(world)
    charge = ChargeDraft("inference", "images", tuple(deals.prices([("", "", "4")])))
    return meaning, deals.version(world, deals.card(world, "img"), charges=[charge])


def test_a_meaning_and_the_prices_that_rest_on_it_are_published_together(base: World) -> None:
    meaning, prices = launch(base)
    with pytest.raises(Invalid, match="Nobody has approved yet what Images counts"):
        rate_cards.submit(version=prices, title="", reason="Alone", by=base.mia, at=AT)
    request = bundled.submitted(base, prices, meaning, reason="Images sell")  # put in the wrong way round
    assert (request.status, request.kind, request.items.count()) == ("SUBMITTED", "several", 2)
    for row in (meaning, prices):
        row.refresh_from_db()
        assert (row.status, row.request_id) == ("SUBMITTED", request.pk)
    assert {item.kind: item.digest is not None for item in request.items.all()} == {"metric": True, "rate_card": True}
    request = agree(request, base.chen)
    assert request.status == "LIVE"
    assert {MetricVersion.objects.get(pk=meaning.pk).status, RateCardVersion.objects.get(pk=prices.pk).status} == {
        "APPROVED"
    }
    verbs = AuditEntry.objects.filter(subject=f"foundation.change_request:{request.pk}").order_by("pk")
    assert [one.action.rpartition(".")[2] for one in verbs] == [
        "opened", "added", "added", "edited", "submitted", "made", "approved", "went_live",
    ]  # fmt: skip


def test_a_plan_may_rest_on_prices_of_the_same_request(world: World) -> None:
    starter = planned.plan(world)
    card = deals.card(world, "new")
    prices = deals.version(world, card, rows=deals.prices(currencies=("EUR", "JPY")))
    draft = planned.draft(world, starter)
    plans.edit(version=draft, rate_card=card, by=world.mia, at=AT)
    with pytest.raises(Invalid, match="has no approved prices yet"):
        plans.submit(version=draft, reason="Alone", by=world.mia, at=AT)
    request = bundled.submitted(world, draft, prices)
    assert agree(request, world.chen).status == "LIVE"
    draft.refresh_from_db()
    assert draft.status == "APPROVED"


def test_what_policies_ask_is_the_union_over_all_items(base: World) -> None:
    card = deals.approved(base, deals.version(base, deals.card(base))).rate_card
    big = bundled.next_version(base, card, "20")  # +100 % needs finance too
    meaning = bundled.new_metric(base)
    request = bundled.submitted(base, meaning, big)
    assert {one.role for one in needs_of(request)} == {Role.HEAD, Role.FINANCE}
    request = agree(request, base.chen)
    assert request.status == "SUBMITTED"
    meaning.refresh_from_db()
    assert meaning.status == "SUBMITTED"  # half of it is never in force
    assert agree(request, base.finn).status == "LIVE"  # the meaning holds at once


def test_without_a_policy_about_one_item_nobody_can_approve_the_whole(base: World) -> None:
    policy = base.live.policy_set.get(kind="metric")
    policies.propose_end(policy=policy, reason="Not needed", by=base.chen, at=AT)
    agree(ChangeRequest.objects.latest("pk"), base.finn)
    meaning, prices = launch(base)
    with pytest.raises(WrongState, match=r"No policy says who approves this \(metric\)"):
        bundled.submitted(base, meaning, prices)
    meaning.refresh_from_db()
    assert meaning.status == "DRAFT"


def test_nothing_is_published_when_one_item_can_not_be(base: World) -> None:
    card = deals.approved(base, deals.version(base, deals.card(base))).rate_card
    meaning, prices = bundled.new_metric(base), bundled.next_version(base, card)
    request = bundled.submitted(base, meaning, prices)
    other = bundled.next_version(base, card, "8")
    deals.approved(base, other)
    with pytest.raises(Conflict, match="was approved since"):
        agree(request, base.chen)
    meaning.refresh_from_db()
    request.refresh_from_db()
    assert (meaning.status, request.status) == ("SUBMITTED", "SUBMITTED")


def test_a_no_and_a_return_move_every_item(base: World) -> None:
    rows = launch(base)
    request = bundled.submitted(base, *rows)
    request = changes.send_back(request=request, by=base.chen, at=AT, reason="Later")
    for row in rows:
        row.refresh_from_db()
        assert row.status == "DRAFT"
    request = bundles.submit(request=request, by=base.mia, at=AT)
    seen = request_digest(request)
    changes.decide(request=request, verdict=Verdict.VETO, seen=seen, by=base.chen, at=AT, reason="Never")
    for row in rows:
        row.refresh_from_db()
        assert row.status == "REJECTED"


def test_an_edit_after_an_approval_voids_it(base: World) -> None:
    card = deals.approved(base, deals.version(base, deals.card(base))).rate_card
    big = bundled.next_version(base, card, "20")
    request = agree(bundled.submitted(base, big, bundled.new_metric(base)), base.finn)
    seen = request_digest(request)
    request = changes.send_back(request=request, by=base.mia, at=AT)
    big.refresh_from_db()
    rate_cards.note(version=big, notes="A word more", by=base.mia, at=AT)
    request = bundles.submit(request=request, by=base.mia, at=AT)
    with pytest.raises(Conflict, match="changed since you looked"):
        changes.decide(request=request, verdict=Verdict.APPROVE, seen=seen, by=base.chen, at=AT)
    assert agree(request, base.chen).status == "SUBMITTED"  # finance is asked again


def test_nobody_who_wrote_an_item_decides_about_the_whole(base: World) -> None:
    meaning, prices = launch(base)
    metrics.edit_version(version=meaning, content=deals.tokens(AT + timedelta(hours=1)), by=base.chen, at=AT)
    with pytest.raises(DomainError):
        bundled.submitted(base, prices, meaning)  # the prices hold before the meaning
    meaning.refresh_from_db()
    metrics.edit_version(version=meaning, content=deals.tokens(), by=base.chen, at=AT)
    request = ChangeRequest.objects.latest("pk")
    request = bundles.submit(request=request, by=base.mia, at=AT)
    with pytest.raises(NotAllowed, match="You made this"):
        agree(request, base.chen)


# -- putting in and taking out


def test_what_is_taken_out_is_a_draft_of_its_own_again(base: World) -> None:
    meaning, prices = launch(base)
    request = bundled.opened(base, meaning, prices)
    bundles.remove(request=request, item=request.items.get(kind="rate_card"), by=base.mia, at=AT)
    prices.refresh_from_db()
    request.refresh_from_db()
    assert (prices.request_id, prices.status, request.kind) == (None, "DRAFT", "metric")
    assert bundles.submit(request=request, by=base.mia, at=AT).items.count() == 1


def test_what_a_request_refuses(base: World) -> None:
    card = deals.approved(base, deals.version(base, deals.card(base))).rate_card
    first, second = bundled.next_version(base, card), bundled.next_version(base, card, "8")
    request = bundled.opened(base, first)
    with pytest.raises(Conflict, match="in this request already"):
        bundles.add(request=request, row=first, by=base.mia, at=AT)
    with pytest.raises(Invalid, match="each has one new version"):
        bundles.add(request=request, row=second, by=base.mia, at=AT)
    with pytest.raises(WrongState, match="is in “Launch of images”"):
        bundled.opened(base, first, title="Another")
    with pytest.raises(WrongState, match="is no draft"):
        bundled.opened(base, card.versions.get(number=1), title="Another")
    with pytest.raises(NotAllowed):
        bundles.add(request=request, row=bundled.new_metric(base), by=base.rosa, at=AT)
    with pytest.raises(NotAllowed):
        bundles.submit(request=request, by=base.uma, at=AT)
    with pytest.raises(Invalid, match="nothing in this request"):
        bundles.submit(request=bundled.opened(base, title="Empty"), by=base.mia, at=AT)
    with pytest.raises(NotAllowed, match="draft nothing"):
        requests.open_request(environment=base.live, title="Mine", by=base.finn, at=AT)


def test_a_row_of_another_environment_is_refused(base: World) -> None:
    card = deals.card(base, "sand", environment=base.sandbox)
    row = rate_cards.draft(rate_card=card, by=base.mia, at=AT)
    with pytest.raises(Invalid, match="another environment"):
        bundled.opened(base, row)


def test_one_of_several_is_not_submitted_by_itself_and_one_alone_is(base: World) -> None:
    meaning, prices = launch(base)
    request = bundled.opened(base, meaning, prices)
    with pytest.raises(WrongState, match="decided together with 1 other in “Launch of images”"):
        metrics.submit(version=MetricVersion.objects.get(pk=meaning.pk), reason="Alone", by=base.mia, at=AT)
    bundles.remove(request=request, item=request.items.get(kind="rate_card"), by=base.mia, at=AT)
    alone = metrics.submit(version=MetricVersion.objects.get(pk=meaning.pk), reason="Alone", by=base.mia, at=AT)
    assert (alone.pk, alone.status) == (request.pk, "SUBMITTED")


def test_a_discarded_draft_must_be_taken_out_before_the_rest_goes_on(base: World) -> None:
    meaning, prices = launch(base)
    request = bundled.opened(base, meaning, prices)
    rate_cards.discard(version=RateCardVersion.objects.get(pk=prices.pk), by=base.mia, at=AT)
    with pytest.raises(Invalid) as refused:
        bundles.submit(request=request, by=base.mia, at=AT)
    assert (refused.value.field, refused.value.fix) == ("items[1]", "Take it out of the request")
    assert changes.withdraw(request=request, by=base.mia, at=AT).status == "WITHDRAWN"
    meaning.refresh_from_db()
    assert meaning.status == "WITHDRAWN"


def test_undated_prices_take_the_planned_time_and_the_first_one_is_the_requests(base: World) -> None:
    card = deals.approved(base, deals.version(base, deals.card(base))).rate_card
    undated = rate_cards.draft(rate_card=card, by=base.mia, at=AT)
    planned_at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    other = deals.version(base, deals.card(base, "other"), effective_date=date(2026, 4, 1))
    request = bundled.submitted(base, undated, other, effective_at=planned_at)
    undated.refresh_from_db()
    assert (undated.effective_at, request.effective_at) == (planned_at, planned_at)
    assert agree(request, base.chen).status == "SCHEDULED"


def test_errors_say_which_item_they_are_about(base: World) -> None:
    card = deals.approved(base, deals.version(base, deals.card(base))).rate_card
    undated = rate_cards.draft(rate_card=card, by=base.mia, at=AT)
    with pytest.raises(Invalid) as refused:
        bundled.submitted(base, bundled.new_metric(base), undated)
    assert refused.value.field == "items[1].effective_date"
    assert refused.value.message == "List prices v2: It has no effective time"


def test_a_policy_may_be_decided_with_what_it_is_about(base: World) -> None:
    version = policies.draft_policy(
        environment=base.live, kind="plan", name="Plans", content=content(Asked(Role.FINANCE)), by=base.chen, at=AT
    )
    request = requests.open_request(environment=base.live, title="Rules", by=base.chen, at=AT)
    bundles.add(request=request, row=version, by=base.chen, at=AT)
    version.refresh_from_db()
    policies.edit_version(version=version, content=content(Asked(Role.HEAD)), by=base.chen, at=AT)
    request = agree(bundles.submit(request=request, by=base.chen, at=AT), base.finn)
    version.refresh_from_db()
    assert (request.status, version.status) == ("LIVE", "APPROVED")


def test_who_sees_not_every_customer_sees_no_request_that_names_one(base: World) -> None:
    card = deals.approved(base, deals.version(base, deals.card(base))).rate_card
    contract = deals.draft_contract(base, base.globex, card, at=AT, currency="EUR")
    request = requests.open_request(environment=base.live, title="Deal", by=base.chen, at=AT)
    for row in (contract, bundled.new_metric(base)):
        bundles.add(request=request, row=row, by=base.chen, at=AT)
    assert request in requests_for(base.mia, base.live)
    assert request not in requests_for(base.sal, base.live)


def test_a_draft_in_a_request_can_still_be_edited_and_its_editor_is_a_maker(base: World) -> None:
    meaning, prices = launch(base)
    request = bundled.opened(base, meaning, prices)
    rate_cards.note(version=RateCardVersion.objects.get(pk=prices.pk), notes="See", by=base.chen, at=AT)
    request = bundles.submit(request=request, by=base.mia, at=AT)
    assert base.chen.pk in request.items.get(kind="rate_card").maker_ids
    assert governed.KINDS[type(prices)] == "rate_card"
