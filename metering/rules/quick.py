"""Plain events read quickly: what ``envelope.read`` says, for those that are as ordinary as nearly all are.

A body of plain JSON events is decoded straight into typed records, and canonical data is written by the encoder.
Whatever is not evidently sound here (an unknown key, two names for the account, text that needs escapes, a number in
an unusual form) is handed to ``envelope.read``, which alone says what an event is; a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from metering.rules.envelope import DEFAULT_SOURCE, FIRST, LAST, LIMITS, Incoming
from monetization.values.canonical import number_text

DEEPEST = 60  # brackets in the text of one event's data; canonical form refuses more than 64 levels
ID, SOURCE, TYPE, SUBJECT = (LIMITS[name] for name in ("id", "source", "type", "subject"))
LONG_NUMBER = 300  # digits; no table holds numbers beyond 10^400
_LONG = re.compile(rf"[0-9]{{{LONG_NUMBER}}}")
SECONDS, MICROSECONDS = 20, 27
SIZES = (SECONDS, 24, MICROSECONDS)


class Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A plain event as it is sent, with exactly one name for its account."""

    id: str
    type: str
    data: dict[str, Any]
    subject: str | msgspec.UnsetType = msgspec.UNSET
    account: str | msgspec.UnsetType = msgspec.UNSET
    customer: str | msgspec.UnsetType = msgspec.UNSET
    source: str = DEFAULT_SOURCE
    time: str | None = None


class Numbers:
    """Reads numbers with a point or an exponent, exactly; notes when the encoder would write one differently."""

    def __init__(self) -> None:
        self.unusual = False

    def __call__(self, text: str) -> Decimal | int:
        number = Decimal(text)
        normal = number_text(number)
        if "." not in normal and "e" not in normal:
            return int(normal)
        short = Decimal(normal)
        self.unusual = self.unusual or str(short) != normal
        return short


class Decoder:
    """Decodes typed records; one for each body, because it remembers whether a number was unusual."""

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.one = msgspec.json.Decoder(Plain, float_hook=self.numbers)
        self.many = msgspec.json.Decoder(list[Plain], float_hook=self.numbers)

    def events(self, records: Sequence[Plain]) -> list[Incoming | None]:
        """Make an event of each record; None where ``envelope.read`` must say."""
        if self.numbers.unusual:
            return [None] * len(records)
        return [event_of(each) for each in records]


_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


def event_of(record: Plain) -> Incoming | None:
    """Make the event of a record, or None where ``envelope.read`` must say."""
    id_, source, kind = record.id, record.source, record.type
    subject = record.subject
    for other in (record.account, record.customer):
        if other is not msgspec.UNSET:
            subject = other if subject is msgspec.UNSET else ""  # two names for the account
    if subject is msgspec.UNSET:
        return None
    if not (0 < len(id_) <= ID and 0 < len(source) <= SOURCE and 0 < len(kind) <= TYPE and 0 < len(subject) <= SUBJECT):
        return None
    together = f"{id_}{source}{kind}{subject}"
    text = data_text(record.data)
    if text is None or " " in together or not together.isprintable():
        return None
    if record.time is None:
        return Incoming(id_, source, kind, subject, None, record.data, text, "")
    time = instant_of(record.time)
    return Incoming(id_, source, kind, subject, time, record.data, text, six(record.time)) if time else None


def data_text(data: dict[str, Any]) -> str | None:
    """Write data canonically, or None where that takes more care."""
    try:
        text = _encode(data).decode("ascii")
    except (OverflowError, ValueError, TypeError, RecursionError):
        return None
    if "\\" in text or "\x7f" in text or text.count("{") + text.count("[") > DEEPEST:
        return None
    return None if len(text) > LONG_NUMBER and _LONG.search(text) else text


def instant_of(text: str) -> datetime | None:
    """Read ``2026-01-31T12:00:00Z`` with no, three or six decimals; None for any other form."""
    size = len(text)
    if size not in SIZES or text[-1] != "Z" or text[10] != "T" or text[7] != "-" or text[16] != ":":
        return None
    if (size > SECONDS and text[19] != ".") or text[4] != "-" or text[13] != ":":
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if FIRST <= time < LAST and time.tzinfo is UTC else None


def six(text: str) -> str:
    """Write a time that ``instant_of`` read with its six decimals."""
    size = len(text)
    if size == MICROSECONDS:
        return text
    return f"{text[:-1]}000Z" if size > SECONDS else f"{text[:-1]}.000000Z"
