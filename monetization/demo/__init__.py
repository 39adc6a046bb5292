"""The demo company: Lumen AI, a vendor of language models, told through the product's own actions.

`company` says who there is, `usage` invents requests from a seed, `story` lets months pass: prices are
imported and approved, contracts signed, events counted, invoices drafted, approved, issued and paid.
Everything is dated relative to the day it is loaded, so that one month is closed and one is running.
"""
