"""Draft the missing invoices of some contracts together: read in bulk, rated in memory, written in bulk.

It goes in waves, each a transaction of its own: the earliest missing period of every contract first, since the next
one rests on the balances that this one leaves. So a worker may die anywhere, and doing it again adds nothing. What is
wrong with one contract is reported with its reason and ends that contract's part; where the database refuses a wave,
its contracts are drafted one by one, so that only those with the fault stay behind.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from billing.actions import drafts, invoices, telling
from billing.actions.drafts import Computed
from billing.models import Invoice
from billing.queries.due import Due, dues_of
from catalog.models import Contract
from monetization.foundation.models import User
from monetization.values.errors import DomainError

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Run:
    """What a run did: drafts made, contracts that could not be drafted and why."""

    drafted: list[Invoice] = field(default_factory=list)
    parked: list[tuple[str, str]] = field(default_factory=list)

    def park(self, contract: Contract, error: Exception) -> None:
        """Report a contract with its reason."""
        if not isinstance(error, DomainError):
            log.error("drafting contract %s failed", contract.pk, exc_info=error)
        words = str(error) if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
        self.parked.append((contract.key, words))


def draft_contracts(contract_ids: Collection[int], *, by: User | None, at: datetime) -> Run:
    """Draft every period of approved contracts of one environment that has started and has no invoice yet."""
    run, left = Run(), set(contract_ids)
    while left:
        try:
            made, failed, left = _wave(left, by, at)
        except Exception:
            log.exception("a wave of %s contracts is drafted one by one", len(left))
            _one_by_one(left, run, by, at)
            break
        run.drafted += made
        for contract, error in failed:
            run.park(contract, error)
            left.discard(contract.pk)
    return run


@transaction.atomic
def _wave(
    ids: Collection[int], by: User | None, at: datetime
) -> tuple[list[Invoice], list[tuple[Contract, Exception]], set[int]]:
    """Draft the first missing period of each contract; gives the drafts, the failures, and who misses more."""
    contracts = _locked(ids)
    dues = dues_of(contracts, at)
    first, more = _first_of_each(dues)
    computed = zip(first, drafts.compute(first), strict=True)
    made, failed = list[tuple[Due, Computed]](), dict[int, tuple[Contract, Exception]]()
    for due, each in computed:
        if isinstance(each, Exception):
            failed.setdefault(due.contract.pk, (due.contract, each))
        else:
            made.append((due, each))
    written = _insert([due for due, _ in made], by, at)
    drafts.write(list(zip(written, (each for _, each in made), strict=True)), at=at)
    return written, list(failed.values()), more


def _locked(ids: Collection[int]) -> list[Contract]:
    # Not its key: rows that others write at once may point at the contract.
    rows = (
        Contract.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=ids, status="APPROVED")
        .order_by("pk")
    )
    return list(rows.select_related("account", "legal_entity", "environment"))


def _first_of_each(dues: Sequence[Due]) -> tuple[list[Due], set[int]]:
    """Take each account's earliest period, all kinds of it; give them, and the contracts that have others."""
    first: dict[int, tuple[int, datetime]] = {}
    for due in dues:
        first.setdefault(due.contract.account_id, (due.contract.pk, due.period.starts_at))
    places = [(due, first[due.contract.account_id] == (due.contract.pk, due.period.starts_at)) for due in dues]
    return [due for due, is_first in places if is_first], {due.contract.pk for due, is_first in places if not is_first}


def _insert(dues: Iterable[Due], by: User | None, at: datetime) -> list[Invoice]:
    """Write the rows of new drafts with their history and the entries of the audit log."""
    made = [invoices.new_draft(due.contract, due.period, due.kind, by) for due in dues]
    Invoice.objects.bulk_create(made)
    Invoice.history.bulk_history_create(made, default_user=by, default_change_reason=None, default_date=at)
    telling.record_drafted(made, by=by, at=at)
    return made


def _one_by_one(ids: Collection[int], run: Run, by: User | None, at: datetime) -> None:
    contracts = Contract.objects.filter(pk__in=ids, status="APPROVED").select_related("account").order_by("pk")
    for contract in contracts:
        try:
            for due in dues_of([contract], at):
                run.drafted.append(
                    invoices.draft(contract=contract, period=due.period, kind=due.kind, by=by, at=at)
                )  # fmt: skip
        except Exception as error:
            run.park(contract, error)
