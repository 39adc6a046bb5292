"""Composites that a contract agrees, as what a billing period bears of them."""

from collections.abc import Iterator

from catalog.queries.amended import Amended
from catalog.queries.instrument_terms import scope_of
from catalog.rules.agreed import Composite
from catalog.rules.spans import Span


def composites_in(known: Amended, span: Span) -> Iterator[Composite]:
    """Yield those that stand in a period, each with its share of the days that the period serves."""
    for row in known.held(known.contract.composites.all()):
        days = known.days("composite", row)
        stands = span.within(days.first, days.last)
        if stands is not None:
            yield Composite(
                f"composite:{row.key}", row.product.key, row.name, row.product.tax_category, row.percent,
                scope_of(row), frozenset(row.product.tags), _share(stands, span),
            )  # fmt: skip


def _share(stands: Span, whole: Span) -> tuple[int, int]:
    return (stands.until - stands.first).days, (whole.until - whole.first).days
