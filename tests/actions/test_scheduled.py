"""What is approved for later: it counts from its instant whatever the worker does, and can be taken back before."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.actions import changes, rate_cards, rollbacks, scheduled
from catalog.models import RateCardVersion
from catalog.queries import live_version, terms_for
from monetization.foundation.actions import approvals
from monetization.foundation.models import AuditEntry, ChangeRequest
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import RequestStatus, Verdict
from monetization.values.errors import Conflict, Invalid, NotAllowed, WrongState
from monetization.values.periods import Period
from tests import bundled, deals
from tests.make import AT, World

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 1, tzinfo=UTC)
WINTER = Period(AT, datetime(2026, 5, 1, tzinfo=UTC))


@pytest.fixture
def first(world: World) -> RateCardVersion:
    deals.metric(world)
    deals.product(world)
    return deals.approved(world, deals.version(world, deals.card(world)))


@pytest.fixture
def planned(world: World, first) -> ChangeRequest:
    """Output of gpt-4o costs 9 from 1 February, approved."""
    prices = bundled.next_version(world, first.rate_card, effective_at=FEBRUARY)
    request = deals.approve(bundled.submitted(world, prices), world.chen, at=AT)
    assert request.status == "SCHEDULED"
    return request


def price_at(contract, at: datetime) -> Decimal:
    """Read from the terms what a million tokens of output cost at an instant."""
    terms = terms_for(contract=contract, period=WINTER)
    charges = next(each for each in terms.segments if at in each.period).charges
    wanted = {("model", "gpt-4o"), ("token_type", "output")}
    return next(p.tiers[0].unit_price for c in charges for p in c.prices if set(p.match) == wanted)


def drawn(world: World, card) -> object:
    return deals.contract(world, world.acme, card, currency="EUR")


def held(request: ChangeRequest) -> RateCardVersion:
    return changes.subject_row(request.items.get().subject)  # type: ignore[return-value]


# -- going live


def test_with_the_worker_down_nothing_is_priced_wrongly(world: World, first, planned) -> None:
    contract = drawn(world, first.rate_card)
    last = FEBRUARY - timedelta(microseconds=1)
    for status in ("SCHEDULED", "LIVE"):
        planned.refresh_from_db()
        assert planned.status == status  # no worker has run before the second look
        assert (price_at(contract, last), price_at(contract, FEBRUARY)) == (10, 9)
        assert live_version(first.rate_card, last).number == 1
        assert live_version(first.rate_card, FEBRUARY).number == 2
        approvals.go_live_when_due(at=FEBRUARY)


def test_the_worker_marks_it_at_its_instant_and_once(world: World, planned) -> None:
    assert approvals.go_live_when_due(at=FEBRUARY - timedelta(seconds=1)) == 0
    assert approvals.go_live_when_due(at=FEBRUARY) == 1
    assert approvals.go_live_when_due(at=FEBRUARY) == 0
    planned.refresh_from_db()
    assert planned.status == "LIVE"


# -- taking it back


def test_a_withdrawn_schedule_counts_no_more(world: World, first, planned) -> None:
    contract = drawn(world, first.rate_card)
    request = changes.withdraw(request=planned, by=world.mia, at=AT, reason="Too early")
    version = held(request)
    assert (request.status, version.status) == ("WITHDRAWN", "WITHDRAWN")
    assert price_at(contract, LATER) == 10
    assert approvals.go_live_when_due(at=LATER) == 0
    again = bundled.next_version(world, first.rate_card, "8", effective_at=FEBRUARY)
    assert again.based_on_id == first.pk
    deals.approved(world, again)
    assert price_at(contract, LATER) == 8


def test_the_head_vetoes_what_is_scheduled_though_it_was_approved(world: World, first, planned) -> None:
    contract = drawn(world, first.rate_card)
    said = {"request": planned, "verdict": Verdict.VETO, "seen": request_digest(planned), "at": AT}
    with pytest.raises(Invalid, match="needs its reason"):
        changes.decide(**said, by=world.chen, reason=" ")
    with pytest.raises(NotAllowed, match="Only the head"):
        changes.decide(**said, by=world.finn, reason="No")
    with pytest.raises(NotAllowed, match="You made this"):
        changes.decide(**said, by=world.mia, reason="No")
    with pytest.raises(Conflict, match="changed since"):
        changes.decide(**said | {"seen": b"\0" * 32}, by=world.chen, reason="No")
    assert held(planned).status == "APPROVED"
    request = changes.decide(**said, by=world.chen, reason="Not this year")
    assert (request.status, held(request).status, price_at(contract, LATER)) == ("REJECTED", "REJECTED", 10)
    assert AuditEntry.objects.filter(action="change_request.vetoed", reason="Not this year").count() == 1
    with pytest.raises(WrongState):
        changes.withdraw(request=request, by=world.mia, at=AT)


def test_another_time_needs_approval_again_and_until_then_nothing_changes(world: World, first, planned) -> None:
    contract = drawn(world, first.rate_card)
    request = scheduled.reschedule(request=planned, effective_at=LATER, reason="Wait", by=world.mia, at=AT)
    version = held(request)
    assert (request.status, version.status, version.effective_at) == ("SUBMITTED", "SUBMITTED", LATER)
    assert price_at(contract, LATER) == 10
    request = deals.approve(request, world.chen, at=AT)
    assert (request.status, request.effective_at) == ("SCHEDULED", LATER)
    assert (price_at(contract, FEBRUARY), price_at(contract, LATER)) == (10, 9)


def test_who_may_move_what_and_when(world: World, first, planned) -> None:
    for by in (world.finn, world.eli):
        with pytest.raises(NotAllowed):
            scheduled.reschedule(request=planned, effective_at=LATER, by=by, at=AT)
        with pytest.raises(NotAllowed):
            changes.withdraw(request=planned, by=by, at=AT)
    with pytest.raises(Invalid, match="a day or an instant"):
        scheduled.reschedule(request=planned, by=world.mia, at=AT)
    with pytest.raises(Invalid, match="before its approval"):
        scheduled.reschedule(request=planned, effective_at=AT, by=world.mia, at=AT + timedelta(days=1))
    for late in (FEBRUARY, LATER):  # the worker is down, yet it is in force
        with pytest.raises(WrongState, match="in force already"):
            changes.withdraw(request=planned, by=world.mia, at=late)
    planned.refresh_from_db()
    assert (planned.status, held(planned).status) == ("SCHEDULED", "APPROVED")


def test_a_day_begins_where_it_begins_first(world: World, first) -> None:
    deals.contract(world, world.globex, first.rate_card, currency="EUR")  # Asia/Tokyo
    prices = bundled.next_version(world, first.rate_card, effective_date=date(2026, 2, 1))
    request = deals.approve(bundled.submitted(world, prices), world.chen, at=AT)
    with pytest.raises(WrongState, match="in force already"):
        changes.withdraw(request=request, by=world.mia, at=FEBRUARY - timedelta(hours=9))
    assert changes.withdraw(request=request, by=world.mia, at=FEBRUARY - timedelta(hours=10)).status == "WITHDRAWN"


def test_what_others_rest_on_is_not_taken_away(world: World, first, planned) -> None:
    later = bundled.next_version(world, first.rate_card, "8", effective_at=LATER)
    deals.approved(world, later)
    with pytest.raises(WrongState, match="List prices v3 rests on List prices v2"):
        changes.withdraw(request=planned, by=world.mia, at=AT)
    later.refresh_from_db()
    changes.withdraw(request=later.request, by=world.mia, at=AT)
    assert changes.withdraw(request=planned, by=world.mia, at=AT).status == "WITHDRAWN"


def test_what_is_live_is_not_taken_back_in_place(world: World, planned) -> None:
    approvals.go_live_when_due(at=FEBRUARY)
    planned.refresh_from_db()
    for action in (changes.withdraw, approvals.withdraw):
        with pytest.raises(WrongState):
            action(request=planned, by=world.mia, at=FEBRUARY)
    with pytest.raises(WrongState):
        scheduled.reschedule(request=planned, effective_at=LATER, by=world.mia, at=FEBRUARY)


# -- rolling back


def test_a_rollback_is_a_new_version_equal_to_the_old_one_under_its_own_policy(world: World, first, planned) -> None:
    contract = drawn(world, first.rate_card)
    now = FEBRUARY + timedelta(days=3)
    approvals.go_live_when_due(at=now)
    first.refresh_from_db()
    request = rollbacks.roll_back(version=first, reason="Customers left", by=world.mia, at=now)
    version = held(request)
    assert (request.status, request.kind, request.rolls_back_id) == ("SUBMITTED", "rollback", planned.pk)
    assert (version.number, version.effective_at) == (3, now + rollbacks.SOON)
    request = deals.approve(request, world.chen, at=now)
    assert request.status == "SCHEDULED"
    then = version.effective_at
    assert (price_at(contract, now), price_at(contract, then)) == (9, 10)
    planned.refresh_from_db()
    assert planned.status == "LIVE"
    approvals.go_live_when_due(at=then)
    planned.refresh_from_db()
    request.refresh_from_db()
    assert (planned.status, request.status) == ("ROLLED_BACK", "LIVE")
    assert RequestStatus(planned.status).label == "Rolled back"


def test_what_a_rollback_refuses(world: World, first, planned) -> None:
    said = {"reason": "Customers left", "by": world.mia}
    with pytest.raises(WrongState, match="are in force"):
        rollbacks.roll_back(version=first, at=AT, **said)
    with pytest.raises(WrongState, match="isn't in force yet"):
        rollbacks.roll_back(version=held(planned), at=AT, **said)
    now = FEBRUARY + timedelta(days=3)
    with pytest.raises(Invalid, match="Why"):
        rollbacks.roll_back(version=first, reason=" ", by=world.mia, at=now)
    with pytest.raises(NotAllowed):
        rollbacks.roll_back(version=first, reason="Mine", by=world.finn, at=now)
    with pytest.raises(Invalid, match="before its approval"):
        rollbacks.roll_back(version=first, at=now, effective_at=now, **said)
    request = rollbacks.roll_back(version=first, at=now, **said)
    with pytest.raises(NotAllowed, match="You made this"):
        deals.approve(request, world.mia, at=now)
    with pytest.raises(Invalid, match="before its approval"):  # nobody answered within the hour
        deals.approve(request, world.chen, at=now + timedelta(hours=2))


def test_a_rollback_sent_back_and_changed_is_asked_like_any_price_change(world: World, first, planned) -> None:
    now = FEBRUARY + timedelta(days=3)
    request = rollbacks.roll_back(version=first, reason="Customers left", by=world.mia, at=now)
    changes.send_back(request=request, by=world.mia, at=now)
    version = held(request)
    again = rate_cards.submit(version=version, title="", reason="Other", by=world.mia, at=now)
    assert again.items.get().kind == "rate_card"
    assert deals.approve(again, world.chen, at=now).status == "SCHEDULED"
