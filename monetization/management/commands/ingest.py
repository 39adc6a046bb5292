"""Take events from CSV and NDJSON files, plain or gzip, from folders of them, or from standard input.

An event is taken once however often it is read, so nothing is lost and nothing counted twice by running this again.
A run that was stopped goes on where it was; a file that was read to its end is left alone until it changes.
"""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metering.files import Source, sources
from monetization.foundation.models import Environment
from monetization.management.progress import Progress
from monetization.management.reading import Run, row_map
from monetization.values.errors import DomainError

Counts = Counter[tuple[str, str, str]]  # status, reason, field


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
