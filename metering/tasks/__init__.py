"""What workers do for metering, by what it is about."""

from metering.tasks.backfills import run_backfill, sweep_backfills
from metering.tasks.inbox import fold_inbox, forget_inbox
from metering.tasks.limits import expire_holds, forget_holds, look_at_all_limits, tell_of_limits
from metering.tasks.months import make_partitions, months_from, seal_months
from metering.tasks.usage import build_days, forget_minutes, sweep_repeats

__all__ = [
    "build_days",
    "expire_holds",
    "fold_inbox",
    "forget_holds",
    "forget_inbox",
    "forget_minutes",
    "look_at_all_limits",
    "make_partitions",
    "months_from",
    "run_backfill",
    "seal_months",
    "sweep_backfills",
    "sweep_repeats",
    "tell_of_limits",
]
