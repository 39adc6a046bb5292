"""Requests and decisions: who may, in which state, about which content; a refusal changes nothing."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.db import IntegrityError, transaction

from monetization.foundation.actions import approvals, people
from monetization.foundation.models import AuditEntry, ChangeRequest, Decision, User
from monetization.foundation.queries import decisions_on, outstanding_of, request_digest, subject_of, waiting_for
from monetization.foundation.rules.approvals import ARROWS, Item, RequestStatus, Verdict
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, DomainError, Invalid, NotAllowed, WrongState
from tests.make import AT, World, person

APPROVE, REJECT, VETO, GREEN_LIGHT = Verdict
THING = Item("catalog.rate_card_version:17", "Model prices v2", b"\1" * 32, {"max_change_percent": Decimal("12.5")})
BIG = Item("catalog.rate_card_version:17", "Model prices v2", b"\1" * 32, {"max_change_percent": Decimal("50.01")})


def opened(world: World, by: User | None = None, **more: object) -> ChangeRequest:
    given = {
        "kind": "rate_card",
        "title": "New prices",
        "reason": "Cheaper GPUs",
        "items": [THING],
        "effective_at": None,
    }
    return approvals.open_request(environment=world.live, by=by or world.mia, at=AT, **given | more)  # type: ignore[arg-type]


def submitted(world: World, item: Item = THING, by: User | None = None, **more: object) -> ChangeRequest:
    request = opened(world, by, **more)
    return approvals.submit(request=request, items=[item], by=by or world.mia, at=AT)


def say(request: ChangeRequest, by: User, verdict: Verdict = APPROVE, reason: str = "", seen: bytes | None = None):
    seen = request_digest(request) if seen is None else seen
    return approvals.decide(request=request, verdict=verdict, seen=seen, by=by, at=AT, reason=reason)


def state(request: ChangeRequest) -> tuple[str, int, int, int]:
    """Everything that a refusal must leave as it was."""
    request.refresh_from_db()
    return request.status, request.revision, Decision.objects.count(), AuditEntry.objects.count()


def test_a_request_is_opened_submitted_approved_and_live(world: World) -> None:
    request = submitted(world)
    assert request.status == "SUBMITTED"
    assert outstanding_of(request) == ((Role.HEAD, 1),)
    request = say(request, world.chen)
    assert (request.status, request.decided_at) == ("APPROVED", AT)
    assert outstanding_of(request) == ()
    request = approvals.go_live(request=request, by=world.chen, at=AT)
    assert request.status == "LIVE"
    entries = AuditEntry.objects.filter(subject=subject_of(request)).order_by("pk")
    assert list(entries.values_list("action", flat=True)) == [
        "change_request.opened", "change_request.submitted", "decision.made", "change_request.approved",
        "change_request.went_live",
    ]  # fmt: skip


def test_a_policy_on_facts_asks_for_a_second_role(world: World) -> None:
    request = submitted(world, BIG)
    assert outstanding_of(request) == ((Role.HEAD, 1), (Role.FINANCE, 1))
    request = say(request, world.chen)
    assert request.status == "SUBMITTED"
    assert outstanding_of(request) == ((Role.FINANCE, 1),)
    assert say(request, world.finn).status == "APPROVED"


@pytest.mark.parametrize("maker", ["owner", "created_by", "last_edited_by", "submitted_by"])
def test_no_maker_decides(world: World, maker: str) -> None:
    request = opened(world)
    setattr(request, maker, world.chen)
    request.save()
    by = world.chen if maker == "submitted_by" else world.mia
    request = approvals.submit(request=request, items=[THING], by=by, at=AT)
    before = state(request)
    for verdict in Verdict:
        with pytest.raises(NotAllowed, match="somebody else decides"):
            say(request, world.chen, verdict, "mine")
    assert state(request) == before


def test_whoever_edited_last_is_a_maker(world: World) -> None:
    request = opened(world)
    approvals.edit(request=request, title="x", reason="", effective_at=None, by=world.chen, at=AT)
    request = approvals.submit(request=request, items=[THING], by=world.mia, at=AT)
    with pytest.raises(NotAllowed):
        say(request, world.chen)


def test_a_superuser_gets_no_exception(world: World) -> None:
    root = User.objects.create_superuser("root@example.com", name="Root")
    request = submitted(world)
    with pytest.raises(NotAllowed, match="waits for: Head of monetization"):
        say(request, root)
    own = submitted(world, by=root)
    people.grant_role(user=root, role=Role.HEAD, by=None, at=AT)
    with pytest.raises(NotAllowed, match="somebody else decides"):
        say(own, root)


@pytest.mark.parametrize("name", ["noel", "finn", "audra", "sal", "uma", "eli", "pat"])
def test_roles_that_were_not_asked_decide_nothing(world: World, name: str) -> None:
    request = submitted(world)
    before = state(request)
    for verdict in Verdict:
        with pytest.raises(NotAllowed):
            say(request, getattr(world, name), verdict, "no")
    assert state(request) == before


def test_only_the_head_vetoes(world: World) -> None:
    request = submitted(world, BIG)
    with pytest.raises(NotAllowed):
        say(request, world.finn, VETO, "no")
    assert say(request, world.chen, VETO, "Not this quarter").status == "REJECTED"


def test_a_no_needs_a_reason_and_ends_it(world: World) -> None:
    request = submitted(world)
    with pytest.raises(Invalid) as error:
        say(request, world.chen, REJECT)
    assert error.value.field == "reason"
    request = say(request, world.chen, REJECT, "Too low")
    assert request.status == "REJECTED"
    with pytest.raises(WrongState):
        say(request, person("second", [Role.HEAD]))


def test_what_was_not_seen_is_not_approved(world: World) -> None:
    request = submitted(world)
    before = state(request)
    with pytest.raises(Conflict, match="changed since"):
        say(request, world.chen, seen=b"\0" * 32)
    assert state(request) == before


def test_sending_back_voids_what_was_said_even_for_the_same_content(world: World) -> None:
    request = submitted(world, BIG)
    request = say(request, world.chen)
    seen = request_digest(request)
    request = approvals.send_back(request=request, by=world.finn, at=AT, reason="Which models?")
    assert request.status == "DRAFT"
    request = approvals.submit(request=request, items=[BIG], by=world.mia, at=AT)
    assert request_digest(request) != seen
    assert outstanding_of(request) == ((Role.HEAD, 1), (Role.FINANCE, 1))
    assert list(decisions_on(subject_of(request), request_digest(request))) == []
    assert say(request, world.chen).status == "SUBMITTED"


def test_two_people_of_a_role_are_two_people(world: World) -> None:
    """An invoice above 100,000 needs two of finance; one person twice is one."""
    given = {
        "environment": world.live, "kind": "invoice", "subject": "billing.invoice:1", "digest": b"\2" * 32,
        "facts": {"total": Decimal("100000.01")}, "makers": [world.mia.pk], "verdict": APPROVE, "at": AT,
    }  # fmt: skip
    assert approvals.decide_subject(by=world.finn, **given) == ((Role.FINANCE, 1),)
    with pytest.raises(Conflict, match="already"):
        approvals.decide_subject(by=world.finn, **given)
    assert approvals.decide_subject(by=world.rosa, **given) == ()


def test_without_a_policy_nobody_approves(world: World) -> None:
    request = opened(world, kind="spaceship")
    with pytest.raises(WrongState, match="No policy"):
        approvals.submit(request=request, items=[THING], by=world.mia, at=AT)
    with pytest.raises(WrongState, match="No policy"):
        approvals.decide_subject(
            environment=world.live, kind="spaceship", subject="x:1", digest=b"\3" * 32, facts={}, makers=[],
            verdict=APPROVE, by=world.chen, at=AT,
        )  # fmt: skip


def test_submitting_needs_content(world: World) -> None:
    for items in ([], [Item("x:1", "X")]):
        with pytest.raises(Invalid) as error:
            approvals.submit(request=opened(world), items=items, by=world.mia, at=AT)
        assert error.value.field == "items"
    with pytest.raises(Invalid):
        approvals.submit(request=opened(world), items=[THING, THING], by=world.mia, at=AT)


def test_withdrawing(world: World) -> None:
    request = submitted(world)
    with pytest.raises(NotAllowed):
        approvals.withdraw(request=request, by=world.finn, at=AT)
    assert approvals.withdraw(request=request, by=world.mia, at=AT).status == "WITHDRAWN"
    with pytest.raises(WrongState):
        approvals.withdraw(request=request, by=world.mia, at=AT)


def test_sending_back_is_for_makers_and_deciders(world: World) -> None:
    request = submitted(world)
    for stranger in (world.finn, world.noel, world.audra):
        with pytest.raises(NotAllowed):
            approvals.send_back(request=request, by=stranger, at=AT)
    assert approvals.send_back(request=request, by=world.chen, at=AT).status == "DRAFT"
    with pytest.raises(WrongState):
        approvals.send_back(request=request, by=world.chen, at=AT)


def test_a_later_time_is_scheduled_until_due(world: World) -> None:
    later = AT + timedelta(days=1)
    request = say(submitted(world, effective_at=later), world.chen)
    assert approvals.go_live(request=request, by=None, at=AT).status == "SCHEDULED"
    assert approvals.go_live_when_due(at=later - timedelta(microseconds=1)) == 0
    assert approvals.go_live_when_due(at=later) == 1
    assert approvals.go_live_when_due(at=later) == 0
    request.refresh_from_db()
    assert request.status == "LIVE"


def test_the_inbox_holds_what_one_may_decide(world: World, django_assert_max_num_queries) -> None:
    mine = submitted(world)
    big = submitted(world, BIG)
    own = submitted(world, by=world.chen)
    opened(world)
    with django_assert_max_num_queries(11):
        assert waiting_for(world.chen, world.live, at=AT) == [mine, big]
    assert waiting_for(world.finn, world.live, at=AT) == [big]
    assert waiting_for(world.mia, world.live, at=AT) == []
    assert waiting_for(world.noel, world.live, at=AT) == []
    assert waiting_for(world.chen, world.sandbox, at=AT) == []
    say(big, world.chen)
    assert waiting_for(world.chen, world.live, at=AT) == [mine]
    assert waiting_for(world.finn, world.live, at=AT) == [big]
    assert waiting_for(person("hedy", [Role.HEAD]), world.live, at=AT) == [mine, own]


PATHS = {
    "DRAFT": [],
    "SUBMITTED": ["SUBMITTED"],
    "APPROVED": ["SUBMITTED", "APPROVED"],
    "SCHEDULED": ["SUBMITTED", "APPROVED", "SCHEDULED"],
    "LIVE": ["SUBMITTED", "APPROVED", "LIVE"],
    "REJECTED": ["SUBMITTED", "REJECTED"],
    "WITHDRAWN": ["WITHDRAWN"],
    "ROLLED_BACK": ["SUBMITTED", "APPROVED", "LIVE", "ROLLED_BACK"],
}


def test_the_database_knows_the_same_arrows(world: World) -> None:
    """Every pair of states: 64 tries by plain SQL, past all code."""
    refused = set()
    for now, then in product(RequestStatus, RequestStatus):
        row = ChangeRequest.objects.filter(pk=opened(world).pk)
        for step in PATHS[now.value]:
            row.update(status=step)
        try:
            with transaction.atomic():
                row.update(status=then.value)
        except IntegrityError as error:
            assert "cannot become" in str(error)
            refused.add((now, then))
        assert row.get().status == (now if (now, then) in refused else then).value
    pairs = set(product(RequestStatus, RequestStatus))
    assert refused == {(now, then) for now, then in pairs if then not in ARROWS[now] and then is not now}
    assert len(refused) == 41


def test_a_submitted_request_is_frozen_for_sql_too(world: World) -> None:
    request = submitted(world)
    item = request.items.get()
    attempts = (
        lambda: ChangeRequest.objects.filter(pk=request.pk).update(title="Other"),
        lambda: ChangeRequest.objects.filter(pk=request.pk).update(submitted_by=world.chen),
        lambda: ChangeRequest.objects.filter(pk=request.pk).update(effective_at=AT),
        lambda: request.items.update(digest=b"\7" * 32),
        lambda: request.items.all().delete(),
        lambda: type(item).objects.create(request=request, subject="y:1", label="Y"),
    )
    for attempt in attempts:
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            attempt()
    assert request_digest(ChangeRequest.objects.get(pk=request.pk)) == request_digest(request)


def test_every_refusal_is_a_sentence_for_people(world: World) -> None:
    request = submitted(world)
    with pytest.raises(DomainError) as error:
        say(request, world.mia)
    assert error.value.message == "You made this, so somebody else decides."
    assert error.value.fix
