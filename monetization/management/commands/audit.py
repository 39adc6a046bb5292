"""`manage.py audit verify|anchor`: compute the audit chain again, or write its head outside the database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from monetization.foundation.actions import audit


class Command(BaseCommand):
    """Print what was found; exit 1 when the log is not whole."""

    help = "Verify the audit log's chain, or anchor its head outside the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["verify", "anchor"])

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "anchor":
            made = audit.anchor(at=timezone.now())
            self.stdout.write(f"Anchored link {made.link_id} in {made.place}." if made else "Nothing new to anchor.")
            return
        report = audit.verify(at=timezone.now())
        for problem in report.problems:
            self.stdout.write(problem)
        if not report.is_whole:
            raise CommandError(f"The audit log is not whole: {len(report.problems)} findings in {report.links} links.")
        self.stdout.write(f"The audit log is whole: {report.links} links, head {report.head.hex()[:16]}….")
