"""One figure of a run, and how it is said: `area.figure = value unit (aim …)`."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value; `aim` says where it should be, empty where nothing was promised."""

    name: str
    value: str
    unit: str
    aim: str = ""

    def line(self, area: str) -> str:
        """Say it in one line."""
        return f"{area}.{self.name} = {self.value} {self.unit}" + (f" (aim {self.aim})" if self.aim else "")


def spread(name: str, seconds: Sequence[float], aim: str = "") -> Iterator[Figure]:
    """Give the median and the 99th percentile of some durations in ms; the aim is the latter's."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    yield Figure(f"{name}_median", f"{statistics.median(seconds) * 1000:.1f}", "ms")
    yield Figure(f"{name}_p99", f"{cuts[98] * 1000:.1f}", "ms", aim)
