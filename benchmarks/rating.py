"""How fast terms become bills: one contract in memory, and thousands from stored usage to stored drafts.

The drafts are made by what the workers' task calls, in processes of their own. Beside them, in the same run, PostgreSQL
alone adds up the same usage by account, cut and dimension values: in one statement over the hours, and in one over the
days and the hours around them, as the product reads it.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from django.db import connection, connections

from benchmarks import deal
from benchmarks.customers import Customers, customers
from benchmarks.figures import Figure, spread
from billing.actions.runs import CHUNK, draft_contracts
from billing.models import Invoice, InvoiceLine
from billing.rules.bill import bill
from monetization.processes import collect_rarely

FULL, QUICK = 10_000, 500
EARLY = 1_000  # accounts after which memory is looked at first
BARE = """
SELECT count(*), sum(quantity) FROM (
  SELECT u.account_id, u.hour >= %(cut)s AS cut, u.dimensions_id, sum(u.quantity) AS quantity, sum(u.events) AS events
  FROM metering_hourlyusage u JOIN catalog_contract c ON c.account_id = u.account_id
  WHERE c.id = ANY(%(contracts)s) AND u.metric_version_id = %(version)s
    AND u.hour >= c.start_date AND u.hour < c.start_date + interval '1 month'
  GROUP BY 1, 2, 3
) asked
"""
DROP = """
DELETE FROM billing_flag WHERE invoice_id = ANY(%(ids)s);
DELETE FROM billing_drawdown WHERE invoice_id = ANY(%(ids)s);
DELETE FROM billing_invoicetax WHERE invoice_id = ANY(%(ids)s);
DELETE FROM billing_invoiceline WHERE invoice_id = ANY(%(ids)s);
DELETE FROM billing_invoice WHERE id = ANY(%(ids)s);
"""


def figures(quick: bool) -> Iterator[Figure]:
    """Rate in memory, then draft with one and with two workers."""
    yield from _pure(20 if quick else 100)
    count = QUICK if quick else FULL
    made = customers(count)
    bare = min(_bare(made) for _ in range(3))
    yield Figure("accounts", f"{count}", "accounts")
    yield Figure("bare_aggregation", f"{bare:.2f}", "s")
    for workers in (1, 2):
        began = time.perf_counter()
        peaks = _drafted(made, workers)
        seconds = time.perf_counter() - began
        name = f"{workers}_worker{'s' * (workers > 1)}"
        yield Figure(f"drafted_{name}", f"{count / seconds:.0f}", "accounts/s", "≥ 300" if workers == 2 else "")
        yield Figure(f"of_bare_{name}", f"{seconds / bare:.1f}", "times the bare aggregation", "≤ 3")
        if workers == 1:
            yield Figure("peak_early", f"{peaks[0][0]:.0f}", f"MB after {min(EARLY, count // 2)} accounts")
            yield Figure("peak_late", f"{peaks[0][1]:.0f}", f"MB after {count} accounts", "as early")
        yield from _dropped(made, count, is_last=workers == 2)


def _pure(times: int) -> Iterator[Figure]:
    """The contract of 40 products, from values to a bill."""
    agreed, used = deal.terms(), deal.usage()
    lines, seconds = len(bill(agreed, used).lines), list[float]()
    for _ in range(times):
        began = time.perf_counter()
        bill(agreed, used)
        seconds.append(time.perf_counter() - began)
    yield from spread("pure", seconds)
    yield Figure("pure_lines", f"{lines}", "lines of one bill")
    yield Figure("pure_rate", f"{lines * times / sum(seconds):.0f}", "lines/s")


def _bare(made: Customers) -> float:
    cut = f"{made.month:%Y-%m}-29 00:00+00"
    asked: dict[str, Any] = {"contracts": list(made.contracts), "version": made.version_id, "cut": cut}
    with connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(BARE, asked)
        cursor.fetchone()
        return time.perf_counter() - began


def _drafted(made: Customers, workers: int) -> list[tuple[float, float]]:
    """Draft all by so many processes; gives each one's peak of memory early and at the end, in MB."""
    connections.close_all()  # none may be shared with a child
    shares = [made.contracts[number::workers] for number in range(workers)]
    with ProcessPoolExecutor(workers, get_context("fork")) as pool:
        return list(pool.map(_work, shares, [made] * workers))


def _work(ids: Sequence[int], made: Customers) -> tuple[float, float]:
    collect_rarely()
    early = 0.0
    for first in range(0, len(ids), CHUNK):
        run = draft_contracts(ids[first : first + CHUNK], by=None, at=made.at)
        assert not run.parked, run.parked[0]
        early = _peak() if first < min(EARLY, len(ids) // 2) else early
    connections.close_all()
    return early, _peak()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _dropped(made: Customers, count: int, *, is_last: bool) -> Iterator[Figure]:
    """Take the drafts away, so that the next worker finds what this one found."""
    ids = list(Invoice.objects.filter(contract__in=made.contracts).values_list("pk", flat=True))
    lines = InvoiceLine.objects.filter(invoice__in=ids)
    assert len(ids) == count
    if is_last:
        yield Figure("lines", f"{lines.count() / count:.1f}", "lines an account")
    with connections["owner"].cursor() as cursor:
        cursor.execute(DROP, {"ids": ids})
