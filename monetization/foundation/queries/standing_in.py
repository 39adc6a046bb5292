"""Who may decide as what: roles of one's own, and those of people one stands in for; who is tied to whom."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from monetization.foundation.models import Delegation, User
from monetization.foundation.queries.people import roles_of
from monetization.foundation.rules.deciding import Hat
from monetization.foundation.rules.makers import Tie
from monetization.foundation.rules.roles import ABILITIES, DECIDE, Role


def delegations_at(at: datetime) -> QuerySet[Delegation]:
    """Return the delegations in force at an instant."""
    return Delegation.objects.filter(starts_at__lte=at, ends_at__gt=at)


def hats_of(user: User, at: datetime) -> tuple[Hat, ...]:
    """Return as what somebody may decide now: own roles, then those that people who are away hold themselves."""
    own = sorted(roles_of(user), key=lambda role: list(Role).index(role))
    hats = [Hat(role) for role in own]
    if not (user.is_active and user.is_staff):
        return ()
    away = delegations_at(at).filter(delegate=user, person__is_active=True).select_related("person").order_by("pk")
    for one in away:
        hats += [Hat(role, one.person_id) for role in sorted(roles_of(one.person), key=lambda role: role.value)]
    return tuple(hats)


def tied(people: Collection[int], since: datetime, at: datetime) -> tuple[tuple[Tie, datetime], ...]:
    """Return these people's delegations, given or held, in force at some time from `since` to `at`, with their ends.

    The past counts, so that nobody becomes free to decide by ending a delegation first.
    """
    about = Q(person__in=people) | Q(delegate__in=people)
    found = Delegation.objects.filter(about, starts_at__lte=at, ends_at__gte=since, ends_at__gt=F("starts_at"))
    return tuple((Tie(one.person_id, one.delegate_id), one.ends_at) for one in found)


def ties(people: Collection[int], since: datetime, at: datetime) -> tuple[Tie, ...]:
    """Return the same without their ends."""
    return tuple(tie for tie, _ in tied(people, since, at))


def holders(roles: Collection[Role], at: datetime) -> list[User]:
    """Return the active staff who may decide in one of these roles, themselves or for somebody who is away."""
    own = Q(role_grants__role__in=[role.value for role in roles])
    staff = User.objects.filter(is_active=True, is_staff=True)
    holding = set(staff.filter(own).values_list("pk", flat=True))
    standing_in = delegations_at(at).filter(person__in=holding).values_list("delegate_id", flat=True)
    return list(staff.filter(pk__in=holding | set(standing_in)).order_by("name", "pk"))


def delegations_about(user: User, at: datetime) -> dict[str, Any]:
    """Return what a person's page shows: own delegations and those held that aren't over, colleagues to choose from."""
    running = Delegation.objects.filter(ends_at__gt=at).select_related("person", "delegate").order_by("starts_at")
    return {
        "given": list(running.filter(person=user)),
        "held": list(running.filter(delegate=user)),
        "colleagues": list(User.objects.filter(is_active=True, is_staff=True).exclude(pk=user.pk)),
        "decides": any(ABILITIES[role] >= DECIDE for role in roles_of(user)),
    }
