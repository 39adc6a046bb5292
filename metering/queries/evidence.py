"""The digest of usage: what ties a bucket's quantity to the very events that it was added up from.

A bucket's digest is SHA-256 over the digests of its events' bodies, in the order of (time, source, id).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from catalog.rules.terms import Dims, MetricTerms
from metering.queries.events import matching
from metering.rules.book import hour_of
from metering.rules.states import Moment, State, read_into
from monetization.values.periods import Period

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The part of one UTC hour that lies in the period, for one set of dimension values."""

    starts_at: datetime
    dims: Dims
    quantity: Decimal
    events: int
    digest: bytes
    state: State


def bucket_digests(
    *, account_id: int, metric: MetricTerms, match: Dims = (), period: Period, as_of: datetime | None = None
) -> list[Bucket]:
    """Add up and digest, from the events alone, every bucket whose dimension values include `match`.

    Sorted by (start, dimensions). It streams all events of the period: made once, before an invoice is frozen.
    `as_of` verifies it later: the events that counted at that instant, whatever was corrected since.
    """
    wanted = set(match)
    open_buckets: dict[tuple[datetime, Dims], tuple[State, list[bytes]]] = {}
    for stored, readings in matching(account_id, metric, match, period, as_of=as_of):
        hour = hour_of(stored.time)
        for reading in readings:
            if wanted <= set(reading.dims):
                state, digests = open_buckets.setdefault((hour, reading.dims), (State(), []))
                moment = Moment(stored.time, stored.key, hour + HOUR)
                read_into(metric, state, reading.quantity, reading.value, moment)
                digests.append(stored.digest)
    return list(_closed(open_buckets))


def _closed(found: dict[tuple[datetime, Dims], tuple[State, list[bytes]]]) -> Iterator[Bucket]:
    for (hour, dims), (state, digests) in sorted(found.items(), key=lambda item: item[0]):
        yield Bucket(hour, dims, state.quantity, state.events, sha256(b"".join(digests)).digest(), state)
