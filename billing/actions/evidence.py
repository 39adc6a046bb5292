"""Tie every line to the very events that it bills, before an invoice is frozen.

The buckets are added up from the events alone, by segment, metric and dimension values; a line takes those that it
billed, and their sums must be its own. So usage and events that differ stop an invoice instead of being billed.
A line that isn't of usage rests on terms and on other lines, and has no evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from hashlib import sha256

from billing.models import Evidence, Invoice, InvoiceLine
from billing.queries.rated import Rated
from billing.rules.rated import RatedLine
from billing.rules.scopes import LineKind
from catalog.rules.terms import Dims, MetricTerms
from metering.queries import Bucket, bucket_digests
from metering.queries.partitions import refuse_dropped
from monetization.values.errors import Conflict
from monetization.values.money import finite

Slot = tuple[int, int, Dims]  # segment, metric version, dimension values


def gather(invoice: Invoice, found: Rated) -> None:
    """Write the evidence of a draft's lines, which must be those of this rating. Raises Conflict, WrongState."""
    refuse_dropped(invoice.period)
    buckets = _buckets(invoice.account_id, found)
    rows = invoice.lines.filter(kind=LineKind.USAGE.value).order_by("position")
    Evidence.objects.bulk_create(
        _evidence(row, line, _mine(line, buckets)) for row, line in zip(rows, found.usage, strict=True)
    )


def drop(invoice: Invoice) -> None:
    """Forget the evidence of an invoice that is a draft again."""
    Evidence.objects.filter(line__invoice_id=invoice.pk).delete()


def _buckets(account_id: int, found: Rated) -> dict[Slot, list[Bucket]]:
    slots: dict[Slot, list[Bucket]] = {}
    for number, segment in enumerate(found.terms.segments):
        for metric in _used({charge.metric.version_id: charge.metric for charge in segment.charges}, number, found):
            for bucket in bucket_digests(account_id=account_id, metric=metric, period=segment.period):
                slots.setdefault((number, metric.version_id, _same(bucket.dims)), []).append(bucket)
    return slots


def _used(metrics: dict[int, MetricTerms], segment: int, found: Rated) -> Iterable[MetricTerms]:
    billed = {row.metric_version_id for line in found.usage for row in line.usage if row.segment == segment}
    return [metric for version, metric in metrics.items() if version in billed]


def _mine(line: RatedLine, buckets: dict[Slot, list[Bucket]]) -> list[Bucket]:
    slots = [(row.segment, row.metric_version_id, _same(row.dims)) for row in line.usage]
    mine = [bucket for slot in sorted(slots) for bucket in buckets.get(slot, ())]
    return sorted(mine, key=lambda bucket: (bucket.starts_at, bucket.dims))


def _same(dims: Dims) -> Dims:
    return tuple(sorted(dims))


def _evidence(row: InvoiceLine, line: RatedLine, buckets: Sequence[Bucket]) -> Evidence:
    quantity = sum((Fraction(bucket.quantity) for bucket in buckets), Fraction(0))
    events = sum(bucket.events for bucket in buckets)
    if (quantity, events) != (line.measured, line.events):
        raise Conflict(
            f"Line {row.position}: hourly usage and its events differ", fix="Run check_books and mend the usage first"
        )
    return Evidence(
        line=row,
        event_count=events,
        quantity=finite(quantity),
        digest=sha256(b"".join(bucket.digest for bucket in buckets)).digest(),
        buckets=[[bucket.starts_at.isoformat(), dict(bucket.dims), bucket.digest.hex()] for bucket in buckets],
    )
