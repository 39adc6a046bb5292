"""When a delivery is tried again: soon at first, then ever later, for about three days. Source: Standard Webhooks."""

from datetime import timedelta

GONE = 410
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)


def next_delay(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts (1 = the first has failed); None: give up."""
    return DELAYS[attempts - 1] if attempts <= len(DELAYS) else None
