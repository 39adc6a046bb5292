"""Draft the invoices that are due, and say what was drafted and what could not be."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from billing.actions import runs
from monetization.foundation.actions import audit
from monetization.foundation.models import Environment
from monetization.values.money import Money


class Command(BaseCommand):
    help = "Draft an invoice for every contract's period that has started; running again adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--environment", default="live", help="key of the environment (default: live)")
        parser.add_argument("--at", type=instant, help="as if it were this instant, such as 2026-11-01T00:00:00Z")

    def handle(self, *, environment: str, at: datetime | None, **options: Any) -> None:
        try:
            chosen = Environment.objects.get(key=environment)
        except Environment.DoesNotExist:
            known = ", ".join(Environment.objects.values_list("key", flat=True))
            raise CommandError(f"There is no environment “{environment}”; there are: {known}") from None
        drafted = parked = 0
        for run in runs.draft_in_chunks(environment=chosen, by=None, at=at or timezone.now()):
            self._say(run)
            drafted, parked = drafted + len(run.drafted), parked + len(run.parked)
        if drafted:
            audit.anchor_on_commit(at=timezone.now())
        self.stdout.write(f"{drafted} drafted, {parked} parked")

    def _say(self, run: runs.Run) -> None:
        """Say what a chunk came to, while the next ones are still to come."""
        for invoice in sorted(run.drafted, key=lambda each: (each.contract.key, each.period_starts_at, each.kind)):
            period = f"{invoice.period_starts_at:%Y-%m-%d} – {invoice.period_ends_at:%Y-%m-%d}"
            self.stdout.write(f"{invoice.contract.key}  {period}  {Money(invoice.total, invoice.currency)}")
        for contract, why in run.parked:
            self.stderr.write(f"{contract}  could not be drafted: {why}")
        self.stdout.flush()


def instant(text: str) -> datetime:
    """Read an instant; without a zone it is UTC."""
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"“{text}” is not an instant; write it like 2026-11-01T00:00:00Z")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
