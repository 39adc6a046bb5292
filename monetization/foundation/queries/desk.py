"""Submitted requests as a decider meets them: who is missing, whose turn it is, what is overdue, may I.

Many requests are read together in a bounded number of queries; one alone is read the same way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monetization.foundation.models import ChangeRequest, Decision, Environment, Escalation, User
from monetization.foundation.queries.policies import policy_rules
from monetization.foundation.queries.requests import (
    approvals,
    decisions_on,
    makers_of,
    missing_after,
    needs_under,
    policies_for,
    request_digest,
)
from monetization.foundation.queries.standing_in import hats_of, tied
from monetization.foundation.queries.subjects import subject_of
from monetization.foundation.rules import deadlines, deciding
from monetization.foundation.rules.approvals import RequestStatus, Requirement, Verdict
from monetization.foundation.rules.deciding import Acting, Hat, Missing
from monetization.foundation.rules.makers import Tie, why_not
from monetization.foundation.rules.roles import Role

INBOX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Case:
    """A request with everything that its decision depends on, read at one instant."""

    request: ChangeRequest
    digest: bytes
    needed: tuple[Requirement, ...]
    said: tuple[Decision, ...]
    escalations: tuple[Escalation, ...]

    @property
    def missing(self) -> Missing:
        """Who is missing: (role, how many)."""
        return missing_after(self.needed, self.said)

    @property
    def turn(self) -> Missing:
        """Those of the missing whose turn it is."""
        return deciding.in_turn(self.needed, approvals(self.said)) if self.missing else ()

    @property
    def instead(self) -> Mapping[Role, frozenset[Role]]:
        """For an overdue role, the roles that may decide in its stead."""
        found: dict[Role, frozenset[Role]] = {}
        for one in self.escalations:
            if one.to_role:
                role = Role(one.role)
                found[role] = found.get(role, frozenset()) | {Role(one.to_role)}
        return found

    @property
    def given(self) -> list[tuple[Role, datetime]]:
        """Approvals with their times."""
        return [(Role(one.role), one.at) for one in self.said if one.verdict == Verdict.APPROVE.value]

    def due_at(self, one: Requirement) -> datetime | None:
        """Return until when a requirement whose turn it is should be satisfied."""
        start = self.request.submitted_at or self.request.created_at
        return deadlines.due_at(one, self.needed, self.given, start)

    def acting(self, hats: Sequence[Hat]) -> Acting | None:
        """Return as what somebody with these hats would approve; None while it isn't their turn."""
        return deciding.acting_as(self.turn, hats, self.instead, self.taken)

    @property
    def taken(self) -> set[int | None]:
        """People who have spoken, themselves or through somebody who stands in."""
        return {pk for one in self.said for pk in (one.by_id, one.in_name_of_id) if pk is not None}


@dataclass(frozen=True, slots=True)
class Decider:
    """A person at the desk: their hats, and their delegations with their ends, by which they are tied to makers."""

    user: User
    hats: tuple[Hat, ...]
    tied: tuple[tuple[Tie, datetime], ...]

    def why_not(self, case: Case) -> str:
        """Say why this person can't approve a case now; empty: can."""
        found = self.why_barred(case)
        if found:
            return found
        if self.user.pk in case.taken:
            return "You have decided about this already."
        if case.acting(self.hats) is None:
            return f"This waits for: {', '.join(sorted(role.label for role, _ in case.turn)) or 'nobody'}."
        return ""

    def why_barred(self, case: Case) -> str | None:
        """Say why this person is a maker of a case or related to one."""
        opened = case.request.created_at
        return why_not(self.user.pk, makers_of(case.request), [tie for tie, end in self.tied if end >= opened])


def cases(environment: Environment, requests: Iterable[ChangeRequest]) -> list[Case]:
    """Read everything about these requests (their items prefetched) in a bounded number of queries."""
    listed = list(requests)
    policies = policy_rules(environment) if listed else {}
    said = _said(listed)
    escalated: dict[tuple[int, int], list[Escalation]] = {}
    for row in Escalation.objects.filter(request__in=listed) if listed else ():
        escalated.setdefault((row.request_id, row.revision), []).append(row)
    found = []
    for request in listed:
        seen = request_digest(request)
        found.append(
            Case(
                request, seen, needs_under(request, policies), tuple(said.get((subject_of(request), seen), ())),
                tuple(escalated.get((request.pk, request.revision), ())),
            )
        )  # fmt: skip
    return found


def case_of(request: ChangeRequest) -> Case:
    """Read everything about one request."""
    seen = request_digest(request)
    needed = needs_under(request, policies_for(request))
    escalated = tuple(request.escalations.filter(revision=request.revision))
    return Case(request, seen, needed, tuple(decisions_on(subject_of(request), seen)), escalated)


def decider(user: User, listed: Sequence[Case], at: datetime, hats: tuple[Hat, ...] | None = None) -> Decider:
    """Read as what a person may decide about some cases; `hats` where they were read already."""
    hats = hats_of(user, at) if hats is None else hats
    since = min((case.request.created_at for case in listed), default=at)
    return Decider(user, hats, tied([user.pk], since, at) if hats and listed else ())


def submitted(environment: Environment, after: int = 0) -> list[Case]:
    """Return the submitted requests of an environment, oldest first, a bounded number of them after an id."""
    open_now = RequestStatus.SUBMITTED.value
    found = ChangeRequest.objects.filter(environment=environment, status=open_now, pk__gt=after)
    rows = found.select_related("owner", "submitted_by").prefetch_related("items").order_by("pk")[:INBOX_LIMIT]
    return cases(environment, rows)


def desk_of(user: User, environment: Environment, *, at: datetime) -> list[Case]:
    """Return the submitted requests that this person may decide now, oldest first."""
    hats = hats_of(user, at)
    listed = submitted(environment) if hats else []
    one = decider(user, listed, at, hats)
    return [case for case in listed if not one.why_not(case)]


def waiting_for(user: User, environment: Environment, *, at: datetime) -> list[ChangeRequest]:
    """Return the requests of the desk alone."""
    return [case.request for case in desk_of(user, environment, at=at)]


def outstanding_of(request: ChangeRequest) -> Missing:
    """Return (role, how many are missing) for a request as it stands."""
    return case_of(request).missing


def outstanding_of_all(environment: Environment, requests: Iterable[ChangeRequest]) -> dict[int, Missing]:
    """Return what is missing for each submitted request by its id, in a bounded number of queries."""
    return {case.request.pk: case.missing for case in cases(environment, requests)}


def _said(requests: Sequence[ChangeRequest]) -> dict[tuple[str, bytes], list[Decision]]:
    said: dict[tuple[str, bytes], list[Decision]] = {}
    found = Decision.objects.filter(subject__in=[subject_of(request) for request in requests])
    for one in found.select_related("by", "in_name_of") if requests else ():
        said.setdefault((one.subject, bytes(one.digest)), []).append(one)
    return said
