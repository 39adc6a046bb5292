"""Take events from CSV and NDJSON files, plain or gzip, or from standard input; running it again changes nothing."""

import csv
import gzip
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metering.actions.ingest import Receipt, ingest
from metering.rules.rows import RowMap, cell, cells, pairs
from monetization.foundation.models import Environment
from monetization.values.errors import DomainError, Invalid

FORMATS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "ndjson"}
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class Progress:
    """One line on standard error that says how far we are; on a terminal it is rewritten in place."""

    def __init__(self, total: int) -> None:
        self.total, self.events, self.began, self.last = total, 0, time.monotonic(), 0.0
        self.is_terminal = sys.stderr.isatty()

    def show(self, events: int, read: int, *, final: bool = False) -> None:
        self.events += events
        now = time.monotonic()
        if not final and now - self.last < (0.2 if self.is_terminal else 10):
            return
        self.last = now
        rate = int(self.events / max(now - self.began, 0.001))
        done = min(100, 100 * read // self.total) if self.total else 100
        bar = f"[{'█' * (done // 4):<25}] {done:3} %" if self.total else "…"
        line = f"{bar}  {self.events:,} events, {rate:,} a second"
        sys.stderr.write(f"\r{line}" if self.is_terminal else f"{line}\n")
        sys.stderr.write("\n" if final and self.is_terminal else "")
        sys.stderr.flush()


class Command(BaseCommand):
    help = "Take events from files. An event that was taken before is a duplicate, so an interrupted run is run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", help="CSV or NDJSON, also .gz; - is standard input")
        parser.add_argument(
            "--map", default="", help="event field=column, …: time=TIMESTAMP,input_tokens=ContextTokens"
        )
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="put into every event's data"
        )
        parser.add_argument("--account", default="", help="the account of rows that name none")
        parser.add_argument("--type", default="", help="the type of rows that name none")
        parser.add_argument("--source", default="", help="the source of rows that name none")
        parser.add_argument("--id-from-row", action="store_true", help="id = file name and row number")
        parser.add_argument("--format", choices=["csv", "ndjson"], help="else by the file's name")
        parser.add_argument("--environment", default="live")
        parser.add_argument("--batch", type=int, default=5000, help="events a transaction (1 to 10,000)")

    def handle(self, *, files: list[str], environment: str, batch: int, **options: Any) -> None:
        chosen = Environment.objects.filter(key=environment).first()
        if chosen is None:
            raise CommandError(f"There is no environment “{environment}”")
        if not 1 <= batch <= 10_000:
            raise CommandError("--batch must be from 1 to 10,000")
        total: Counter[tuple[str, str, str]] = Counter()
        try:
            for name in files:
                total += self._take(name, chosen, batch, options)
        except DomainError as error:
            raise CommandError(f"{error.message}. {error.fix or ''}".strip()) from error
        except OSError as error:
            raise CommandError(f"{error.filename or 'input'}: {error.strerror or error}") from error
        for (status, reason, field), count in sorted(total.items()):
            self.stdout.write(f"{count:>10,} {status}{f' ({reason}: {field})' if reason else ''}")

    def _take(self, name: str, environment: Environment, batch: int, options: dict[str, Any]) -> Counter[Any]:
        counts: Counter[tuple[str, str, str]] = Counter()
        path = None if name == "-" else Path(name)
        rows = row_map(path, options)
        progress = Progress(path.stat().st_size if path else 0)
        with opened(path) as raw:
            position = raw.tell if path else lambda: 0
            events = decoded(raw, path, rows, options["format"])
            while chunk := list(islice(events, batch)):
                receipt = ingest(environment=environment, events=chunk, by=None, at=timezone.now())
                counts.update(tally(receipt))
                progress.show(len(chunk), position())
            progress.show(0, position(), final=True)
        return counts


def row_map(path: Path | None, options: dict[str, Any]) -> RowMap:
    """Read the options that say what a row means."""
    constants = {name: cell(value) for text in options["set"] for name, value in pairs(text).items()}
    return RowMap(
        columns=pairs(options["map"]), constants=constants, account=options["account"], type=options["type"],
        source=options["source"], ids=(path.name if path else "stdin") if options["id_from_row"] else "",
    )  # fmt: skip


def opened(path: Path | None) -> IO[bytes]:
    """Open a file, or standard input."""
    return path.open("rb") if path else sys.stdin.buffer


def decoded(raw: IO[bytes], path: Path | None, rows: RowMap, wanted: str | None) -> Iterator[Any]:
    """Yield the events of a file; a line that can't be read is an `Invalid`, a missing column raises it."""
    suffixes = [suffix.lower() for suffix in path.suffixes] if path else []
    stream: Any = gzip.GzipFile(fileobj=raw) if suffixes[-1:] == [".gz"] else raw
    plain = next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "")
    kind = wanted or FORMATS.get(plain, "ndjson")
    if kind == "csv":
        yield from _csv(stream, rows)
    else:
        yield from _lines(stream, rows)


def _csv(stream: Any, rows: RowMap) -> Iterator[Any]:
    text = TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        for number, row in enumerate(csv.DictReader(text, restkey="", restval=""), start=1):
            yield rows.event(_typed(row, rows), number)
    except UnicodeDecodeError as error:
        raise Invalid(f"The file is not UTF-8: {error}", field="file", fix="Save it as UTF-8") from error
    finally:
        text.detach()  # or it would close the file, whose position is still asked for


def _typed(row: dict[Any, Any], rows: RowMap) -> dict[str, Any]:
    """Read numbers, but keep the text of columns that are mapped into the envelope."""
    texts = {column for name, column in rows.columns.items() if cells({name: "1"})[name] == "1"}
    return {name: value if name in texts else cells({name: value})[name] for name, value in row.items() if name}


def _lines(stream: Iterable[bytes], rows: RowMap) -> Iterator[Any]:
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            item = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield Invalid(f"Line {number} is not JSON: {error}", field="event", fix="Send valid JSON")
            continue
        yield rows.event(item, number) if isinstance(item, dict) and "specversion" not in item else item


def tally(receipt: Receipt) -> Counter[tuple[str, str, str]]:
    """Count what became of the events, by reason and field."""
    return Counter((item.status, item.reason, item.field) for item in receipt.items)
