"""Many drafts at once say what each says by itself, cost a bounded number of queries, and never stop for one."""

from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing import tasks
from billing.actions import drafting, invoices, runs, upkeep
from billing.models import Drawdown, Flag, Invoice, InvoiceLine
from billing.queries.due import dues_of
from catalog.models import Contract
from tests import drafted
from tests.make import World
from tests.priced import NOVEMBER_5

RATING = import_module("billing.queries.rated")


class Undone(Exception):
    """Takes back what was done inside a transaction."""


def one_by_one(contracts: list[Contract]) -> dict[Any, Any]:
    """Draft what is due of each by itself, look, and take it back."""
    try:
        with transaction.atomic():
            for due in dues_of(contracts, NOVEMBER_5):
                invoices.draft(contract=due.contract, period=due.period, kind=due.kind, by=None, at=NOVEMBER_5)
            found = drafted.contents(contracts)
            raise Undone
    except Undone:
        return found


def test_together_is_as_one_by_one(world: World) -> None:
    contracts = drafted.varied(world, 7)
    single = one_by_one(contracts)
    run = runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5)
    together = drafted.contents(contracts)
    assert run.parked == []
    assert together.keys() == single.keys()
    for place, content in single.items():
        assert together[place] == content, place
    assert {line.kind for line in InvoiceLine.objects.all()} >= {
        "usage", "recurring", "one_time", "true_up", "cap", "drawdown",
    }  # fmt: skip
    assert Invoice.objects.filter(kind="COMMIT").count() == 2
    assert Drawdown.objects.filter(expired=0, drawn__gt=0).count() > 2
    assert runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5).drafted == []


def test_bringing_up_to_date_together_is_as_one_by_one(world: World) -> None:
    contracts = drafted.varied(world, 6)
    runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5)
    before = drafted.contents(contracts)
    InvoiceLine.objects.filter(of=None).update(amount=1)
    Flag.objects.all().delete()
    Invoice.objects.update(rated_at=None, net=0, tax=0, total=0)
    assert upkeep.refresh_stale(at=NOVEMBER_5) == len(before)
    after = drafted.contents(contracts)
    assert upkeep.refresh_stale(at=NOVEMBER_5) == 0
    for place, content in before.items():
        status, revision, *state = content["state"]
        assert after[place] == content | {"state": (status, revision + 1, *state)}, place


def queries_of_a_run(contracts: list[Contract]) -> int:
    """Count what drafting all contracts costs the second time, when cards are in memory; all is taken back."""
    counts = []
    for _ in range(2):
        try:
            with (
                transaction.atomic(),
                CaptureQueriesContext(
                    connection,
                ) as asked,
            ):
                drafting.draft_contracts([each.pk for each in contracts], by=None, at=NOVEMBER_5)
                counts.append(len(asked))
                raise Undone
        except Undone:
            pass
    return counts[-1]


def test_queries_do_not_grow_with_the_contracts(world: World) -> None:
    """Contracts with the same cuts of time cost rows, not queries; more of known kinds cost none."""
    contracts = drafted.varied(world, 9)
    few = queries_of_a_run(contracts[1:5])
    more = drafted.twins(world, contracts[1:5], 2)
    many = queries_of_a_run([*contracts[1:5], *more])
    assert len(more) == 8
    assert many <= few + 2, (few, many)


def test_a_fault_of_one_stops_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = drafted.varied(world, 5)
    real = RATING.bill

    def broken(terms: Any, usage: Any) -> Any:
        if terms.contract == "deal-2":
            raise ZeroDivisionError("division by zero")
        return real(terms, usage)

    monkeypatch.setattr(RATING, "bill", broken)
    run = runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5)
    assert run.parked == [("deal-2", "ZeroDivisionError: division by zero")]
    made = set(Invoice.objects.values_list("contract__key", flat=True))
    assert made == {each.key for each in contracts} - {"deal-2"}
    monkeypatch.undo()
    again = runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5)
    assert {each.contract.key for each in again.drafted} == {"deal-2"}


def test_rows_that_the_database_refuses_stop_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wave that can't be written is drafted one by one; only what is wrong by itself stays behind."""
    contracts = drafted.varied(world, 5)
    rows = import_module("billing.actions.draft_rows")
    real = rows._line

    def broken(invoice: Any, *rest: Any) -> Any:
        line = real(invoice, *rest)
        line.kind = "no kind of line" if invoice.contract.key == "deal-4" else line.kind
        return line

    monkeypatch.setattr(rows, "_line", broken)
    run = runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5)
    assert [key for key, _ in run.parked] == ["deal-4"]
    assert "too long" in run.parked[0][1]
    made = set(Invoice.objects.values_list("contract__key", flat=True))
    assert made == {each.key for each in contracts} - {"deal-4"}


def test_the_worker_drafts_by_chunks(world: World, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    contracts = drafted.varied(world, 5)
    settings.CELERY_TASK_ALWAYS_EAGER = True
    monkeypatch.setattr(runs, "CHUNK", 2)
    monkeypatch.setattr(tasks.timezone, "now", lambda: NOVEMBER_5)
    chunks = runs.chunks_due(environment=world.live, at=NOVEMBER_5)
    assert sorted(map(len, chunks)) == [1, 2, 2]
    sent: list[Any] = []
    monkeypatch.setattr(tasks.draft_contracts, "apply_async", lambda arguments, **how: sent.append((arguments, how)))
    tasks.draft_due()
    assert [arguments for arguments, _ in sent] == [[ids] for ids in chunks]
    assert {how["expires"] for _, how in sent} == {tasks.ROUND_SECONDS}
    tasks.draft_contracts(chunks[0])
    tasks.draft_contracts(chunks[0])  # a message may come twice
    assert Invoice.objects.values("contract").distinct().count() == len(chunks[0])
    for ids in chunks:
        tasks.draft_contracts(ids)
    assert runs.chunks_due(environment=world.live, at=NOVEMBER_5) == []
    assert Invoice.objects.values("contract").distinct().count() == len(contracts)
