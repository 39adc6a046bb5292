"""What approval something would need, and why: asked before submission, by a page, the API and other builders."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import models

from monetization.foundation.models import ChangeItem, ChangeRequest, Environment, User
from monetization.foundation.queries.governed import facts_of_row, governed_row, kind_of
from monetization.foundation.queries.policies import policy_rules
from monetization.foundation.queries.requests import facts_of, makers_of, policies_for
from monetization.foundation.queries.standing_in import holders, ties
from monetization.foundation.rules.approvals import RequestStatus
from monetization.foundation.rules.facts import Facts
from monetization.foundation.rules.makers import related
from monetization.foundation.rules.needed import Need, Needed, need, need_each
from monetization.foundation.rules.roles import Role
from monetization.values.errors import NotFound


@dataclass(frozen=True, slots=True)
class Answer:
    """What approval a thing would need (`need`), and who could give it if somebody submitted it now."""

    kind: str
    facts: Facts
    need: Need
    people: dict[Role, tuple[User, ...]]

    @property
    def steps(self) -> tuple[Needed, ...]:
        """Who is asked, in order."""
        return self.need.steps

    @property
    def stuck(self) -> tuple[Role, ...]:
        """Roles of which too few people could decide, so that nobody could get it through."""
        return tuple(one.role for one in self.need.steps if len(self.people.get(one.role, ())) < one.how_many)


def approval_needed(subject: models.Model, by: User, *, at: datetime) -> Answer:
    """Say what approval a governed row (or a change request, over its items) would need if `by` submitted it now.

    Raises NotFound for a row that is not governed.
    """
    if isinstance(subject, ChangeRequest):
        return _of_request(subject, by, at)
    makers = {by.pk, *editors_of(subject)}
    kind = kind_of(subject)
    environment = kind.environment(subject)
    return _answer(environment, kind.name, [facts_of_row(subject)], makers, at)


def approval_for_facts(environment: Environment, kind: str, facts: Facts, by: User, *, at: datetime) -> Answer:
    """Say the same for facts that somebody typed."""
    return _answer(environment, kind, [facts], {by.pk}, at)


def editors_of(row: models.Model) -> frozenset[int]:
    """Return everybody who wrote or edited a governed row, by its history."""
    history = getattr(row, "history", None)
    written = history.values_list("created_by_id", "last_edited_by_id") if history is not None else ()
    now = [(getattr(row, "created_by_id", None), getattr(row, "last_edited_by_id", None))]
    return frozenset(pk for pair in [*written, *now] for pk in pair if pk is not None)


def _of_request(request: ChangeRequest, by: User, at: datetime) -> Answer:
    items, policies = list(request.items.all()), policies_for(request)
    found = need_each([(policies.get(item.kind or request.kind, []), _facts(request, item, by)) for item in items])
    makers = {by.pk, *makers_of(request)}
    return Answer(request.kind, facts_of(items[0]) if len(items) == 1 else {}, found, _people(found, makers, at))


def _facts(request: ChangeRequest, item: ChangeItem, by: User) -> Facts:
    """Give an item's facts: as they were submitted, or as its draft is now."""
    if request.status != RequestStatus.DRAFT.value:
        return facts_of(item)
    try:
        return facts_of_row(governed_row(by, request.environment, item.subject))
    except NotFound:
        return facts_of(item)


def _answer(environment: Environment, kind: str, several: list[Facts], makers: Collection[int], at: datetime) -> Answer:
    found = need(policy_rules(environment, kind).get(kind, []), several)
    people = _people(found, makers, at)
    return Answer(kind, several[0] if len(several) == 1 else {}, found, people)


def _people(found: Need, makers: Collection[int], at: datetime) -> dict[Role, tuple[User, ...]]:
    barred = related(makers, ties(makers, at, at))
    return {one.role: tuple(user for user in holders([one.role], at) if user.pk not in barred) for one in found.steps}
