"""Delegates act in a name, never for what either made; overdue steps escalate once; the head has the last word."""

from itertools import product

import pytest
from django.db import IntegrityError, transaction

from monetization.foundation.actions import approvals, delegations, escalations
from monetization.foundation.models import AuditEntry, ChangeRequest, Decision, Delegation, Escalation, Notice, User
from monetization.foundation.queries import case_of, request_digest, waiting_for
from monetization.foundation.rules.approvals import Verdict
from monetization.foundation.rules.policies import Asked
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, Invalid, NotAllowed, WrongState
from tests.governing import DAY, HOUR, asked_for, content, put, say
from tests.make import AT, World, person

HEAD, FINANCE, REVOPS = Role.HEAD, Role.FINANCE, Role.REVOPS


def away(person_: User, delegate: User, days: int = 7) -> Delegation:
    return delegations.delegate(
        person=person_, delegate=delegate, starts_at=AT, ends_at=AT + days * DAY, by=person_, at=AT, reason="Holiday"
    )


def test_a_delegate_decides_in_the_name_and_the_name_is_used_once(world: World) -> None:
    away(world.chen, world.uma)
    request = asked_for(world, kind="metric")
    assert waiting_for(world.uma, world.live, at=AT) == [request]
    assert say(request, world.uma).value == "APPROVED"
    decision = Decision.objects.get()
    assert (decision.by, decision.role, decision.in_name_of) == (world.uma, "HEAD", world.chen)
    assert decision.words == "Head of monetization, in the name of Chen"
    assert AuditEntry.objects.get(action="decision.made").after["in_name_of"] == "Chen"


def test_only_within_its_days_and_until_it_is_taken_back(world: World) -> None:
    made = away(world.chen, world.uma)
    request = asked_for(world, kind="metric")
    with pytest.raises(NotAllowed):
        say(request, world.uma, at=AT + 7 * DAY)
    delegations.take_back(delegation=made, by=world.uma, at=AT + DAY)
    with pytest.raises(NotAllowed):
        say(request, world.uma, at=AT + DAY)
    assert say(request, world.chen, at=AT + DAY).value == "APPROVED"


def test_one_person_speaks_once_through_whomever(world: World) -> None:
    put(world, "Two", content(Asked(HEAD, 2)))
    away(world.chen, world.uma)
    request = asked_for(world)
    say(request, world.uma)
    with pytest.raises(Conflict):
        say(request, world.chen)
    again = asked_for(world)
    say(again, world.chen)
    with pytest.raises(NotAllowed):
        say(again, world.uma)


RELATIONS = ("owner", "author", "editor", "earlier editor", "submitter", "item", "delegate of", "delegated by", "past")


@pytest.mark.parametrize(("relation", "superuser"), list(product(RELATIONS, [False, True])))
def test_nobody_related_decides_and_nothing_is_written(world: World, relation: str, superuser: bool) -> None:
    """hedy is a head, and related to the request in every way that there is; superuser or not."""
    hedy = person("hedy", [HEAD])
    hedy.is_superuser = superuser
    hedy.save()
    request = _related(world, hedy, relation)
    before = (request.status, request.revision, Decision.objects.count())
    for verdict in Verdict:
        with pytest.raises(NotAllowed, match="made this"):
            say(request, hedy, verdict)
    assert (request.status, request.revision, Decision.objects.count()) == before
    assert request not in waiting_for(hedy, world.live, at=AT)
    assert say(request, world.chen).value == "APPROVED"


def _related(world: World, hedy: User, relation: str) -> ChangeRequest:
    if relation in ("delegate of", "delegated by", "past"):
        mia_decides = person("mel", [Role.PRODUCT])
        given = (mia_decides, hedy) if relation != "delegated by" else (hedy, mia_decides)
        made = away(*given)
        request = asked_for(world, kind="metric", by=mia_decides)
        if relation == "past":
            delegations.take_back(delegation=made, by=hedy, at=AT)
            Delegation.objects.filter(pk=made.pk).update(starts_at=AT - DAY)
        return request
    request = asked_for(world, kind="metric")
    approvals.send_back(request=request, by=world.mia, at=AT)
    request.refresh_from_db()
    if relation in ("owner", "author"):
        setattr(request, {"owner": "owner", "author": "created_by"}[relation], hedy)
        request.save()
    if "editor" in relation:
        more = {"title": "Other", "reason": "", "effective_at": None}
        approvals.edit(request=request, by=hedy, at=AT, **more)
        if relation == "earlier editor":
            approvals.edit(request=request, by=world.mia, at=AT, **more)
    item = approvals.Item("test.thing:1", "Thing", b"\2" * 32, {}, frozenset({hedy.pk} if relation == "item" else ()))
    return approvals.submit(request=request, items=[item], by=hedy if relation == "submitter" else world.mia, at=AT)


def test_the_database_refuses_a_decision_in_the_name_of_a_maker(world: World) -> None:
    request = asked_for(world, kind="metric")
    row = {"environment": world.live, "subject": "x:1", "digest": b"\1" * 32, "role": "HEAD", "verdict": "APPROVE",
           "at": AT, "maker_ids": [world.mia.pk]}  # fmt: skip
    for by, name in ((world.chen, world.mia), (world.chen, world.chen), (world.mia, None)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.create(by=by, in_name_of=name, **row)
    assert request.status == "SUBMITTED"


def test_who_may_name_whom(world: World) -> None:
    given = {"starts_at": AT, "ends_at": AT + DAY, "at": AT}
    with pytest.raises(NotAllowed):
        delegations.delegate(person=world.chen, delegate=world.mia, by=world.finn, **given)
    for delegate in (world.chen, world.pat):
        with pytest.raises(Invalid):
            delegations.delegate(person=world.chen, delegate=delegate, by=world.chen, **given)
    with pytest.raises(Invalid):
        delegations.delegate(person=world.uma, delegate=world.mia, by=world.uma, **given)
    made = away(world.chen, world.uma)
    with pytest.raises(Invalid, match="named a delegate"):
        away(world.chen, world.finn, days=2)
    with pytest.raises(NotAllowed):
        delegations.take_back(delegation=made, by=world.finn, at=AT)
    delegations.take_back(delegation=made, by=world.chen, at=AT + HOUR)
    with pytest.raises(WrongState):
        delegations.take_back(delegation=made, by=world.chen, at=AT + HOUR)


def test_an_overdue_step_escalates_once_however_often_it_is_looked_at(world: World) -> None:
    put(world, "Slow", content(Asked(FINANCE), deadline_hours=24, escalate_to=HEAD))
    request = asked_for(world)
    assert escalations.escalate_due(at=AT + DAY) == 0
    with pytest.raises(NotAllowed):
        say(request, world.chen, at=AT + DAY)
    late = AT + DAY + HOUR
    assert [escalations.escalate_due(at=late) for _ in range(3)] == [1, 0, 0]
    row = Escalation.objects.get()
    assert (row.role, row.to_role, row.due_at) == ("FINANCE", "HEAD", AT + DAY)
    assert AuditEntry.objects.filter(action="change_request.escalated").count() == 1
    assert set(Notice.objects.filter(telling="OVERDUE").values_list("user__name", flat=True)) == {
        "Finn", "Rosa", "Chen",
    }  # fmt: skip
    assert waiting_for(world.chen, world.live, at=late) == [request]
    assert say(request, world.chen, at=late).value == "APPROVED"
    assert Decision.objects.get(by=world.chen, subject__contains=f":{request.pk}").words == (
        "Head of monetization instead of Finance"
    )


def test_what_was_sent_back_starts_its_time_anew(world: World) -> None:
    put(world, "Slow", content(Asked(FINANCE), deadline_hours=24, escalate_to=HEAD))
    request = asked_for(world)
    escalations.escalate_due(at=AT + 2 * DAY)
    approvals.send_back(request=request, by=world.mia, at=AT + 2 * DAY)
    request.refresh_from_db()
    item = approvals.Item("test.thing:1", "Thing", b"\1" * 32)
    request = approvals.submit(request=request, items=[item], by=world.mia, at=AT + 2 * DAY)
    assert case_of(request).instead == {}
    with pytest.raises(NotAllowed):
        say(request, world.chen, at=AT + 2 * DAY)


def test_a_veto_ends_a_request_with_its_reason(world: World) -> None:
    request = asked_for(world, kind="rate_card", max_change_percent=80)
    with pytest.raises(NotAllowed):
        say(request, world.finn, Verdict.VETO)
    seen = request_digest(request)
    with pytest.raises(Invalid):
        approvals.decide(request=request, verdict=Verdict.VETO, seen=seen, by=world.chen, at=AT)
    assert say(request, world.chen, Verdict.VETO).value == "REJECTED"
    with pytest.raises(WrongState):
        say(request, world.finn)
    assert Notice.objects.get(user=world.mia, telling="DECIDED").words == "“New prices” was rejected by Chen. Because"


def test_a_green_light_stands_for_everybody_missing_and_is_the_heads_own(world: World) -> None:
    put(world, "Many", content(Asked(FINANCE, 2), Asked(REVOPS, step=2)))
    away(world.chen, world.uma)
    request = asked_for(world)
    for other in (world.finn, world.uma, world.mia):
        with pytest.raises(NotAllowed):
            say(request, other, Verdict.GREEN_LIGHT)
    assert say(request, world.chen, Verdict.GREEN_LIGHT).value == "APPROVED"
    assert case_of(request).missing == ()
