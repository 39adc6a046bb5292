"""Rounds: things that are compared take turns, so that a busy moment of the machine hits them all.

A rate is the median of its rounds; a ratio is the median of the ratios within each round.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Figure

Job = Callable[[], None]


@dataclass
class Rounds:
    """Rates in events a second of what took turns, by name."""

    rates: dict[str, list[float]] = field(default_factory=dict)

    def run(self, jobs: Mapping[str, tuple[int, Job]]) -> None:
        """Run each job (given with its number of events) once and note its rate; every other round backwards."""
        order = list(jobs.items())
        if sum(map(len, self.rates.values())) // max(len(jobs), 1) % 2:
            order.reverse()
        for name, (count, job) in order:
            began = time.perf_counter()
            job()
            self.rates.setdefault(name, []).append(count / (time.perf_counter() - began))

    def forget_first(self) -> None:
        """Leave out the round that warmed everything up."""
        self.rates = {name: rates[1:] for name, rates in self.rates.items()}

    def rate(self, name: str) -> float:
        return statistics.median(self.rates[name])

    def ratio(self, name: str, base: str) -> float:
        return statistics.median(a / b for a, b in zip(self.rates[name], self.rates[base], strict=True))

    def figures(
        self, names: Sequence[str], suffix: str = "", aims: Mapping[str, str] | None = None
    ) -> Iterator[Figure]:
        """Tell R's rate, then each one's as a share of R and by itself; `suffix` tells runs apart."""
        yield Figure(f"R{suffix}", f"{self.rate('R'):.0f}", "events/s")
        for name in names:
            yield Figure(name + suffix, f"{self.ratio(name, 'R'):.2f}", "R", (aims or {}).get(name, ""))
            yield Figure(f"{name}{suffix}_rate", f"{self.rate(name):.0f}", "events/s")
