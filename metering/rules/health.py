"""How ingestion does, in numbers and in words: what a person on call would want to be told, worst first.

Numbers come by stretches of time (minutes or hours). Lag is how long after its own time an event was counted; an
event of the future (5 minutes are allowed) has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from metering.rules.spoken import milliseconds, spoken

RECENT = timedelta(minutes=15)  # what the words are about
QUIET = timedelta(minutes=15)  # nothing accepted for so long is told
WAITS = timedelta(seconds=30)  # a body that waits longer is told
LATE_PERCENT, ASIDE_PERCENT = 5, 5


@dataclass(frozen=True, slots=True)
class Stretch:
    """What arrived from `at` on, for a minute or an hour."""

    at: datetime
    batches: int = 0
    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    quarantined: int = 0
    rejected: int = 0
    late: int = 0
    lag_ms_sum: int = 0
    lag_ms_max: int = 0

    @property
    def arrived(self) -> int:
        """All that was sent."""
        return self.accepted + self.duplicates + self.aside

    @property
    def aside(self) -> int:
        """What needs somebody: neither counted nor counted before."""
        return self.conflicts + self.quarantined + self.rejected

    @property
    def lag_ms(self) -> int | None:
        """The average lag of its accepted events; None without one."""
        return self.lag_ms_sum // self.accepted if self.accepted else None


@dataclass(frozen=True, slots=True)
class Backlog:
    """Bodies accepted and not yet folded; `arrived` and `folded` are those of the last five minutes."""

    bodies: int = 0
    size: int = 0
    oldest_at: datetime | None = None
    arrived: int = 0
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to be told: a code for machines, a severity (WARN or INFO), a sentence."""

    code: str
    severity: str
    words: str


def total(stretches: Sequence[Stretch], at: datetime) -> Stretch:
    """Add stretches up."""
    names = ("batches", "accepted", "duplicates", "conflicts", "quarantined", "rejected", "late", "lag_ms_sum")
    sums = {name: sum(getattr(each, name) for each in stretches) for name in names}
    return Stretch(at, **sums, lag_ms_max=max((each.lag_ms_max for each in stretches), default=0))


def typical_lag(stretches: Sequence[Stretch]) -> int | None:
    """Give the middle one of the stretches' average lags (the lower of two), so that one straggler moves nothing."""
    averages = sorted(each.lag_ms for each in stretches if each.lag_ms is not None)
    return averages[(len(averages) - 1) // 2] if averages else None


def findings(recent: Stretch, backlog: Backlog, last_at: datetime | None, now: datetime) -> list[Finding]:
    """Say what isn't as it should be, worst first; nothing where all is well."""
    return [*_backlog(backlog, now), *_silence(last_at, now), *_shares(recent)]


def _backlog(backlog: Backlog, now: datetime) -> Iterator[Finding]:
    waits = now - backlog.oldest_at if backlog.oldest_at else timedelta(0)
    if waits <= WAITS:
        return
    grows = backlog.arrived > backlog.folded
    what = "The backlog grows" if grows else "The backlog shrinks, and is not gone yet"
    bodies = "1 body waits" if backlog.bodies == 1 else f"{backlog.bodies:,} bodies wait"
    words = f"{what}: {bodies} to be counted, the oldest for {spoken(milliseconds(waits))}"
    yield Finding("backlog_grows" if grows else "backlog", "WARN" if grows else "INFO", words)


def _silence(last_at: datetime | None, now: datetime) -> Iterator[Finding]:
    if last_at is None:
        yield Finding("nothing_yet", "INFO", "Nothing was received yet")
    elif now - last_at >= QUIET:
        yield Finding("quiet", "WARN", f"Nothing was accepted for {spoken(milliseconds(now - last_at))}")


def _shares(recent: Stretch) -> Iterator[Finding]:
    minutes = RECENT // timedelta(minutes=1)
    if recent.late * 100 > recent.accepted * LATE_PERCENT:
        words = f"Events are late: {recent.late:,} of {recent.accepted:,} in the last {minutes} minutes came more than"
        yield Finding("late", "WARN", f"{words} an hour after their time")
    if recent.aside * 100 > recent.arrived * ASIDE_PERCENT:
        words = f"Events are set aside: {recent.aside:,} of {recent.arrived:,} in the last {minutes} minutes"
        yield Finding("set_aside", "WARN", f"{words} could not be counted")
