"""Read ahead in a thread: while the database is at work on one part, the next is decoded."""

from collections.abc import Iterator
from queue import Empty, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
PARTS = 2  # in memory beside the one at work


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield the same items, and raise the same error after those before it; the thread ends with the caller."""
    queue: Queue[tuple[T | None, BaseException | None]] = Queue(PARTS)
    stopped = Event()
    thread = Thread(target=_fill, args=(items, queue, stopped), daemon=True)
    thread.start()
    try:
        while True:
            item, error = queue.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        stopped.set()
        _empty(queue)
        thread.join()


def _fill(items: Iterator[T], queue: "Queue[tuple[T | None, BaseException | None]]", stopped: Event) -> None:
    try:
        for item in items:
            queue.put((item, None))
            if stopped.is_set():
                return
        queue.put((None, None))
    except BaseException as error:
        queue.put((None, error))


def _empty(queue: "Queue[tuple[T | None, BaseException | None]]") -> None:
    """Make room for whatever the thread still wants to put."""
    while True:
        try:
            queue.get_nowait()
        except Empty:
            return
