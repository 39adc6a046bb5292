"""Pages of the console about facts: usage explorer, playground, events, limits, quarantine."""

from metering.console import events, limits, metric_usage, playground, quarantine, usage
from monetization.foundation.console import site

site.add_pages(usage.pages)
site.add_pages(playground.pages)
site.add_pages(metric_usage.pages)
site.add_pages(events.pages)
site.add_pages(limits.pages)
site.add_pages(quarantine.pages)
