"""Take events from CSV and NDJSON files, plain or gzip, from folders of them, or from standard input.

An event is taken once however often it is read, so nothing is lost and nothing counted twice by running this again.
A run that was stopped goes on where it was; a file that was read to its end is left alone until it changes.
"""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metering.actions import files as actions
from metering.actions.ingest import Receipt, ingest
from metering.files import Part, Place, Source, ahead, parts, sources
from metering.models import FileReading
from metering.rules.rows import RowMap, cell, pairs
from monetization.foundation.models import Environment
from monetization.management.progress import Progress
from monetization.values.errors import DomainError

Counts = Counter[tuple[str, str, str]]  # status, reason, field
MEANING = ("map", "set", "account", "type", "source", "id_from_row", "format")  # options that say what a row means


class Command(BaseCommand):
    help = "Take events from files and folders. Run it again after an interruption: it goes on where it was."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", help="CSV or NDJSON, also .gz; a folder of them; - is standard input")
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
        parser.add_argument("--restart", action="store_true", help="read from the start what was read before too")

    def handle(self, *, files: list[str], environment: str, batch: int, **options: Any) -> None:
        chosen = Environment.objects.filter(key=environment).first()
        if chosen is None:
            raise CommandError(f"There is no environment “{environment}”")
        if not 1 <= batch <= 10_000:
            raise CommandError("--batch must be from 1 to 10,000")
        try:
            found = sources(files)
            row_map(found[0], options)  # so that wrong options are told before anything is read
        except DomainError as error:
            raise CommandError(_said(error)) from error
        failed = self._all(found, chosen, batch, options)
        if failed:
            raise CommandError("\n".join(failed))

    def _all(self, found: list[Source], environment: Environment, batch: int, options: dict[str, Any]) -> list[str]:
        """Read one file after the other; one that can't be read is told at the end, and stops no other."""
        total: Counts = Counter()
        failed: list[str] = []
        run = Run(environment, batch, options, Progress(sum(_size(source) for source in found)))
        for source in found:
            counts: Counts = Counter()
            try:
                for receipt in run.receipts(source):
                    counts.update((item.status, item.reason, item.field) for item in receipt.items)
            except DomainError as error:
                failed.append(_said(error))
            except OSError as error:
                failed.append(f"{error.filename or source.name}: {error.strerror or error}")
            total += counts
            if len(found) > 1 or run.note:
                self.stdout.write(f"{source.name}: {run.note or _summary(counts)}")
            run.before += _size(source)
        run.progress.show(0, run.before, final=True)
        for (status, reason, field), count in sorted(total.items()):
            self.stdout.write(f"{count:>10,} {status}{f' ({reason}: {field})' if reason else ''}")
        return failed


class Run:
    """One run over all files; `before` are the bytes of the files that are done, `note` why a file wasn't read."""

    def __init__(self, environment: Environment, batch: int, options: dict[str, Any], progress: Progress) -> None:
        self.environment, self.batch, self.options, self.progress = environment, batch, options, progress
        self.before, self.note = 0, ""

    def receipts(self, source: Source) -> Iterator[Receipt]:
        """Take a file's events, from where it was left."""
        self.note = ""
        reading = self._reading(source) if source.path else None
        if reading is not None and reading.ended_at is not None:
            self.note = (
                f"read to its end on {reading.ended_at:%d %B %Y}, {reading.rows:,} rows; --restart reads it again"
            )
            self.progress.skip(reading.size)
            return
        first = True
        for part in ahead(self._parts(source, reading)):
            if first and reading is not None and reading.rows:
                self.progress.skip(part.read_bytes)
            first = False
            yield self._take(part, reading)
            self.progress.show(len(part.events), self.before + part.read_bytes)
        if reading is not None:
            actions.end(reading=reading, at=timezone.now())

    def _reading(self, source: Source) -> FileReading:
        meaning = {name: self.options[name] for name in MEANING}
        return actions.begin(
            environment=self.environment, key=source.key(meaning), name=source.name, size=source.size,
            at=timezone.now(), restart=self.options["restart"],
        )  # fmt: skip

    def _parts(self, source: Source, reading: FileReading | None) -> Iterator[Part]:
        after = Place(reading.offset, reading.rows) if reading else Place()
        kind = self.options["format"] or source.format
        return parts(source, row_map(source, self.options), kind=kind, size=self.batch, after=after)

    def _take(self, part: Part, reading: FileReading | None) -> Receipt:
        at, place = timezone.now(), part.place
        if reading is None:
            return ingest(environment=self.environment, events=part.events, by=None, at=at)
        return actions.take_part(reading=reading, events=part.events, offset=place.offset, rows=place.rows, at=at)


def row_map(source: Source, options: dict[str, Any]) -> RowMap:
    """Read the options that say what a row means."""
    constants = {name: cell(value) for text in options["set"] for name, value in pairs(text).items()}
    return RowMap(
        columns=pairs(options["map"]), constants=constants, account=options["account"], type=options["type"],
        source=options["source"], ids=source.name if options["id_from_row"] else "",
    )  # fmt: skip


def _summary(counts: Counts) -> str:
    by_status: Counter[str] = Counter()
    for (status, _, _), count in counts.items():
        by_status[status] += count
    return ", ".join(f"{count:,} {status}" for status, count in sorted(by_status.items())) or "no event"


def _size(source: Source) -> int:
    try:
        return source.size
    except OSError:
        return 0  # told when it is opened


def _said(error: DomainError) -> str:
    return f"{error.message}. {error.fix or ''}".strip()
