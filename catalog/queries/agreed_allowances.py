"""Free units that a contract agrees, as what its charges of a billing period may use."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from catalog.models import AgreedAllowance
from catalog.queries.amended import Amended
from catalog.rules.fees import quantity_on
from catalog.rules.spans import Span
from monetization.values.money import EXACT

Allowed = tuple[tuple[Decimal, tuple[int, int]], ...]


def allowed_in(known: Amended, span: Span) -> Mapping[str, Allowed]:
    """Give free units by product: each with the share of the full period for which it counts."""
    found: dict[str, Allowed] = {}
    for row in known.held(known.contract.allowances.all()):
        found[row.product.key] = (*found.get(row.product.key, ()), *_counted(row, known, span))
    return found


def _counted(row: AgreedAllowance, known: Amended, span: Span) -> Iterator[tuple[Decimal, tuple[int, int]]]:
    """Cut where the quantity that it is pooled over changes: each part counts by its days."""
    if row.per is None:
        yield row.units, span.served
        return
    changes = [
        (known.first_of(each.amendment_id, each.start_date), each.quantity)
        for each in known.held(row.per.changes.all())
    ]
    days = sorted({span.first, span.until, *(day for day, _ in changes if span.first < day < span.until)})
    for one, end in zip(days, days[1:], strict=False):
        quantity = quantity_on(row.per.quantity, changes, one)
        yield EXACT.multiply(row.units, quantity), span.share(one, end)
