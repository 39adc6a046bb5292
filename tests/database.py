"""The tests' database: migrated once by the owner, cloned for each process, used as the role ``app``.

Tests meet the same walls as the product: no DDL, no TRUNCATE, no UPDATE on facts. Only the reset between
transactional tests goes around them, through the owner, with triggers off.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import SQL, Identifier, Literal

from monetization.serve import migrations_digest

BUILDING = "meterstone_test_building"


def connect(name: str) -> psycopg.Connection:
    """A connection of the owner, outside Django, to one database of the test server."""
    known = settings.DATABASES["owner"]
    given = {"user": known["USER"], "password": known["PASSWORD"], "host": known["HOST"], "port": known["PORT"]}
    info = make_conninfo(**{key: value for key, value in given.items() if value} | known["OPTIONS"], dbname=name)
    return psycopg.connect(info, autocommit=True)


def rename(name: str) -> None:
    """Point Django at another database of the same server."""
    connections.close_all()
    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = name


def template() -> str:
    """The migrated database that all others are cloned from; made once for each state of the migrations."""
    name, home = f"meterstone_test_{migrations_digest()[:12]}", settings.DATABASES["owner"]["NAME"]
    with connect(home) as server:
        server.execute("SELECT pg_advisory_lock(hashtext('meterstone test template'))")  # until the connection ends
        old = [
            row[0] for row in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'meterstone_test%'")
        ]
        if name in old:
            return name
        for each in old:
            drop(server, each)
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(BUILDING)))
        rename(BUILDING)
        call_command("migrate", database="owner", verbosity=0, interactive=False)
        rename(home)
        server.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(BUILDING), Identifier(name)))
    return name


@contextmanager
def cloned(name: str) -> Iterator[TestDatabase]:
    """A fresh copy of the template under this name, dropped at the end."""
    home, source = settings.DATABASES["owner"]["NAME"], template()
    with connect(home) as server:
        drop(server, name)
        server.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(source)))
        rename(name)
        owner = connect(name)
        try:
            yield TestDatabase(owner)
        finally:
            owner.close()
            rename(home)
            with suppress(InsufficientPrivilege):  # the next run's first act is to drop it
                drop(server, name)


def drop(server: psycopg.Connection, name: str) -> None:
    """Drop a database; while autovacuum is in it, FORCE needs pg_signal_backend, which only our own server gives."""
    statement = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
    for _ in range(50):
        try:
            server.execute(statement)
            return
        except InsufficientPrivilege:
            time.sleep(0.2)
    server.execute(statement)


@dataclass
class TestDatabase:
    """One process's database, and how it looked when the migrations were done."""

    __test__ = False

    owner: psycopg.Connection
    seeds: dict[str, bytes] = field(init=False)

    def __post_init__(self) -> None:
        # Leaves of metering_event stay from test to test, and with them the rows that say which there are.
        self.tables = [
            row[0]
            for row in self.owner.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
                " AND NOT relispartition AND relname NOT IN ('django_migrations', 'metering_eventpartition') ORDER BY 1"
            )
        ]
        self.seeds = {table: self._copied(table) for table in self._filled()}

    def _filled(self) -> list[str]:
        each = SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        asked = SQL(" UNION ALL ").join(each.format(Literal(name), Identifier(name)) for name in self.tables)
        return [row[0] for row in self.owner.execute(asked)]

    def _copied(self, table: str) -> bytes:
        with self.owner.cursor() as cursor, cursor.copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as rows:
            return b"".join(bytes(block) for block in rows)

    def reset(self) -> None:
        """Back to what the migrations left, past the append-only triggers."""
        with self.owner.transaction(), self.owner.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica; SET LOCAL lock_timeout = '30s'")
            for table in {*self._filled(), *self.seeds}:
                cursor.execute(SQL("DELETE FROM {}").format(Identifier(table)))
            for table, rows in self.seeds.items():
                with cursor.copy(SQL("COPY {} FROM STDIN").format(Identifier(table))) as copy:
                    copy.write(rows)
