"""The bench starts each time from the same database: a copy of the demo company as it was first made.

A run writes millions of rows; without this its tables would grow from run to run, and so would its figures. Only the
embedded database is replaced, never one that DATABASE_URL names.
"""

from __future__ import annotations

import psycopg
from psycopg.sql import SQL, Identifier

from monetization.embedded import addresses
from monetization.knobs import Values
from monetization.serve import migrations_digest

NAME, KEPT = "meterstone", "bench_pristine_"


def restore(values: Values) -> None:
    """Replace the database by the copy that was kept, or keep a copy of it; nobody may be connected."""
    if not values.embedded_database:
        return
    kept = KEPT + migrations_digest()[:12]
    with psycopg.connect(addresses(values["VAR_DIR"]).postgres("owner", "postgres"), autocommit=True) as server:
        found = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [KEPT]).fetchall()
        for (old,) in found:
            if old != kept:
                server.execute(SQL("DROP DATABASE {}").format(Identifier(old)))
        if (kept,) in found:
            server.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(NAME)))
            _copy(server, kept, NAME)
        else:
            _copy(server, NAME, kept)


def _copy(server: psycopg.Connection, source: str, target: str) -> None:
    server.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(target), Identifier(source)))
