"""Pages of the console about facts: usage, playground, events and how they come in, corrections, limits, quarantine."""

from metering.console import (
    amend,
    backfills,
    corrections,
    events,
    feed,
    health,
    limits,
    metric_usage,
    playground,
    quarantine,
    quarantined,
    replaying,
    start,
    usage,
)
from monetization.foundation.console import site

PARTS = (
    *(usage, playground, metric_usage, feed, events, amend, corrections, health, start, limits),
    *(quarantine, quarantined, replaying, backfills),
)
for each in PARTS:
    site.add_pages(each.pages)
