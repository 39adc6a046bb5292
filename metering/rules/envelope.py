"""An event as it is sent: which envelopes are usable, and what of them is compared when it comes again.

Plain JSON and CloudEvents 1.0 are told apart by ``specversion``. Plain JSON takes no key that it doesn't know,
so that a misspelt ``tiem`` is an error and not an event of now. CloudEvents may carry extension attributes;
they are left out. ``subject`` may be called ``account`` or ``customer`` in plain JSON.

Body = type, subject, time (µs), data in canonical form; the digest is SHA-256 of ``{"data", "subject", "time",
"type"}``. Source and id are the key, not the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

import msgspec

from monetization.values.canonical import canonical
from monetization.values.errors import Invalid

DEFAULT_SOURCE = "api"
LIMITS = {"id": 200, "source": 200, "type": 120, "subject": 200}
SUBJECT_NAMES = ("subject", "account", "customer")
PLAIN_KEYS = frozenset({"id", "source", "type", "time", "data", *SUBJECT_NAMES})
CLOUD_KEYS = frozenset({"specversion", "id", "source", "type", "subject", "time", "data"})
ATTRIBUTE_LIMIT = 2000
EXTENSION = re.compile(r"[a-z0-9]{1,64}", re.ASCII)
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,30})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2199, 12, 1, tzinfo=UTC)
NUMBER_EXPONENT = 400  # far outside any quantity, well inside what a database's numeric holds
NUMBER_BITS = 1330
REPEAT_DAYS = timedelta(days=35)


class Incoming(msgspec.Struct, frozen=True, gc=False):
    """A usable envelope. ``time`` is UTC, None where the sender gave none; ``when`` is it as it stands in a body, or
    empty; ``text`` is canonical ``data``.

    A struct rather than a dataclass: ten thousand of them are made for each large batch.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime | None
    data: dict[str, Any]
    text: str
    when: str

    @property
    def key(self) -> tuple[str, str]:
        """Give what must be unique for ever."""
        return self.source, self.id

    def digest(self, time: datetime | None) -> bytes:
        """Give the SHA-256 of the body as it is with this time."""
        when = self.when if time is self.time else written(time) if time else None
        return body_digest(self, when)


def body_digest(event: Incoming, when: str | None) -> bytes:
    """Give the SHA-256 of a body whose time is already written."""
    subject, kind = quoted(event.subject), quoted(event.type)
    time = f'"{when}"' if when else "null"
    body = f'{{"data":{event.text},"subject":{subject},"time":{time},"type":{kind}}}'
    return sha256(body.encode("ascii")).digest()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of an accepted event to compare a repeat with."""

    digest: bytes
    time: datetime
    is_time_given: bool

    def is_repeated_by(self, event: Incoming) -> bool:
        """Say whether the event has the same body; a time that either of them lacks is not compared."""
        time = event.time if self.is_time_given and event.time else self.time
        return event.digest(time) == self.digest


def read(item: Any) -> Incoming:
    """Read one decoded JSON item; raises Invalid with the field when nobody could ever count it."""
    if not isinstance(item, dict):
        raise Invalid("An event must be a JSON object", field="event", fix="Send an object")
    if "specversion" in item:
        _check_cloud_event(item)
    else:
        _check_plain(item)
    data = item.get("data")
    data = {} if data is None else data
    time = instant(item["time"]) if item.get("time") is not None else None
    return Incoming(
        id=_text(item, "id"),
        source=_text(item, "source") if "source" in item else DEFAULT_SOURCE,
        type=_text(item, "type"),
        subject=_subject(item),
        time=time,
        data=data,
        text=_data_text(data),
        when=written(time) if time else "",
    )


def instant(value: Any) -> datetime:
    """Read an RFC 3339 time with its offset as UTC, cut to microseconds."""
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise _wrong_time("time is not an RFC 3339 time with an offset")
    try:
        time = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _wrong_time(f"time is not a time: {error}") from error
    if not FIRST <= time < LAST:
        raise _wrong_time("time lies outside the years 2000 to 2199")
    return time


def written(time: datetime) -> str:
    """Write an instant as it stands in a body: UTC, always six decimals."""
    return f"{time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def body_of(event: Incoming) -> dict[str, Any]:
    """Write an event as it would be sent."""
    body = {"id": event.id, "source": event.source, "type": event.type, "subject": event.subject, "data": event.data}
    return body | {"time": written(event.time)} if event.time else body


def _check_plain(item: Mapping[str, Any]) -> None:
    unknown = sorted(key for key in item if key not in PLAIN_KEYS)
    if unknown:
        raise Invalid(
            f"“{unknown[0][:60]}” is not part of an event",
            field=unknown[0][:60],
            fix="Put it into data, or correct its name",
        )


def _check_cloud_event(item: Mapping[str, Any]) -> None:
    if item["specversion"] != "1.0":
        raise Invalid("specversion must be 1.0", field="specversion", fix="Send CloudEvents 1.0")
    if "data_base64" in item:
        raise Invalid("data must be JSON, not base64", field="data_base64", fix="Send data as JSON")
    if "source" not in item:
        raise Invalid("source is missing", field="source", fix="CloudEvents need a source")
    for key in sorted(item.keys() - CLOUD_KEYS):
        if not (EXTENSION.fullmatch(key) and _is_attribute(item[key])):
            raise Invalid(
                f"“{key[:60]}” can't be an attribute",
                field=key[:60],
                fix="Name it in lower-case letters and digits; give text, a whole number or a boolean",
            )


def _is_attribute(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= ATTRIBUTE_LIMIT and not CONTROL.search(value)
    return value is None or (isinstance(value, int) and _holdable(value))


def _subject(item: Mapping[str, Any]) -> str:
    names = SUBJECT_NAMES if "specversion" not in item else SUBJECT_NAMES[:1]
    given = [name for name in names if item.get(name) is not None]
    if not given:
        raise Invalid("subject is missing", field="subject", fix="Name the account that used it")
    if any(item[name] != item[given[0]] for name in given):
        raise Invalid("Two names for the account differ", field=given[1], fix="Send only subject")
    return _text(item, given[0], LIMITS["subject"])


def _text(item: Mapping[str, Any], name: str, limit: int | None = None) -> str:
    value = item.get(name)
    if value is None:
        raise Invalid(f"{name} is missing", field=name, fix=f"Send {name}")
    if not isinstance(value, str):
        raise Invalid(f"{name} must be text", field=name, fix="Write it in quotes")
    most = limit or LIMITS[name]
    if not value.strip() or len(value) > most or CONTROL.search(value):
        raise Invalid(f"{name} must have 1 to {most} printable characters", field=name, fix="Shorten or clean it")
    return value


def _data_text(data: Any) -> str:
    if not isinstance(data, dict):
        raise Invalid("data must be an object", field="data", fix="Send data as a JSON object")
    try:
        text = canonical(data)
    except Invalid as error:
        raise Invalid(error.message, field="data", fix=error.fix) from error
    if not _sound(data):
        path, message = next(_faults(data, "data"))
        raise Invalid(message, field=path[:120], fix="Correct or leave out this field")
    return text


def _sound(value: Any) -> bool:
    """Say whether there is nothing in it that `_faults` would find; asked first, because it is quick."""
    kind = type(value)
    if kind is str:
        return "\x00" not in value
    if kind is dict:
        return all("\x00" not in key and _sound(inner) for key, inner in value.items())
    if kind is list:
        return all(map(_sound, value))
    return kind is bool or _holdable(value)


def _faults(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Find what no table can hold: NUL in text, numbers beyond 10^±400. The depth is bounded by now."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _faults(key, path)
            yield from _faults(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _faults(inner, f"{path}[{index}]")
    elif isinstance(value, str):
        if "\x00" in value:
            yield path, "Text holds the character NUL"
    elif not _holdable(value):
        yield path, "The number is out of all bounds"


def _holdable(value: int | Decimal | None) -> bool:
    if value is None or isinstance(value, int):
        return value is None or value.bit_length() <= NUMBER_BITS
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and (exponent >= -NUMBER_EXPONENT and value.adjusted() <= NUMBER_EXPONENT)


def _wrong_time(message: str) -> Invalid:
    return Invalid(message, field="time", fix="Write it like 2026-01-31T12:00:00Z")
