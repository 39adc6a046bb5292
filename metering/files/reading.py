"""The events of a file in parts, so that a run that was stopped goes on where its last part ended.

A place is a number of bytes of the text (unpacked) and of rows; it always lies between two rows. Bytes are counted
as lines are handed to the reader of CSV, which takes as many as a row with line breaks in its cells needs.
"""

import csv
import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import IO, Any

import msgspec

from metering.files.finding import Source
from metering.rules.rows import RowMap, cell, cells
from monetization.values.errors import Invalid

_decoder = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file is read: bytes of its text, and rows (CSV) or lines (NDJSON)."""

    offset: int = 0
    rows: int = 0


START = Place()


@dataclass(frozen=True, slots=True)
class Part:
    """Some events, the place after them, and how many bytes of the file itself were read for that."""

    events: list[Any]
    place: Place
    read_bytes: int


def parts(source: Source, rows: RowMap, *, kind: str, size: int, after: Place = START) -> Iterator[Part]:
    """Yield a file's events from a place on, `size` at a time. Raises Invalid for what can't be read, OSError."""
    with _opened(source) as (raw, stream), _readable(source):
        lines = _Lines(stream)
        events = _csv(lines, rows, after) if kind == "csv" else _ndjson(lines, rows, after)
        while found := list(islice(events, size)):
            position = raw.tell() if source.path else 0
            yield Part([event for _, event in found], Place(lines.offset, found[-1][0]), position)


class _Lines:
    """The lines of a stream, and how many bytes they had so far."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.offset = stream, 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self.stream:
            for piece in line.splitlines(keepends=True) if b"\r" in line else (line,):  # a Mac's file ends lines so
                self.offset += len(piece)
                yield piece

    def go_to(self, offset: int) -> None:
        self.stream.seek(offset)
        self.offset = offset


@contextmanager
def _opened(source: Source) -> Iterator[tuple[IO[bytes], Any]]:
    if source.path is None:
        yield sys.stdin.buffer, sys.stdin.buffer
        return
    with source.path.open("rb") as raw:
        yield raw, gzip.GzipFile(fileobj=raw) if source.is_packed else raw


@contextmanager
def _readable(source: Source) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise Invalid(f"{source.name} is not UTF-8: {error}", field="file", fix="Save it as UTF-8") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Invalid(f"{source.name} can't be unpacked: {error}", field="file", fix="Fetch it again") from error
    except csv.Error as error:
        raise Invalid(f"{source.name} is not CSV: {error}", field="file", fix="Name its --format") from error


def _csv(lines: _Lines, rows: RowMap, after: Place) -> Iterator[tuple[int, Any]]:
    source = iter(lines)
    names = next(csv.reader(_texts(source)), [])
    if after.rows:
        lines.go_to(after.offset)
        source = iter(lines)
    reader = csv.reader(_texts(source))
    texts = {column for name, column in rows.columns.items() if cells({name: "1"})[name] == "1"}
    texts |= {name for name in names if cells({name: "1"})[name] == "1"}
    number = after.rows
    for values in reader:
        if values:
            number += 1
            yield number, rows.event(_row(names, values, texts), number)


def _row(names: list[str], values: list[str], texts: set[str]) -> dict[str, Any]:
    """Read a row: numbers as numbers, but the text of what is mapped into the envelope; cells without a name go."""
    row: dict[str, Any] = {
        name: value if name in texts else cell(value) for name, value in zip(names, values, strict=False) if name
    }
    if len(values) < len(names):
        row |= dict.fromkeys(filter(None, names[len(values) :]), "")
    return row


def _texts(lines: Iterable[bytes]) -> Iterator[str]:
    """Decode lines; a mark of byte order may stand before the first."""
    for number, line in enumerate(lines):
        yield line.decode("utf-8-sig") if number == 0 else line.decode()


def _ndjson(lines: _Lines, rows: RowMap, after: Place) -> Iterator[tuple[int, Any]]:
    if after.rows:
        lines.go_to(after.offset)
    for number, line in enumerate(lines, start=after.rows + 1):
        if line.strip():
            yield number, _item(line, rows, number)


def _item(line: bytes, rows: RowMap, number: int) -> Any:
    """Read a line; one that can't be read is an `Invalid` in its place."""
    try:
        item = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Invalid(f"Line {number} is not JSON: {error}", field="event", fix="Send valid JSON")
    return rows.event(item, number) if isinstance(item, dict) and "specversion" not in item else item
