"""`manage.py import_prices`: draft a rate card from the price list that the package genai-prices ships, or from a CSV
file with any price model (`catalog.rules.price_file` says which columns).
"""

from argparse import ArgumentParser
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.actions import metrics, price_lists, rate_cards
from catalog.actions.price_lists import Loaded
from catalog.rules.price_file import charges_in
from catalog.rules.published import published
from monetization.foundation.models import Environment, User
from monetization.values.errors import DomainError


class Command(BaseCommand):
    help = "Draft a rate card from a published price list of language models, or from a CSV file of your own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--card", required=True, help="key of the rate card; it is made if missing")
        parser.add_argument("--by", required=True, help="e-mail of who drafts it")
        parser.add_argument("--currency", default="USD", help="USD, or with others at a factor: USD,EUR=0.92,JPY=150")
        parser.add_argument("--at", type=date.fromisoformat, help="take the prices of this day (default: today)")
        parser.add_argument("--effective", type=date.fromisoformat, help="from when they shall hold (default: --at)")
        parser.add_argument("--file", type=Path, help="a CSV file: product, metric, currency, model and its numbers")
        parser.add_argument("--providers", default="", help="only these, such as openai,anthropic")
        parser.add_argument("--environment", default="live")
        parser.add_argument("--submit", metavar="REASON", default="", help="ask for approval, with this reason")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        day = options["at"] or at.date()
        try:
            by = _person(options["by"])
            loaded = _from_file(options, day, by, at) if options["file"] else _from_list(options, day, by, at)
            self._tell(loaded)
            if options["submit"]:
                self._submit(loaded, options["submit"], by, at)
        except DomainError as error:
            raise CommandError("\n".join(_sentence(each) for each in error.errors)) from error

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
        environment=_environment(options["environment"]), card_key=options["card"],
        price_list=published(day, _words(options["providers"])), factors=_factors(options["currency"]),
        effective_date=options["effective"] or day, by=by, at=at,
    )  # fmt: skip


def _from_file(options: dict[str, Any], day: date, by: User, at: datetime) -> Loaded:
    path: Path = options["file"]
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} can't be read: {error}") from None
    return price_lists.load_charges(
        environment=_environment(options["environment"]), card_key=options["card"],
        charges=charges_in(text.splitlines(keepends=True)), notes=f"Prices of {path.name}.",
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


def _person(email: str) -> User:
    found = User.objects.filter(email=email.lower(), is_active=True).first()
    if found is None:
        raise CommandError(f"Nobody signs in as {email}.")
    return found


def _environment(key: str) -> Environment:
    found = Environment.objects.filter(key=key).first()
    if found is None:
        raise CommandError(f"There is no environment “{key}”.")
    return found


def _sentence(error: DomainError) -> str:
    where = f"{error.field}: " if error.field else ""
    return f"{where}{error.message}. {error.fix or ''}".strip()
