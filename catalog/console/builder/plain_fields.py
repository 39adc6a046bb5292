"""Sections of plain fields, as data: what each is called, how it is typed, and what helps to fill it in."""

from dataclasses import dataclass
from typing import Any

from catalog.console.contract_forms import form_of
from catalog.console.own_rows import COMBINES
from catalog.models import Contract, RateCard, RateCardVersion
from monetization.foundation.models import LegalEntity
from monetization.foundation.web import Outcome

MONEYS = ("USD", "EUR", "GBP", "CHF", "JPY")


@dataclass(frozen=True, slots=True)
class Plain:
    """A field: ``kind`` is text, date, whole, number or choice; ``only`` names the class that hides it."""

    name: str
    label: str
    kind: str = "text"
    help: str = ""
    only: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A field as it is on the page."""

    field: Plain
    value: str
    options: tuple[tuple[Any, str], ...]


SECTIONS: dict[str, tuple[str, tuple[Plain, ...]]] = {
    "deal": (
        "Customer and dates",
        (
            Plain("name", "Name"), Plain("legal_entity", "Sold by", "choice"),
            Plain("currency", "Currency", "choice"), Plain("start_date", "First day", "date"),
            Plain("end_date", "Last day", "date", "Served in full. Empty: open."),
        ),
    ),
    "prices": (
        "Price list",
        (
            Plain("rate_card", "Rate card", "choice"), Plain("pinned_version", "Prices", "choice"),
            Plain("pinned_until", "Follows from", "date", "First day no longer pinned. Empty: pinned for ever.",
                  "only-pinned"),
            Plain("combine_multipliers", "Several percentages off", "choice"),
        ),
    ),
    "discount": ("", (Plain("discount_percent", "Off all usage", "number", "Percent, before tax."),)),
    "billing": (
        "Billing",
        (
            Plain("cadence", "Billed", "choice"), Plain("anchor", "Periods begin on", "choice"),
            Plain("anchor_day", "Day", "whole", "1 to 31.", "only-day"), Plain("net_days", "Net days", "whole"),
            Plain("purchase_order", "Purchase order"),
        ),
    ),
}  # fmt: skip


def names_of(section: str) -> tuple[str, ...]:
    """Name the fields of a section; none where there is no such section."""
    return tuple(field.name for field in SECTIONS[section][1]) if section in SECTIONS else ()


def shown_of(contract: Contract, outcome: Outcome[Any], typed: Any) -> dict[str, tuple[Shown, ...]]:
    """Give every section's fields with their values; those typed where they were refused."""
    said, options = form_of(contract), _options(contract)
    if not outcome:
        said |= {name: typed[name] for name in said if name in typed}
    return {
        key: tuple(Shown(field, said.get(field.name, ""), options.get(field.name, ())) for field in fields)
        for key, (_, fields) in SECTIONS.items()
    }


def _options(contract: Contract) -> dict[str, tuple[tuple[Any, str], ...]]:
    place = {"environment_id": contract.environment_id}
    versions = RateCardVersion.objects.filter(rate_card=contract.rate_card_id, status="APPROVED").order_by("-number")
    moneys = (contract.currency, *(money for money in MONEYS if money != contract.currency))
    return {
        "legal_entity": tuple(LegalEntity.objects.filter(**place).values_list("pk", "name")),
        "rate_card": tuple(RateCard.objects.filter(**place).values_list("pk", "name")),
        "pinned_version": (
            ("", "follow each new version"),
            *((one.pk, f"pinned to v{one.number}") for one in versions),
        ),
        "currency": tuple((money, money) for money in moneys),
        "cadence": tuple(Contract.Cadence.choices),
        "anchor": tuple(Contract.Anchor.choices),
        "combine_multipliers": tuple(COMBINES),
    }  # fmt: skip
