"""Pages of the console about facts: usage explorer, playground, events, quarantine."""

from metering.console import events, playground, quarantine, usage
from monetization.foundation.console import site

site.add_pages(usage.pages)
site.add_pages(playground.pages)
site.add_pages(events.pages)
site.add_pages(quarantine.pages)
