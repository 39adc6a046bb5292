"""Check the books: every named check, its sentence, and the rows for which it doesn't hold."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.queries.books import Check, books_checks

SHOWN = 20


class Command(BaseCommand):
    help = "Check the books; prints offending rows and exits with 1 if there are any."

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(check.name for check in books_checks())
        parser.add_argument("checks", nargs="*", help=f"only these of: {names}")

    def handle(self, *, checks: list[str], **options: Any) -> None:
        found = sum(self._run(check) for check in _chosen(checks))
        if found:
            raise CommandError(f"{found} rows contradict the books", returncode=1)
        self.stdout.write("The books are clean.")

    def _run(self, check: Check) -> int:
        rows = check.find(timezone.now())
        mark = "✓" if not rows else "✗"
        self.stdout.write(f"{mark} {check.name}: {check.sentence}")
        for row in rows[:SHOWN]:
            self.stdout.write("    " + ", ".join(f"{name} {value}" for name, value in row.items() if value is not None))
        if len(rows) > SHOWN:
            self.stdout.write(f"    … and {len(rows) - SHOWN} more")
        return len(rows)


def _chosen(names: list[str]) -> list[Check]:
    known = {check.name: check for check in books_checks()}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CommandError(f"There is no check called {', '.join(unknown)}")
    return [known[name] for name in names] or list(known.values())
