"""Policies are governed themselves: how it begins, what a new version needs, what the database refuses."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from monetization.foundation.actions import policies
from monetization.foundation.models import AuditEntry, Policy, PolicyRole, PolicyVersion
from monetization.foundation.queries import approval_for_facts, approval_needed, needs, outstanding_of, policy_rules
from monetization.foundation.rules.approvals import Verdict
from monetization.foundation.rules.conditions import Condition, Operator
from monetization.foundation.rules.policies import BUILT_IN, Asked
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, DomainError, NotAllowed, WrongState
from tests.governing import agree, asked_for, content, put, set_directly
from tests.make import AT, World, person

HEAD, FINANCE, REVOPS = Role.HEAD, Role.FINANCE, Role.REVOPS
DEEP = (Condition("discount_percent", Operator.ABOVE, Decimal(20)),)


def test_at_the_beginning_finance_agrees_to_what_heads_draft(world: World) -> None:
    assert policy_rules(world.live, "policy") == {"policy": [BUILT_IN]}
    draft = policies.draft_policy(
        environment=world.live, kind="thing", name="Things", content=content(Asked(HEAD)), by=world.chen, at=AT
    )
    assert needs(world.live, "thing", {}) == ()
    request = policies.submit_version(version=draft, reason="We sell things", by=world.chen, at=AT)
    assert outstanding_of(request) == ((FINANCE, 1),)
    for other in (world.chen, person("hedy", [HEAD]), world.mia):
        with pytest.raises(NotAllowed):
            agree(request, other)
    assert needs(world.live, "thing", {}) == ()
    agree(request, world.finn)
    assert [one.role for one in needs(world.live, "thing", {})] == [HEAD]


def test_a_new_version_waits_for_those_whom_the_policy_in_force_names(world: World) -> None:
    put(world, "Policies", content(Asked(FINANCE), Asked(REVOPS, step=2)), kind="policy")
    policy = put_things(world)
    draft = policies.draft_version(policy=policy, content=content(Asked(REVOPS)), by=world.chen, at=AT)
    request = policies.submit_version(version=draft, reason="Sales asks", by=world.chen, at=AT)
    assert outstanding_of(request) == ((FINANCE, 1), (REVOPS, 1))
    agree(request, world.finn)
    assert [one.role for one in needs(world.live, "thing", {})] == [HEAD]
    agree(request, world.rosa)
    assert [one.role for one in needs(world.live, "thing", {})] == [REVOPS]
    assert AuditEntry.objects.filter(action="policy.submitted", after__number=2).exists()


def put_things(world: World) -> Policy:
    draft = policies.draft_policy(
        environment=world.live, kind="thing", name="Things", content=content(Asked(HEAD)), by=world.chen, at=AT
    )
    request = policies.submit_version(version=draft, reason="Test", by=world.chen, at=AT)
    agree(request, world.finn)
    agree(request, world.rosa)
    return draft.policy


def test_nobody_sets_a_policy_past_its_approval(world: World) -> None:
    for by in (world.chen, world.mia):
        with pytest.raises(NotAllowed):
            policies.create_policy(environment=world.live, kind="x", name="X", roles={HEAD: 1}, by=by, at=AT)
    put(world, "Policies", content(Asked(FINANCE)), kind="policy")
    with pytest.raises(WrongState):
        set_directly(world, "Later", {HEAD: 1}, "x")
    for name in ("mia", "finn", "audra", "noel"):
        with pytest.raises(NotAllowed):
            policies.draft_policy(
                environment=world.live, kind="x", name="X", content=content(Asked(HEAD)), by=getattr(world, name), at=AT
            )


def test_the_database_refuses_what_was_not_approved(world: World) -> None:
    """Even who writes SQL as the application can't put a version in force, nor change one that is."""
    put(world, "Policies", content(Asked(FINANCE)), kind="policy")
    policy = Policy.objects.filter(environment=world.live, kind="rate_card")[0]
    draft = policies.draft_version(policy=policy, content=content(Asked(REVOPS)), by=world.chen, at=AT)
    now = policy.versions.get(number=1)
    tries = [
        lambda: PolicyVersion.objects.filter(pk=draft.pk).update(status="SUBMITTED"),
        lambda: PolicyVersion.objects.filter(pk=draft.pk).update(status="APPROVED"),
        lambda: PolicyVersion.objects.create(policy=policy, number=9, status="APPROVED", created_at=AT, edited_at=AT),
        lambda: PolicyVersion.objects.filter(pk=now.pk).update(applies=False),
        lambda: PolicyVersion.objects.filter(pk=now.pk).delete(),
        lambda: PolicyRole.objects.filter(version=now).update(how_many=9),
        lambda: PolicyRole.objects.filter(version=now).delete(),
        lambda: PolicyRole.objects.create(version=now, role="REVOPS"),
    ]
    refused = 0
    for write in tries[1:]:
        with pytest.raises(IntegrityError), transaction.atomic():
            write()
        refused += 1
    assert refused == 7
    draft.refresh_from_db()
    assert draft.status == "DRAFT"


def test_a_policy_ends_by_a_version_of_its_own(world: World) -> None:
    policy = put(world, "Things", content(Asked(HEAD), conditions=DEEP)).policy
    request = policies.propose_end(policy=policy, reason="No things any more", by=world.chen, at=AT)
    assert request.title == "End the policy “Things”"
    assert needs(world.live, "thing", {}) != ()
    agree(request, world.finn)
    assert needs(world.live, "thing", {}) == ()
    with pytest.raises(WrongState):
        policies.propose_end(policy=policy, reason="Again", by=world.chen, at=AT)


def test_one_version_at_a_time_and_a_vetoed_one_changes_nothing(world: World) -> None:
    policy = put(world, "Things", content(Asked(HEAD))).policy
    draft = policies.draft_version(policy=policy, content=content(Asked(REVOPS)), by=world.chen, at=AT)
    with pytest.raises(DomainError):
        policies.draft_version(policy=policy, content=content(Asked(FINANCE)), by=world.chen, at=AT)
    policies.edit_version(version=draft, content=content(Asked(FINANCE), conditions=DEEP), by=world.chen, at=AT)
    request = policies.submit_version(version=draft, reason="Test", by=world.chen, at=AT)
    with pytest.raises(WrongState):
        policies.edit_version(version=draft, content=content(Asked(HEAD)), by=world.chen, at=AT)
    agree(request, person("hedy", [HEAD]), Verdict.VETO)
    draft.refresh_from_db()
    assert draft.status == "REJECTED"
    assert [one.role for one in needs(world.live, "thing", {})] == [HEAD]
    with pytest.raises((Conflict, DomainError)):
        agree(request, world.finn)


def test_the_need_of_a_draft_names_who_could_decide(world: World) -> None:
    draft = policies.draft_policy(
        environment=world.live, kind="thing", name="Things", content=content(Asked(HEAD)), by=world.chen, at=AT
    )
    answer = approval_needed(draft, world.chen, at=AT)
    assert answer.need.sentence == "Needs 1 × Finance."
    assert {user.name for user in answer.people[FINANCE]} == {"Finn", "Rosa"}
    assert answer.stuck == ()
    alone = approval_for_facts(world.live, "metric", {}, world.chen, at=AT)
    assert (alone.steps[0].role, alone.people[HEAD], alone.stuck) == (HEAD, (), (HEAD,))


def test_a_request_of_several_steps_passes_in_their_order(world: World) -> None:
    from tests.governing import say

    put(world, "Deep", content(Asked(FINANCE, 2), Asked(HEAD, step=2), conditions=DEEP))
    request = asked_for(world, discount_percent=30)
    with pytest.raises(NotAllowed, match="This waits for: Finance"):
        say(request, world.chen)
    assert say(request, world.finn).value == "SUBMITTED"
    with pytest.raises(NotAllowed):
        say(request, world.chen)
    assert say(request, world.rosa).value == "SUBMITTED"
    assert say(request, world.chen).value == "APPROVED"
