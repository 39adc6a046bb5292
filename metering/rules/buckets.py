"""What a batch of events adds up to, by bucket: account, UTC hour, slot (metric version and dimension values).

Plain sums are two numbers in a list, because most batches hold thousands of them; whatever else is a ``State``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from catalog.rules.terms import Aggregation
from metering.rules.book import Readings
from metering.rules.readers import Read, Slot, Slots
from metering.rules.states import Key, Moment, State, read_into
from monetization.values.money import EXACT

HOUR = timedelta(hours=1)
BucketKey = tuple[int, datetime, int]  # account, hour, slot
Taken = tuple[int, datetime, Key, Readings]  # account, time, source and id, what it reads


class Buckets:
    """States of buckets: ``sums`` for metrics that only add, ``states`` for the others.

    ``values`` counts the events behind each distinct value, so that one can be taken out again.
    """

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.sums: dict[BucketKey, list[int | Decimal]] = {}
        self.states: dict[BucketKey, State] = {}
        self.values: dict[tuple[BucketKey, str], int] = {}
        self._is_sum = slots.is_sum
        self._hour = self._next_hour = datetime.min.replace(tzinfo=UTC)

    def __bool__(self) -> bool:
        return bool(self.sums or self.states)

    def take(self, account_id: int, time: datetime, key: Key, reads: Sequence[Read]) -> None:
        """Take in what one event adds; its time is in UTC."""
        hour = self._hour
        if not hour <= time < self._next_hour:
            hour = self._hour = time.replace(minute=0, second=0, microsecond=0)
            self._next_hour = hour + HOUR
        sums = self.sums
        for slot, quantity, value in reads:
            bucket = (account_id, hour, slot)
            if not self._is_sum[slot]:
                self._take_state(bucket, quantity, value, Moment(time, key, self._next_hour))
            elif (known := sums.get(bucket)) is None:
                sums[bucket] = [quantity, 1]
            else:
                total = known[0]
                both = type(total) is int and type(quantity) is int
                known[0] = total + quantity if both else added(total, quantity)
                known[1] += 1

    def _take_state(self, bucket: BucketKey, quantity: int | Decimal, value: str, at: Moment) -> None:
        metric = self.slots.known[bucket[2]].metric
        state = self.states.setdefault(bucket, State())
        if metric.of_level:
            state.events += 1  # its area is computed from the hour's events, in their order
        else:
            read_into(metric, state, Decimal(quantity), value, at)
        if metric.aggregation is Aggregation.UNIQUE:
            self.values[bucket, value] = self.values.get((bucket, value), 0) + 1

    def slot(self, bucket: BucketKey) -> Slot:
        """Give the metric and the dimension values of a bucket."""
        return self.slots.known[bucket[2]]

    def accounts(self) -> set[int]:
        """Say whose buckets these are."""
        return {account for account, _, _ in self.bucket_keys()}

    def metrics(self) -> set[str]:
        """Give the keys of the metrics."""
        return {self.slots.known[slot].metric.metric for slot in self.slot_numbers()}

    def slot_numbers(self) -> set[int]:
        """Say which slots are used."""
        return {slot for _, _, slot in self.bucket_keys()}

    def bucket_keys(self) -> Iterator[BucketKey]:
        """List all buckets."""
        yield from self.sums
        yield from self.states


def added(a: int | Decimal, b: int | Decimal) -> int | Decimal:
    """Add exactly."""
    if type(a) is int and type(b) is int:
        return a + b
    return EXACT.add(Decimal(a), Decimal(b))


def tally(read: Iterable[Taken]) -> Buckets:
    """Bring the readings of single events to buckets."""
    slots = Slots()
    buckets = Buckets(slots)
    for account_id, time, key, readings in read:
        reads: list[Read] = [(slots.number(metric, each.dims), each.quantity, each.value) for metric, each in readings]
        buckets.take(account_id, time.astimezone(UTC), key, reads)
    return buckets
