"""The months of events: how each stands; seal one, or drop the events of one that nothing needs any more."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.actions import retention
from billing.queries.retention import reasons
from metering.actions import partitions as actions
from metering.queries import partitions
from monetization.values.errors import DomainError

MEGABYTE = 1024 * 1024


class Command(BaseCommand):
    help = "List the months of events; seal a month that is over; drop one whose events nothing needs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", nargs="?", choices=["list", "seal", "drop"], default="list")
        parser.add_argument("--month", default="", help="2026-03; seal without it takes all that are due")
        parser.add_argument("--dry-run", action="store_true", help="drop: only say what is against it")

    def handle(self, *, what: str, month: str, dry_run: bool, **options: Any) -> None:
        chosen = _month(month)
        try:
            if what == "seal":
                self._seal(chosen)
            elif what == "drop":
                self._drop(chosen, dry_run)
            else:
                self._list()
        except DomainError as error:
            raise CommandError("\n".join(f"{e.message}. {e.fix or ''}".strip() for e in error.errors)) from error

    def _list(self) -> None:
        self.stdout.write(f"{'month':<8} {'state':<8} {'events':>14} {'MB':>10} {'of it indexes':>14}")
        for each in partitions.months():
            about = "" if each.is_counted else "~"
            size, indexes = each.size_bytes // MEGABYTE, each.index_bytes // MEGABYTE
            note = "  sealed late" if each.was_sealed_late else ""
            self.stdout.write(
                f"{each.month:%Y-%m}  {each.label:<8} {f'{about}{each.events:,}':>14} {size:>10,} {indexes:>14,}{note}"
            )

    def _seal(self, month: date | None) -> None:
        at = timezone.now()
        due = [month] if month else partitions.to_seal(at)
        for each in due:
            events = actions.seal(month=each, at=at)
            self.stdout.write(f"{each:%Y-%m} is sealed: {events or 0:,} events")
        if not due:
            self.stdout.write("No month is due to be sealed.")

    def _drop(self, month: date | None, dry_run: bool) -> None:
        if month is None:
            raise CommandError("Say which month: --month 2026-03")
        at = timezone.now()
        if not dry_run:
            events = retention.drop(month=month, by=None, at=at)
            self.stdout.write(f"{month:%Y-%m} is dropped: {events:,} events; usage, evidence and keys are kept")
            return
        found = reasons(month=month, months_kept=retention.policy(), at=at)
        for reason in found:
            self.stdout.write(f"- {reason}")
        self.stdout.write(f"{month:%Y-%m} " + ("can't be dropped." if found else "can be dropped."))


def _month(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise CommandError("--month is written like 2026-03") from None
