"""How long a caller who waits for an answer lets the database wait: for a lock, and in all."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection

LOCK_MS, STATEMENT_MS = 500, 2_000


@contextmanager
def patience() -> Iterator[None]:
    """Give up on locks and statements that take too long (OperationalError), on this connection, inside the block."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {LOCK_MS}; SET statement_timeout = {STATEMENT_MS}")
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout; RESET statement_timeout")
        except Error:  # the connection is broken; the next one begins afresh
            connection.close()
