"""`manage.py import KIND FILE`: what a file of prices or contracts would change or what is wrong with it; `--apply`."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.actions import imports
from catalog.models import Import, ImportLine
from catalog.rules.files.sheets import MOST_BYTES
from catalog.rules.files.templates import template
from catalog.rules.files.written import MEDIA
from monetization.management.asking import environment_named, person_named, sentences
from monetization.values.errors import DomainError

KINDS = {kind.value.lower(): kind for kind in Import.Kind}
SHOWN = 200


class Command(BaseCommand):
    help = "Preview a CSV or XLSX file of a rate card, of own prices or of contracts, and with --apply make its drafts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=list(KINDS))
        parser.add_argument("file", type=Path, help="CSV (UTF-8) or XLSX; with --template it is written")
        parser.add_argument("--by", help="e-mail of who imports")
        parser.add_argument("--card", default="", help="rate_card: key of the card; it is made if missing")
        parser.add_argument("--effective", type=date.fromisoformat, help="rate_card: from when the prices shall hold")
        parser.add_argument("--environment", default="live")
        parser.add_argument("--apply", action="store_true", help="make the drafts, if all of the file is good")
        parser.add_argument("--submit", metavar="REASON", default="", help="ask for approval too, with this reason")
        parser.add_argument("--template", action="store_true", help="write the template to FILE and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        path, kind = options["file"], KINDS[options["kind"]]
        if options["template"]:
            form = path.suffix.lstrip(".").lower()
            if form not in MEDIA:
                raise CommandError(f"{path} must end with .csv or .xlsx")
            path.write_bytes(template(imports.book_of(kind), form))
            return
        if not options["by"]:
            raise CommandError("Who imports? Add --by with an e-mail.")
        try:
            self._import(path, kind, options)
        except DomainError as error:
            raise CommandError(sentences(error)) from error

    def _import(self, path: Path, kind: str, options: dict[str, Any]) -> None:
        by, at = person_named(options["by"]), timezone.now()
        imported = imports.upload(
            environment=environment_named(options["environment"]), kind=kind, file_name=path.name,
            content=_content(path), rate_card_key=options["card"], effective_date=options["effective"], by=by, at=at,
        )  # fmt: skip
        imported = imports.check(imported=imported, at=timezone.now())
        self._tell(imported)
        if options["apply"] or options["submit"]:
            imports.apply(imported=imported, reason=options["submit"], by=by, at=timezone.now())
            self.stdout.write("Drafted." if not options["submit"] else "Drafted, and waiting for approval.")

    def _tell(self, imported: Import) -> None:
        if imported.fault_count:
            for fault in imported.faults.all()[:SHOWN]:
                self.stdout.write(f"{fault.place}: {fault.message}. {fault.fix}".strip())
            raise CommandError(
                f"{imported.fault_count} mistakes: nothing is applied. Mend the file (import {imported.pk})."
            )
        for line in imported.lines.exclude(change="UNCHANGED")[:SHOWN]:
            self.stdout.write(_words(line))
        self.stdout.write(
            f"{imported.added} added, {imported.changed} changed, {imported.removed} removed, {imported.unchanged}"
            f" unchanged (import {imported.pk})."
        )


def _words(line: ImportLine) -> str:
    percent = f" ({line.percent:+f} %)" if line.percent is not None else ""
    change = f"{line.old} → {line.new}{percent}" if line.old else line.new
    return f"{line.sign} {line.subject}{f' {line.what}' if line.what else ''}: {change}"


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}") from None
