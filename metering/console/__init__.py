"""Pages of the console about facts: usage explorer, events, limits, quarantine."""

from metering.console import events, limits, quarantine, usage
from monetization.foundation.console import site

site.add_pages(usage.pages)
site.add_pages(events.pages)
site.add_pages(limits.pages)
site.add_pages(quarantine.pages)
