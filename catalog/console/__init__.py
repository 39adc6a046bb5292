"""Pages of the console about terms: metrics, rate cards, plans, contracts, and the requests that change them."""

from catalog.console import (
    amendments,
    as_of,
    cards,
    charges,
    contracts,
    histories,
    import_files,
    imports,
    listings,
    metrics,
    parts,
    plan_parts,
    plan_versions,
    plans,
    prices,
    request_forms,
    request_items,
    request_times,
    requests,
    versions,
)
from catalog.console.builder import pages as builder
from catalog.console.builder import start
from monetization.foundation.console import site

site.add_pages(listings.pages)
site.add_pages(as_of.pages)
site.add_pages(histories.pages)
site.add_pages(cards.pages)
site.add_pages(versions.pages)
site.add_pages(prices.pages)
site.add_pages(charges.pages)
site.add_pages(plans.pages)
site.add_pages(plan_versions.pages)
site.add_pages(plan_parts.pages)
site.add_pages(metrics.pages)
site.add_pages(contracts.pages)
site.add_pages(start.pages)
site.add_pages(builder.pages)
site.add_pages(parts.pages)
site.add_pages(import_files.pages)
site.add_pages(imports.pages)
site.add_pages(amendments.pages)
site.add_pages(requests.pages)
site.add_pages(request_forms.pages)
site.add_pages(request_items.pages)
site.add_pages(request_times.pages)
