"""Free units that a contract agrees, as what its charges of a billing period may use.

Those of an approved contract never change, so a process remembers them, as it does the contract's own prices.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from catalog.models import AgreedAllowance, Contract
from catalog.queries.memory import recall
from catalog.rules.fees import quantity_on
from catalog.rules.spans import Span
from monetization.values.money import EXACT

Allowed = tuple[tuple[Decimal, tuple[int, int]], ...]
Key = tuple[int, bytes]
KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Free:
    """Units of a product; ``pooled``: the first quantity of the fee that they are pooled over, and its changes."""

    product: str
    units: Decimal
    pooled: tuple[Decimal, tuple[tuple[date, Decimal], ...]] | None


_known: dict[Key, tuple[Free, ...]] = {}


def allowed_in(contract: Contract, span: Span) -> Mapping[str, Allowed]:
    """Give free units by product: each with the share of the full period for which it counts."""
    found: dict[str, Allowed] = {}
    for free in _agreed(contract):
        found[free.product] = (*found.get(free.product, ()), *_counted(free, span))
    return found


def _agreed(contract: Contract) -> tuple[Free, ...]:
    if contract.status != "APPROVED":
        return _read(contract)
    key = (contract.pk, bytes(contract.content_digest or b""))

    def read(missing: Sequence[Key]) -> dict[Key, tuple[Free, ...]]:
        return {key: _read(contract)}

    return recall(_known, [key], read, KEPT)[key]


def _read(contract: Contract) -> tuple[Free, ...]:
    rows = AgreedAllowance.objects.filter(contract=contract).select_related("product", "per")
    return tuple(_free(row) for row in rows.prefetch_related("per__changes").order_by("pk"))


def _free(row: AgreedAllowance) -> Free:
    if row.per is None:
        return Free(row.product.key, row.units, None)
    changes = tuple((each.start_date, each.quantity) for each in row.per.changes.all())
    return Free(row.product.key, row.units, (row.per.quantity, changes))


def _counted(free: Free, span: Span) -> Iterator[tuple[Decimal, tuple[int, int]]]:
    """Cut where the quantity that it is pooled over changes: each part counts by its days."""
    if free.pooled is None:
        yield free.units, span.served
        return
    first, changes = free.pooled
    days = sorted({span.first, span.until, *(day for day, _ in changes if span.first < day < span.until)})
    for one, end in zip(days, days[1:], strict=False):
        yield EXACT.multiply(free.units, quantity_on(first, changes, one)), span.share(one, end)
