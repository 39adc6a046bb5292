"""What must hold when people and machines act at the same instant: real connections, real locks."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monetization.foundation.actions import access, approvals, audit, customers
from monetization.foundation.models import ApiKey, AuditEntry, AuditLink, ChangeRequest, Decision, User
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import Item, Verdict
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, DomainError, WrongState
from tests.make import AT, World, person

pytestmark = pytest.mark.django_db(transaction=True)
ITEM = Item("catalog.metric_version:1", "Tokens", b"\1" * 32, {})


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in threads that start together; return what each returned or raised."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            results[index] = call()
        except DomainError as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def submitted(world: World) -> ChangeRequest:
    request = approvals.open_request(
        environment=world.live,
        kind="metric",
        title="x",
        reason="",
        items=[ITEM],
        effective_at=None,
        by=world.mia,
        at=AT,
    )
    return approvals.submit(request=request, items=[ITEM], by=world.mia, at=AT)


def approval(request: ChangeRequest, by: User, seen: bytes) -> Callable[[], Any]:
    return lambda: approvals.decide(request=request, verdict=Verdict.APPROVE, seen=seen, by=by, at=AT)


def test_many_approvers_make_one_transition(world: World) -> None:
    heads = [person(f"head{n}", [Role.HEAD]) for n in range(8)]
    for _ in range(5):
        request = submitted(world)
        seen = request_digest(request)
        before = Decision.objects.count()
        results = at_once(*(approval(request, head, seen) for head in heads))
        assert sum(isinstance(result, ChangeRequest) for result in results) == 1
        assert sum(isinstance(result, WrongState) for result in results) == 7
        assert Decision.objects.count() == before + 1


def test_who_approves_while_another_edits_approves_nothing_unseen(world: World) -> None:
    """Either the approval came first and the edit is refused, or the edit came first and the approval is."""
    outcomes = set()
    for _ in range(10):
        request = submitted(world)
        seen = request_digest(request)

        def change(request: ChangeRequest = request) -> Any:
            back = approvals.send_back(request=request, by=world.mia, at=AT)
            return approvals.submit(request=back, items=[ITEM], by=world.mia, at=AT)

        changed, approved = at_once(change, approval(request, world.chen, seen))
        request.refresh_from_db()
        if isinstance(approved, ChangeRequest):
            assert isinstance(changed, WrongState) and request.status == "APPROVED"
        else:
            assert isinstance(approved, Conflict | WrongState) and request.status == "SUBMITTED"
        outcomes.add(type(approved).__name__)
    assert outcomes


def test_two_keys_of_a_name_stay_two(world: World) -> None:
    def issue() -> Any:
        return access.issue_key(
            environment=world.live, owner=world.eli, name="k", scopes=["events:write"], expires_at=None,
            by=world.eli, at=AT,
        )  # fmt: skip

    results = at_once(*[issue] * 8)
    assert sum(isinstance(result, Conflict) for result in results) == 6
    assert ApiKey.objects.filter(name="k").count() == 2


def test_one_alias_names_one_account(world: World) -> None:
    def claim(account: Any) -> Callable[[], Any]:
        return lambda: customers.add_alias(account=account, alias="org_1", by=None, at=AT)

    results = at_once(*(claim(account) for account in (world.acme, world.globex) * 4))
    assert sum(isinstance(result, DomainError) for result in results) == 7


def test_chainers_beside_each_other_make_one_chain(world: World) -> None:
    for _ in range(40):
        audit.record(environment=None, action="a.b", subject="x:1", by=None, at=timezone.now())
    made = at_once(*[lambda: audit.chain(at=timezone.now())] * 6)
    while audit.chain(at=timezone.now()):
        pass
    assert sum(made) <= AuditEntry.objects.count() == AuditLink.objects.count()
    assert audit.verify(at=timezone.now() + timedelta(hours=1)).problems == ()
