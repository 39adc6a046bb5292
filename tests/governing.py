"""Requests about nothing in particular, and policies set for a test."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from monetization.foundation.actions import approvals, policies
from monetization.foundation.models import ChangeRequest, Environment, Policy, PolicyVersion, User
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import Item, RequestStatus, Verdict
from monetization.foundation.rules.conditions import Condition
from monetization.foundation.rules.policies import Asked
from tests.make import AT, World

KIND = "metric"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def content(*asked: Asked, conditions: Sequence[Condition] = (), **more: Any) -> policies.Content:
    """Say what a version asks."""
    return policies.Content(asked, conditions, **more)


def put(world: World, name: str, said: policies.Content, kind: str = "thing") -> PolicyVersion:
    """Put a policy in force through its own request, decided by finance as at the beginning."""
    draft = policies.draft_policy(environment=world.live, kind=kind, name=name, content=said, by=world.chen, at=AT)
    request = policies.submit_version(version=draft, reason="Test", by=world.chen, at=AT)
    agree(request, world.finn)
    draft.refresh_from_db()
    return draft


def agree(request: ChangeRequest, by: User, verdict: Verdict = Verdict.APPROVE, at: datetime = AT, **more: Any) -> Any:
    """Decide as the catalog's edges do."""
    from catalog.actions import changes

    request.refresh_from_db()
    more.setdefault("reason", "" if verdict is Verdict.APPROVE else "Because")
    return changes.decide(request=request, verdict=verdict, seen=request_digest(request), by=by, at=at, **more)


def asked_for(
    world: World, kind: str = "thing", by: User | None = None, place: Environment | None = None, **facts: Any
) -> ChangeRequest:
    """Open and submit a request of a kind with some facts."""
    by = by or world.mia
    request = approvals.open_request(
        environment=place or world.live, kind=kind, title="New prices", reason="Test",
        items=[Item("test.thing:1", "Thing")], effective_at=None, by=by, at=AT,
    )  # fmt: skip
    item = Item("test.thing:1", "Thing", b"\1" * 32, {k: _fact(v) for k, v in facts.items()})
    return approvals.submit(request=request, items=[item], by=by, at=AT)


def say(request: ChangeRequest, by: User, verdict: Verdict = Verdict.APPROVE, at: datetime = AT) -> RequestStatus:
    """Decide about exactly what is there now; gives the state after it."""
    request.refresh_from_db()
    reason = "" if verdict is Verdict.APPROVE else "Because"
    seen = request_digest(request)
    after = approvals.decide(request=request, verdict=verdict, seen=seen, by=by, at=at, reason=reason)
    return RequestStatus(after.status)


def set_directly(world: World, name: str, roles: dict[Any, int], kind: str) -> Policy:
    """Set a policy as the installation does before policies are governed."""
    return policies.create_policy(environment=world.live, kind=kind, name=name, roles=roles, by=None, at=AT)


def _fact(value: Any) -> Any:
    return frozenset(value) if isinstance(value, set) else Decimal(value)
