"""`manage.py catalog export|plan|apply`: the catalog as files that a team keeps in its own version control.

`plan` ends with 0 where nothing would change, 2 where something would, 1 where the file can't be applied.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.actions import listings
from catalog.queries.listings import listing_of
from catalog.rules.diff import Change
from catalog.rules.files.previews import Line
from catalog.rules.listings.differences import Differences
from catalog.rules.listings.reading import listing_in
from catalog.rules.listings.shapes import Listing
from catalog.rules.listings.text import Source
from catalog.rules.listings.writing import file_of, files_of
from monetization.management.asking import environment_named, person_named, sentences
from monetization.management.catalog_files import ENDINGS, sources
from monetization.values.errors import DomainError, Invalid, refuse_if

SHOWN = 200
SIGNS = {Change.ADDED: "+", Change.REMOVED: "-", Change.CHANGED: "~"}
CHANGES = 2


class Command(BaseCommand):
    help = "Write the catalog to files, or say what a file would change, or ask for those changes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        for name in ("export", "plan", "apply"):
            each = what.add_parser(name)
            each.add_argument("path", type=Path, help="a file that ends with .yaml, or a folder")
            each.add_argument("--environment", default="live")
            if name == "apply":
                each.add_argument("--by", required=True, help="e-mail of who asks for the changes")
                each.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['what']}")(options["path"], options)
        except DomainError as error:
            raise CommandError(sentences(error)) from error

    def _export(self, path: Path, options: dict[str, Any]) -> None:
        listing = listing_of(environment_named(options["environment"]))
        files = {path: file_of(listing)} if path.suffix in ENDINGS else _below(path, files_of(listing))
        for each, text in files.items():
            each.parent.mkdir(parents=True, exist_ok=True)
            each.write_text(text, encoding="utf-8", newline="\n")
        self.stdout.write(f"{len(files)} files written." if len(files) > 1 else f"{path} written.")

    def _plan(self, path: Path, options: dict[str, Any]) -> None:
        read = sources(path)
        asked = listing_in(read)
        found, wrong = listings.compared(environment_named(options["environment"]), asked, timezone.now())
        self._tell(found)
        refuse_if(_located(each, read) for each in wrong)
        if not found.is_empty:
            sys.exit(CHANGES)

    def _apply(self, path: Path, options: dict[str, Any]) -> None:
        read = sources(path)
        asked: Listing = listing_in(read)
        environment, by = environment_named(options["environment"]), person_named(options["by"])
        try:
            applied = listings.apply(
                environment=environment, asked=asked, reason=options["reason"], by=by, at=timezone.now()
            )
        except DomainError as error:
            raise CommandError(sentences(_all(_located(each, read) for each in error.errors))) from error
        self._tell(applied.found)
        for request in applied.requests:
            self.stdout.write(f"Change request {request.pk} waits for decisions: {request.title}.")
        for version in applied.resting:
            self.stdout.write(f"{version} is drafted. Apply again when what it rests on is approved.")
        if not applied.found.is_empty and not applied.requests and not applied.resting:
            self.stdout.write("All of it waits for decisions already.")

    def _tell(self, found: Differences) -> None:
        lines = found.all()
        for line in lines[:SHOWN]:
            self.stdout.write(words_of(line))
        if len(lines) > SHOWN:
            self.stdout.write(f"… and {len(lines) - SHOWN} more lines.")
        counts = {change: sum(line.change is change for line in lines) for change in SIGNS}
        if not lines:
            self.stdout.write("No changes.")
        else:
            self.stdout.write(
                f"{counts[Change.ADDED]} added, {counts[Change.CHANGED]} changed, {counts[Change.REMOVED]} removed."
            )


def words_of(line: Line) -> str:
    """Say one line: `~ rate_cards.list · Tokens · any · EUR: 0.01 → 0.02 (+100.0 %)`."""
    percent = f" ({line.percent:+f} %)" if line.percent is not None else ""
    change = f"{line.old} → {line.new}{percent}" if line.old else line.new
    return f"{SIGNS[line.change]} {line.subject}{f' {line.what}' if line.what else ''}: {change}"


def _below(folder: Path, files: dict[str, str]) -> dict[Path, str]:
    return {folder / name: text for name, text in files.items()}


def _located(error: DomainError, sources: list[Source]) -> DomainError:
    """Add file and line to a refusal, where one of the files says its path."""
    found = next((each for each in sources if each.says(error.field or "")), None)
    return found.at(error) if found is not None else error


def _all(errors: Any) -> DomainError:
    try:
        refuse_if(errors)
    except DomainError as error:
        return error
    return Invalid("It can't be applied")
