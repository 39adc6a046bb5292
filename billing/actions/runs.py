"""Draft what is due: an invoice for every contract's period that has started, closed ones too.

What is due is read from the rows, so a run that was cut short is gone on with by the next one, and running again adds
nothing. It goes in chunks of contracts, each of which a worker can do by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from billing.actions.drafting import Run, draft_contracts
from billing.queries.due import contracts_due
from monetization.foundation.actions import rows
from monetization.foundation.models import Environment, User

CHUNK = 200  # contracts of one transaction: what their locks and rows take stays small

__all__ = ["CHUNK", "Run", "chunks_due", "draft_contracts", "draft_due", "draft_in_chunks"]


def chunks_due(*, environment: Environment, at: datetime) -> list[list[int]]:
    """List the contracts that want an invoice, in the chunks in which they are drafted."""
    ids = contracts_due(environment, at)
    return [ids[first : first + CHUNK] for first in range(0, len(ids), CHUNK)]


def draft_due(*, environment: Environment, by: User | None, at: datetime) -> Run:
    """Draft every period of every approved contract that has started and has no invoice yet."""
    rows.allow(by, "billing.draft_invoice")
    run = Run()
    for part in draft_in_chunks(environment=environment, by=by, at=at):
        run.drafted += part.drafted
        run.parked += part.parked
    return run


def draft_in_chunks(*, environment: Environment, by: User | None, at: datetime) -> Iterator[Run]:
    """Do so chunk by chunk, keeping none of them."""
    rows.allow(by, "billing.draft_invoice")
    for ids in chunks_due(environment=environment, at=at):
        yield draft_contracts(ids, by=by, at=at)
