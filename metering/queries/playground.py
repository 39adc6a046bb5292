"""Whose events are tried in the playground."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from metering.rules.tried import Owner, Tried
from monetization.foundation.models import Account, Environment
from monetization.foundation.queries import accounts_named


def owners_of(
    visible: QuerySet[Account], environment: Environment, found: Sequence[Tried]
) -> dict[tuple[str, datetime], Owner]:
    """Find the accounts that events name, as far as they may be seen, in three queries."""
    asked = {(each.event.subject, each.time) for each in found if each.event}
    named = accounts_named(environment.pk, {name for name, _ in asked})
    ids = {(name, at): named.by_key.get(name) or named.of_alias(name, at) for name, at in asked}
    rows = visible.filter(pk__in=set(ids.values())).values_list("pk", "key", "time_zone")
    known = {pk: Owner(key, zone) for pk, key, zone in rows}
    return {subject: known[pk] for subject, pk in ids.items() if pk in known}
