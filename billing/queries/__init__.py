"""Questions about dues. Reads only; portal, console, API and actions ask the same ones."""

from billing.queries.books import books_checks
from billing.queries.paper import invoice_document
from billing.queries.rated import Rated, SoFar, rated, so_far
from billing.queries.reviews import review_queue, stale_drafts
from billing.queries.trail import Trail, line_trail

__all__ = [
    "Rated",
    "SoFar",
    "Trail",
    "books_checks",
    "invoice_document",
    "line_trail",
    "rated",
    "review_queue",
    "so_far",
    "stale_drafts",
]
