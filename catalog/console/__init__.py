"""Pages of the console about terms: metrics, rate cards, contracts, and the requests that change them."""

from catalog.console import cards, charges, contracts, metrics, parts, prices, requests, versions
from monetization.foundation.console import site

site.add_pages(cards.pages)
site.add_pages(versions.pages)
site.add_pages(prices.pages)
site.add_pages(charges.pages)
site.add_pages(metrics.pages)
site.add_pages(contracts.pages)
site.add_pages(parts.pages)
site.add_pages(requests.pages)
