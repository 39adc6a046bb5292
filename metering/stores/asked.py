"""Reading raw events in PostgreSQL: a `Select` becomes one statement.

A month that takes events has no tree by account, so statements name the time as closely as they can: blocks of pages
are then skipped by their times and by the Bloom filter of their accounts.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from metering.stores.events import Select, Stored, exact

COUNTED = "NOT EXISTS (SELECT 1 FROM metering_eventremoval r WHERE r.event_seq = e.seq)"
COUNTED_THEN = (
    "e.received_at <= %(as_of)s AND NOT EXISTS"
    " (SELECT 1 FROM metering_eventremoval r WHERE r.event_seq = e.seq AND r.removed_at <= %(as_of)s)"
)
COLUMNS = (
    "e.seq, e.environment_id, e.account_id, e.source, e.event_id, e.type, e.subject, e.time, e.is_time_given,"
    " e.received_at, e.data::text, e.digest, e.revision"
)
ORDER = 'e.time, e.source COLLATE "C", e.event_id COLLATE "C"'
BACKWARDS = 'e.time DESC, e.source COLLATE "C" DESC, e.event_id COLLATE "C" DESC'
TEXT = " (jsonb_typeof(e.data->%(field_{n})s) IS DISTINCT FROM 'string' OR e.data->>%(field_{n})s = %(value_{n})s)"
PLAIN = {
    "environment_id": "e.environment_id = %(environment_id)s",
    "accounts": "e.account_id = ANY(%(accounts)s::bigint[])",
    "types": "e.type = ANY(%(types)s)",
    "seqs": "e.seq = ANY(%(seqs)s)",
    "above": "e.seq > %(above)s",
    "until": "e.seq <= %(until)s",
    "received_from": "e.received_at >= %(received_from)s",
    "recent": "e.seq > (SELECT last_value FROM metering_event_seq) - %(recent)s",
}


def asked(select: Select) -> Iterator[Stored]:
    """Stream the events that are asked for, in their order."""
    where, parameters = condition(select)
    by_seq = select.seqs is not None or select.above is not None
    order = "e.seq" if by_seq else BACKWARDS if select.newest else ORDER
    limit = f" LIMIT {int(select.limit)}" if select.limit is not None else ""
    return stream(where, parameters, f"ORDER BY {order}{limit}", streamed=select.streamed)


def count(select: Select) -> int:
    """Count the events that are asked for."""
    where, parameters = condition(select)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM metering_event e WHERE {where}", parameters)
        return int(cursor.fetchone()[0])


def condition(select: Select) -> tuple[str, dict[str, Any]]:
    """Write what is asked for as a condition on the alias `e`, and its parameters."""
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    for name, text in PLAIN.items():
        value = getattr(select, name)
        if value is not None:
            parts.append(text)
            parameters[name] = list(value) if isinstance(value, Collection) else value
    for name in ("source", "event_id"):
        if value := getattr(select, name):
            parts.append(f"e.{name} = %({name})s")
            parameters[name] = value
    if select.sent:
        parts.append("e.revision = 0")
    parts += [*_spans(select, parameters), *_places(select, parameters), *_texts(select, parameters)]
    if select.as_of is not None:
        parts.append(COUNTED_THEN)
        parameters["as_of"] = select.as_of
    elif select.counted:
        parts.append(COUNTED)
    return " AND ".join(parts) or "true", parameters


def _spans(select: Select, parameters: dict[str, Any]) -> Iterator[str]:
    inside = []
    for n, (start, end) in enumerate(select.spans):
        inside.append(f"(e.time >= %(from_{n})s AND e.time < %(to_{n})s)")
        parameters |= {f"from_{n}": start, f"to_{n}": end}
    if inside:
        yield f"({' OR '.join(inside)})"


def _places(select: Select, parameters: dict[str, Any]) -> Iterator[str]:
    for name, sign in (("after", ">"), ("before", "<")):
        place = getattr(select, name)
        if place is not None:
            there = f"(%({name}_time)s, %({name}_source)s, %({name}_id)s)"
            yield f"e.time {sign}= %({name}_time)s AND ({ORDER}) {sign} {there}"
            parameters |= dict(zip((f"{name}_time", f"{name}_source", f"{name}_id"), place, strict=True))


def _texts(select: Select, parameters: dict[str, Any]) -> Iterator[str]:
    for n, (field, value) in enumerate(select.texts):
        yield TEXT.format(n=n)
        parameters |= {f"field_{n}": field, f"value_{n}": value}


def find(where: str, parameters: Mapping[str, Any], tail: str = "") -> list[Stored]:
    """Read the events (alias `e`) for which a condition holds, removed ones too."""
    return list(stream(where, parameters, tail))


def stream(where: str, parameters: Mapping[str, Any], tail: str = "", *, streamed: bool = False) -> Iterator[Stored]:
    """Like `find`, one by one; ``streamed`` holds some hundreds in memory, not all."""
    with connection.chunked_cursor() if streamed else connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM metering_event e WHERE {where} {tail}", parameters)
        for row in cursor:
            yield _stored(*row)


def of_accounts(
    *, account_ids: Collection[int], types: Collection[str], spans: Sequence[tuple[datetime, datetime]]
) -> Iterator[Stored]:
    """Stream the events of some types that count, inside any of the half-open spans of time."""
    if not (account_ids and types and spans):
        return iter(())
    return asked(Select(accounts=account_ids, types=types, spans=tuple(spans), counted=True))


def _stored(*columns: Any) -> Stored:
    known = dict(zip(Stored.__slots__, columns, strict=True))
    return Stored(**known | {"data": exact.decode(known["data"]), "digest": bytes(known["digest"])})
