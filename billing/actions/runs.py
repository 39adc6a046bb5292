"""Draft what is due: an invoice for every contract's period that has started, closed ones too.

Each contract is a transaction of its own. One that can't be drafted is reported with its reason and the others go
on; a draft that can't be computed is parked with a flag. Running again adds nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime

from billing.actions import invoices
from billing.models import Invoice
from billing.queries.purchases import purchases_in
from billing.rules.lifecycle import Kind
from catalog.models import Contract
from catalog.queries import periods_of
from monetization.foundation.actions import rows
from monetization.foundation.models import Environment, User
from monetization.values.errors import DomainError

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Run:
    """What a run did: drafts made, contracts that could not be drafted and why."""

    drafted: list[Invoice] = field(default_factory=list)
    parked: list[tuple[str, str]] = field(default_factory=list)


def draft_due(*, environment: Environment, by: User | None, at: datetime) -> Run:
    """Draft every period of every approved contract that has started and has no invoice yet."""
    rows.allow(by, "billing.draft_invoice")
    run = Run()
    contracts = Contract.objects.filter(environment=environment, status="APPROVED")
    for contract in contracts.select_related("account").order_by("pk"):
        try:
            run.drafted += _draft_missing(contract, by, at)
        except DomainError as error:
            run.parked.append((contract.key, str(error)))
        except Exception as error:
            log.exception("drafting contract %s failed", contract.pk)
            run.parked.append((contract.key, f"{type(error).__name__}: {error}"))
    return run


def _draft_missing(contract: Contract, by: User | None, at: datetime) -> list[Invoice]:
    known = set(Invoice.objects.filter(contract=contract).values_list("kind", "period_starts_at"))
    started = list(periods_of(contract, at))
    due = [(Kind.COMMIT.value, period) for period in started if purchases_in(contract, period)]
    due += [(Kind.USAGE.value, period) for period in started]
    return [
        invoices.draft(contract=contract, period=period, kind=kind, by=by, at=at)
        for kind, period in due
        if (kind, period.starts_at) not in known
    ]
