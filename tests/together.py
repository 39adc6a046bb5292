"""Calls that run at once, each in a thread and on a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from monetization.values.errors import DomainError


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run calls in threads of their own, started at one moment; refusals come back as values."""
    start = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return call()
        except DomainError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def done(results: list[Any]) -> list[Any]:
    return [result for result in results if not isinstance(result, DomainError)]
