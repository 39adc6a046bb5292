"""What a store of raw events must offer, whoever keeps them; its contract is `tests/actions/test_event_store.py`.

PostgreSQL is the default and the truth (`metering.stores.postgres`). Another store would give the same functions over
the same shapes; nothing above this room writes SQL about raw events.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

exact = msgspec.json.Decoder(float_hook=Decimal)
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
Key = tuple[str, str]  # source, id
Place = tuple[datetime, str, str]  # time, source, id: the order of events


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it stands in the store, numbers exact."""

    seq: int
    environment_id: int
    account_id: int
    source: str
    event_id: str
    type: str
    subject: str
    time: datetime
    is_time_given: bool
    received_at: datetime
    data: Mapping[str, Any]
    digest: bytes
    revision: int

    @property
    def key(self) -> Key:
        """Give source and id."""
        return self.source, self.event_id

    @property
    def place(self) -> Place:
        """Give its place among others."""
        return self.time, self.source, self.event_id


@dataclass(frozen=True, slots=True)
class Select:
    """Which events are asked for; what is left empty doesn't matter.

    ``spans``: half-open, in any of them. ``counted``: only those that count (nothing took them out); with ``as_of``
    those that counted at that instant. ``texts``: fields of data whose text, where it is text, must be this one.
    ``after`` and ``before`` are places; ``newest`` turns the order of (time, source, id) round. ``seqs``: exactly
    these; ``above`` and ``until``: the range ``(above, until]`` of seq, in whose order the events then come.
    ``received_from``: arrived then or later. ``sent``: only events as they were sent, no corrections. ``recent``: only
    about so many of the latest arrivals. ``streamed``: many may come, so don't hold them all in memory.
    """

    environment_id: int | None = None
    accounts: Collection[int] | None = None
    types: Collection[str] | None = None
    source: str = ""
    event_id: str = ""
    spans: tuple[tuple[datetime, datetime], ...] = ()
    counted: bool = False
    as_of: datetime | None = None
    texts: tuple[tuple[str, str], ...] = ()
    after: Place | None = None
    before: Place | None = None
    newest: bool = False
    seqs: Collection[int] | None = None
    above: int | None = None
    until: int | None = None
    received_from: datetime | None = None
    sent: bool = False
    recent: int | None = None
    streamed: bool = False
    limit: int | None = None
