"""`manage.py import_prices`: draft a rate card from the price list that the package genai-prices ships.

A file of your own comes in by `manage.py import rate_card`.
"""

from argparse import ArgumentParser
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.actions import metrics, price_lists, rate_cards
from catalog.actions.price_lists import Loaded
from catalog.rules.published import published
from monetization.foundation.models import User
from monetization.management.asking import environment_named, person_named, sentences
from monetization.values.errors import DomainError


class Command(BaseCommand):
    help = "Draft a rate card from a published price list of language models."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--card", required=True, help="key of the rate card; it is made if missing")
        parser.add_argument("--by", required=True, help="e-mail of who drafts it")
        parser.add_argument("--currency", default="USD", help="USD, or with others at a factor: USD,EUR=0.92,JPY=150")
        parser.add_argument("--at", type=date.fromisoformat, help="take the prices of this day (default: today)")
        parser.add_argument("--effective", type=date.fromisoformat, help="from when they shall hold (default: --at)")
        parser.add_argument("--providers", default="", help="only these, such as openai,anthropic")
        parser.add_argument("--environment", default="live")
        parser.add_argument("--submit", metavar="REASON", default="", help="ask for approval, with this reason")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        day = options["at"] or at.date()
        try:
            by = person_named(options["by"])
            loaded = _from_list(options, day, by, at)
            self._tell(loaded)
            if options["submit"]:
                self._submit(loaded, options["submit"], by, at)
        except DomainError as error:
            raise CommandError(sentences(error)) from error

    def _tell(self, loaded: Loaded) -> None:
        self.stdout.write(f"{loaded.version} drafted with {loaded.rows} prices.")
        for version in loaded.metrics:
            self.stdout.write(f"{version} drafted: it needs approval before the prices.")
        if loaded.left_out:
            self.stdout.write("\nNot taken over (also in the version's notes):")
        for sentence in loaded.left_out:
            self.stdout.write(f"- {sentence}")

    def _submit(self, loaded: Loaded, reason: str, by: User, at: datetime) -> None:
        for version in loaded.metrics:
            metrics.submit(version=version, reason=reason, by=by, at=at)
            self.stdout.write(f"{version} waits for approval.")
        if loaded.metrics:
            self.stdout.write(f"Submit {loaded.version} in the console when its metrics are approved.")
            return
        rate_cards.submit(version=loaded.version, title="", reason=reason, by=by, at=at)
        self.stdout.write(f"{loaded.version} waits for approval.")


def _from_list(options: dict[str, Any], day: date, by: User, at: datetime) -> Loaded:
    return price_lists.load(
        environment=environment_named(options["environment"]), card_key=options["card"],
        price_list=published(day, _words(options["providers"])), factors=_factors(options["currency"]),
        effective_date=options["effective"] or day, by=by, at=at,
    )  # fmt: skip


def _factors(text: str) -> dict[str, Decimal]:
    """Read `USD,EUR=0.92`; every currency but USD needs its factor."""
    found: dict[str, Decimal] = {}
    for word in _words(text):
        code, _, factor = word.partition("=")
        if not factor and code != "USD":
            raise CommandError(f"What is 1 USD in {code}? Write {code}=0.92")
        try:
            found[code] = Decimal(factor or 1)
        except InvalidOperation:
            raise CommandError(f"“{factor}” is not a number. Write {code}=0.92") from None
    return found


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
