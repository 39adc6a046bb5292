"""From the bytes of a request to decoded events: JSON, NDJSON, CloudEvents (structured, batch, binary), gzip.

What can't be read at all is a Problem (400, 413, 415). An item that can't be decoded becomes an `Invalid` in its
place, so that its neighbours are counted: every line of NDJSON is its own, and a JSON array with a broken item is
split before its items are decoded. Memory is bounded: 10 MB, counted after decompression.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote

import msgspec
from django.http import HttpRequest

from metering.rules import quick
from monetization.foundation.rest import Problem
from monetization.values.errors import Invalid

MOST_BYTES = 10 * 1024 * 1024
MOST_EVENTS = 10_000
JSON = frozenset({"application/json"})
LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
CLOUD_ONE, CLOUD_BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
TYPES = JSON | LINES | {CLOUD_ONE, CLOUD_BATCH}
UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, InvalidOperation)
MOST_EVENT_BYTES = 256 * 1024
MOST_MEMBERS = 100  # of a gzip stream: what follows each is copied, so a million empty ones would cost minutes

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_splitter = msgspec.json.Decoder(list[msgspec.Raw])


def items_in(raw: bytes, kind: str, attributes: Mapping[str, str]) -> list[Any]:
    """Read the events of an unpacked body; `attributes` are the `ce-` headers without their prefix.

    Gives `Incoming` where an event is plain, else decoded JSON with exact numbers, `Invalid` where it can't be decoded.
    Raises Problem 400 (not JSON, not UTF-8), 413 (over 10,000 events).
    """
    items = list(_items(raw, kind, attributes))
    if len(items) > MOST_EVENTS:
        raise Problem(413, f"More than {MOST_EVENTS:,} events", field="body", fix="Send them in parts")
    return items


def media_type(request: HttpRequest) -> str:
    """Give the media type. Raises Problem 415 for one that holds no events, or a charset that isn't UTF-8."""
    kind = (request.content_type or "").lower()
    if kind not in TYPES:
        known = ", ".join(sorted(TYPES))
        raise Problem(415, f"“{kind[:80]}” is no media type of events", field="Content-Type", fix=f"Use one of {known}")
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Problem(415, "Events are written in UTF-8", field="Content-Type", fix="Send charset=utf-8")
    return kind


def encoding_of(request: HttpRequest) -> str:
    """Give the content encoding: `gzip` or nothing. Raises Problem 415."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("gzip", "identity"):
        raise Problem(415, f"“{encoding[:40]}” is not understood", field="Content-Encoding", fix="Send gzip or nothing")
    return "gzip" if encoding == "gzip" else ""


def attributes_of(request: HttpRequest) -> dict[str, str]:
    """Give the attributes of a CloudEvent in binary form, which are headers (`ce-id`, …)."""
    headers = request.headers.items()
    return {name[3:].lower(): unquote(value) for name, value in headers if name.lower().startswith("ce-")}


def body_of(request: HttpRequest) -> bytes:
    """Read the body as it came, within its limit."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise _too_large()
    raw = request.read(MOST_BYTES + 1)
    request._body = raw  # what Idempotency-Key takes its digest of
    if len(raw) > MOST_BYTES:
        raise _too_large()
    return raw


def unpacked(raw: bytes, encoding: str) -> bytes:
    """Decompress a body if it is gzip, within the same limit."""
    plain = _unzipped(raw) if encoding == "gzip" else raw
    if not plain.strip():
        raise Problem(400, "The body is empty", field="body", fix="Send events as JSON")
    return plain


def _items(raw: bytes, kind: str, attributes: Mapping[str, str]) -> Iterable[Any]:
    if kind in LINES:
        return _quick_lines(raw)
    if kind in JSON and "specversion" in attributes:
        return [_binary(attributes, raw)]
    if kind in JSON:
        return _quick(raw)
    return (_with_version(item) for item in _decoded(raw))


def _quick(raw: bytes) -> list[Any]:
    """Read plain events straight into their envelopes; where that fails, all of them as any JSON."""
    if len(raw) > MOST_EVENT_BYTES and _has_oversized(raw):
        return _split(raw, ValueError("too large"))
    decoder = quick.Decoder()
    try:
        found: list[Any] = list(decoder.events(decoder.many.decode(raw)))
    except UNDECODABLE:  # not JSON, not a list, or something in it is not plain
        return _decoded(raw)
    if None not in found:
        return found
    return [known or item for known, item in zip(found, _decoded(raw), strict=True)]


def _quick_lines(raw: bytes) -> Iterable[Any]:
    if len(raw) > MOST_EVENT_BYTES and max(map(len, raw.split(b"\n"))) > MOST_EVENT_BYTES:
        return _lines(raw)
    decoder = quick.Decoder()
    try:
        found = decoder.events(decoder.one.decode_lines(raw))
    except UNDECODABLE:
        return _lines(raw)
    return _lines(raw) if None in found else found


def _has_oversized(raw: bytes) -> bool:
    """Say whether an item is larger than an event may be; told before any is decoded, which would cost seconds."""
    try:
        return max(map(len, map(bytes, _splitter.decode(raw))), default=0) > MOST_EVENT_BYTES
    except UNDECODABLE:
        return raw.lstrip()[:1] == b"{"


def _decoded(raw: bytes) -> list[Any]:
    if len(raw) > MOST_EVENT_BYTES and _has_oversized(raw):
        return _split(raw, ValueError("too large"))
    try:
        value = _decoder.decode(raw)
    except UNDECODABLE as error:
        return _split(raw, error)
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return value
    raise Problem(400, "The body must be an object or an array of objects", field="body", fix="Send [{…}, {…}]")


def _split(raw: bytes, error: Exception) -> list[Any]:
    """Decode the items of an array one by one, where only some of them can be."""
    try:
        parts = _splitter.decode(raw)
    except UNDECODABLE:
        if raw.lstrip()[:1] == b"{" and len(raw) > MOST_EVENT_BYTES:
            return [_one(raw)]
        raise Problem(400, f"The body is not JSON: {_words(error)}", field="body", fix="Send valid JSON") from error
    return [_one(bytes(part)) for part in parts]


def _lines(raw: bytes) -> Iterator[Any]:
    for line in raw.split(b"\n"):
        if line.strip():
            yield _one(line)


def _one(raw: bytes) -> Any:
    if len(raw) > MOST_EVENT_BYTES:
        return Invalid("An event may have 256 KB", field="event", fix="Send less in data, or several events")
    try:
        return _decoder.decode(raw)
    except UNDECODABLE as error:
        return Invalid(f"It is not JSON: {_words(error)}", field="event", fix="Send valid JSON")


def _with_version(item: Any) -> Any:
    return item | {"specversion": item.get("specversion", "")} if isinstance(item, dict) else item


def _binary(attributes: Mapping[str, str], raw: bytes) -> dict[str, Any]:
    """Put together an event whose attributes are headers and whose body is its data."""
    data = _one(raw)
    if isinstance(data, Invalid):
        raise Problem(400, data.message, field="body", fix=data.fix) from data
    return {**attributes, "data": data}


def _unzipped(raw: bytes) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        while raw:
            if len(parts) == MOST_MEMBERS:
                raise Problem(400, f"More than {MOST_MEMBERS} gzip members", field="body", fix="Compress it as one")
            stream = zlib.decompressobj(wbits=31)
            parts.append(stream.decompress(raw, MOST_BYTES + 1 - size))
            size += len(parts[-1])
            if size > MOST_BYTES:
                raise _too_large()
            if not stream.eof:
                raise Problem(400, "The gzip stream ends too early", field="body", fix="Send all of it")
            raw = stream.unused_data
    except zlib.error as error:
        raise Problem(
            400, "The body is not gzip", field="Content-Encoding", fix="Compress it, or say so not"
        ) from error
    return b"".join(parts)


def _too_large() -> Problem:
    return Problem(413, "The body is larger than 10 MB", field="body", fix="Send it in parts")


def _words(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
