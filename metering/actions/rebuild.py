"""Compute buckets again from their events: what arithmetic can't take back, and levels, which need their order.

The account's mark was raised before, in this transaction: whoever else adds to its usage waits behind it, and what
they have already written as events but not yet counted is invisible here, so nothing is taken twice.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from catalog.rules.terms import MetricTerms
from metering.rules.aggregate import readings
from metering.rules.buckets import BucketKey
from metering.rules.filters import passes
from metering.rules.readers import Slots
from metering.rules.states import Moment, State, read_into
from metering.stores import postgres as store
from metering.stores import rollups

HOUR = timedelta(hours=1)


def rebuild(*, keys: Collection[BucketKey], slots: Slots, sets: dict[int, int]) -> None:
    """Write these buckets anew from the events that count."""
    if not keys:
        return
    states = {key: State() for key in sorted(keys, key=lambda key: (key[0], key[1], key[2]))}
    for account_id, hour in sorted({key[:2] for key in keys}):
        mine = {key: slots.known[key[2]] for key in keys if key[:2] == (account_id, hour)}
        metrics = {slot.metric.version_id: slot.metric for slot in mine.values()}
        wanted = {(slot.metric.version_id, slot.dims): key for key, slot in mine.items()}
        for event, metric in _events(account_id, hour, metrics):
            moment = Moment(event.time, event.key, hour + HOUR)
            for each in readings(metric, event.data):
                key = wanted.get((metric.version_id, each.dims))
                if key is not None:
                    read_into(metric, states[key], each.quantity, each.value, moment)
    versions = {key[2]: slots.known[key[2]].metric.version_id for key in keys}
    rollups.put(states=states, sets=sets, versions=versions)


def _events(
    account_id: int, hour: datetime, metrics: dict[int, MetricTerms]
) -> Iterator[tuple[store.Stored, MetricTerms]]:
    types = {metric.event_type for metric in metrics.values()}
    for event in store.of_accounts(account_ids=[account_id], types=types, spans=[(hour, hour + HOUR)]):
        for metric in metrics.values():
            if event.type == metric.event_type and all(passes(each, event.data) for each in metric.filters):
                yield event, metric
