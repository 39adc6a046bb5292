"""All that an impact rests on, as one digest: an impact whose inputs have moved is stale.

The request's items as they are now, the terms that are approved for the accounts looked at, and how far their usage
had come. What is itself proposed by the request isn't among the terms, so that its own approval leaves the impact.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from billing.models import Impact
from catalog.actions.changes import subject_row
from catalog.models import Amendment, Contract, CreditGrant, MetricVersion, RateCardVersion
from catalog.models.versions import Governed
from catalog.queries import Proposed, contracts_touched, proposed_in
from catalog.queries.content import content_digest
from metering.queries import marks
from monetization.foundation.models import ChangeRequest, Environment
from monetization.foundation.queries import subject_of
from monetization.values.canonical import digest


def rows_of(request: ChangeRequest) -> list[Governed]:
    """Find what a request would change."""
    return [subject_row(item.subject) for item in request.items.order_by("subject")]


def accounts_of(proposed: Proposed, environment: Environment) -> list[int]:
    """List the accounts whose contracts are touched."""
    return sorted(set(contracts_touched(proposed, environment).values_list("account_id", flat=True)))


def inputs_of(request: ChangeRequest, first_day: Any, months: int) -> bytes:
    """Digest everything that an impact of a request over some months would rest on now."""
    found = rows_of(request)
    accounts = accounts_of(proposed_in(found), request.environment)
    own = {subject_of(row) for row in found}
    return digest(
        {
            "items": [[subject_of(row), content_digest(row).hex()] for row in found],
            "time": [str(first_day), months],
            "terms": _terms(request.environment, accounts, own),
            "usage": sorted([pk, number] for pk, number in marks(accounts).items()),
        }
    )


def is_stale(impact: Impact) -> bool:
    """Say whether what an impact rests on has moved since it was begun."""
    return inputs_of(impact.request, impact.first_day, impact.months) != bytes(impact.inputs)


def _terms(environment: Environment, accounts: Collection[int], own: Collection[str]) -> list[list[Any]]:
    """List the approved rows that say what these accounts pay, with their contents' digests."""
    mine = {"account__in": accounts, "status": "APPROVED"}
    sets: list[QuerySet[Any]] = [
        Contract.objects.filter(**mine),
        Amendment.objects.filter(contract__account__in=accounts, status="APPROVED"),
        CreditGrant.objects.filter(**mine),
        RateCardVersion.objects.filter(rate_card__environment=environment, status="APPROVED"),
        MetricVersion.objects.filter(metric__environment=environment, status="APPROVED"),
    ]
    found = (
        (subject_of(rows.model(pk=pk)), bytes(content or b"").hex())
        for rows in sets
        for pk, content in rows.order_by("pk").values_list("pk", "content_digest")
    )
    return [[name, content] for name, content in found if name not in own]
