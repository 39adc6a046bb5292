"""Pages of the console about facts: usage explorer, events and their corrections, quarantine, backfills."""

from metering.console import amend, backfills, corrections, events, quarantine, quarantined, replaying, usage
from monetization.foundation.console import site

site.add_pages(usage.pages)
site.add_pages(events.pages)
site.add_pages(amend.pages)
site.add_pages(corrections.pages)
site.add_pages(quarantine.pages)
site.add_pages(quarantined.pages)
site.add_pages(replaying.pages)
site.add_pages(backfills.pages)
