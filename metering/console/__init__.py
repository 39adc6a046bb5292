"""Pages of the console about facts: usage explorer, events and how they come in, quarantine."""

from metering.console import events, feed, health, quarantine, start, usage
from monetization.foundation.console import site

site.add_pages(usage.pages)
site.add_pages(feed.pages)
site.add_pages(events.pages)
site.add_pages(health.pages)
site.add_pages(start.pages)
site.add_pages(quarantine.pages)
