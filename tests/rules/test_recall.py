"""A memory that is emptied while it is asked still answers for everything."""

from collections.abc import Sequence

from catalog.queries.memory import recall


def read(keys: Sequence[int]) -> dict[int, str]:
    return {key: f"row {key}" for key in keys}


def test_what_was_known_is_answered_though_the_memory_is_emptied_for_what_was_not() -> None:
    memory = {1: "row 1", 2: "row 2"}
    assert recall(memory, [1, 3], read, at_most=2) == {1: "row 1", 3: "row 3"}
    assert memory == {3: "row 3"}


def test_another_thread_may_empty_it_between_reading_and_answering() -> None:
    memory = {1: "row 1"}

    def emptied(keys: Sequence[int]) -> dict[int, str]:
        memory.clear()
        return read(keys)

    assert recall(memory, [1, 2], emptied, at_most=10) == read([1, 2])


def test_only_what_is_missing_is_read() -> None:
    asked: list[int] = []

    def noted(keys: Sequence[int]) -> dict[int, str]:
        asked.extend(keys)
        return read(keys)

    memory: dict[int, str] = {}
    assert recall(memory, [1, 2], noted, at_most=10) == recall(memory, [1, 2], noted, at_most=10)
    assert asked == [1, 2]
