"""Pages of the console about facts: usage explorer, playground, events and how they come in, limits, quarantine."""

from metering.console import (
    events,
    feed,
    health,
    limits,
    metric_usage,
    playground,
    quarantine,
    start,
    usage,
)
from monetization.foundation.console import site

for each in (usage, playground, metric_usage, feed, events, health, start, limits, quarantine):
    site.add_pages(each.pages)
