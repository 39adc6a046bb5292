"""What a process keeps of rows that never change."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def recall(
    memory: dict[K, V], keys: Sequence[K], read: Callable[[Sequence[K]], Mapping[K, V]], at_most: int
) -> dict[K, V]:
    """Give the values of keys, from memory where they were read before, and keep the newly read ones.

    What was found is held here and never asked for again: the memory may be emptied by this very call,
    or by another thread, at any moment.
    """
    found = {key: value for key in keys if (value := memory.get(key)) is not None}
    missing = [key for key in keys if key not in found]
    if missing:
        read_now = read(missing)
        if len(memory) + len(missing) > at_most:
            memory.clear()
        memory.update(read_now)
        found.update(read_now)
    return found
