"""Labels of the ranges into which thresholds cut a number, e.g. the context length of a request.

A lower bound is exclusive and an upper one inclusive: with a threshold of 200000 a request of
exactly 200000 tokens is ``≤200000`` and one of 200001 is ``>200000``. Between two thresholds the
label is ``>128000 ≤200000``.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from monetization.values.errors import Invalid
from monetization.values.money import plain

_LABEL = re.compile(r"(?:>(?P<low>-?\d+(?:\.\d+)?))? ?(?:≤(?P<high>-?\d+(?:\.\d+)?))?")


def labels(thresholds: Sequence[Decimal]) -> tuple[str, ...]:
    """Name every range, lowest first; none without thresholds."""
    if not thresholds:
        return ()
    bounds = [None, *thresholds, None]
    return tuple(_label(low, high) for low, high in pairwise(bounds))


def label_of(value: Decimal, thresholds: Sequence[Decimal]) -> str:
    """Name the range that holds ``value``; a value on a threshold belongs to the range below."""
    index = bisect_left(thresholds, value)
    return _label(
        thresholds[index - 1] if index else None,
        thresholds[index] if index < len(thresholds) else None,
    )


def parse_label(text: str) -> tuple[Decimal | None, Decimal | None]:
    """Read a label back into (lower exclusive, upper inclusive); refuse what ``labels`` would never
    write.
    """
    found = _LABEL.fullmatch(text)
    if not found or not text:
        raise Invalid(
            f"“{text}” is not a range",
            field="match",
            fix="Write it like >200000 or >128000 ≤200000",
        )
    low, high = (Decimal(part) if part else None for part in (found["low"], found["high"]))
    if _label(low, high) != text or (low is not None and high is not None and low >= high):
        raise Invalid(
            f"“{text}” is not a range in its shortest form",
            field="match",
            fix=f"Write {_label(low, high)}",
        )
    return low, high


@lru_cache(maxsize=4096)
def _label(low: Decimal | None, high: Decimal | None) -> str:
    parts = ([f">{plain(low)}"] if low is not None else []) + ([f"≤{plain(high)}"] if high is not None else [])
    return " ".join(parts)
