"""Where the time of a fold goes: microseconds an event, by statement and by function. For whoever makes it faster.

`sql_…` is the time until the database has answered a statement (a COPY is among the functions), measured in one run;
`py_…` is the time inside a function of ours and what it calls, by cProfile in another, which slows Python down about
two times: read the shares, not the sums.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from benchmarks import events
from benchmarks.figures import Figure
from benchmarks.fold import BATCH, counted

OWN = ("metering", "catalog", "monetization")
SHOWN = 1.0  # microseconds an event


def figures(quick: bool) -> Iterator[Figure]:
    """Fold typical batches; both breakdowns, the largest first."""
    count = 3 if quick else 10
    for _ in range(3):
        counted(events.body(events.made(BATCH)), BATCH)
    statements, whole = _statements(count)
    yield Figure("whole", f"{whole / count / BATCH * 1e6:.1f}", "µs an event")
    for name, seconds in _largest(statements):
        yield from _shown(f"sql_{name}", seconds, count)
    for name, seconds in _largest(_functions(count)):
        yield from _shown(f"py_{name}", seconds, count)


def _largest(spent: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(spent.items(), key=lambda each: -each[1])


def _shown(name: str, seconds: float, count: int) -> Iterator[Figure]:
    each = seconds / count / BATCH * 1e6
    if each >= SHOWN:
        yield Figure(name, f"{each:.1f}", "µs an event")


def _statements(count: int) -> tuple[dict[str, float], float]:
    """Time every statement."""
    spent: defaultdict[str, float] = defaultdict(float)

    def timed(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent[_name(str(sql))] += time.perf_counter() - began

    bodies = [events.body(events.made(BATCH)) for _ in range(count)]
    began = time.perf_counter()
    with connection.execute_wrapper(timed):
        for body in bodies:
            counted(body, BATCH)
    return spent, time.perf_counter() - began


def _name(sql: str) -> str:
    """Name a statement by its verb and its first table."""
    words = sql.replace("(", " ").replace('"', "").split()
    tables = [word for word in words if word.startswith(("metering_", "foundation_", "catalog_", "pg_temp.", "pg_adv"))]
    return "_".join([words[0].lower(), *(each.strip(",;").split(".")[-1] for each in tables[:1])])


def _functions(count: int) -> dict[str, float]:
    """Profile every function of the product."""
    bodies, profile = [events.body(events.made(BATCH)) for _ in range(count)], cProfile.Profile()
    profile.enable()
    for body in bodies:
        counted(body, BATCH)
    profile.disable()
    found: defaultdict[str, float] = defaultdict(float)
    for (file, _, function), (_, _, _, cumulative, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        path = Path(file)
        is_own = path.is_relative_to(settings.BASE_DIR) and path.relative_to(settings.BASE_DIR).parts[0] in OWN
        is_copy = path.parent.name == "psycopg" and function == "write"
        if (is_own and function.isidentifier()) or is_copy:
            found[f"{path.stem}.{function}"] += cumulative
    return found
