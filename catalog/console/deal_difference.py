"""A deal beside what the customer has now: its terms, its parts, its prices, each changed, added or removed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from catalog.console.part_rows import part_rows
from catalog.models import Contract
from catalog.queries import EffectivePrice, contract_at, effective_prices
from catalog.rules.terms import PriceModel
from monetization.foundation.templatetags.show import day, percent
from monetization.values.money import round_half_away
from monetization.values.periods import local_midnight

SIGNS = {"added": "+", "removed": "−", "changed": "≠"}


@dataclass(frozen=True, slots=True)
class Row:
    """Something that differs: old and new in words (empty: it wasn't or won't be there), and by how much."""

    what: str
    old: str
    new: str
    percent: Decimal | None = None

    @property
    def kind(self) -> str:
        """Whether it is changed, added or removed."""
        return "changed" if self.old and self.new else "added" if self.new else "removed"

    @property
    def sign(self) -> str:
        """Its mark in the margin."""
        return SIGNS[self.kind]


@dataclass(frozen=True, slots=True)
class DealDifference:
    """What differs from a contract, by subject; ``same`` counts prices that stay."""

    now: Contract
    groups: tuple[tuple[str, tuple[Row, ...]], ...]
    same: int


def against_now(contract: Contract, now: datetime) -> DealDifference | None:
    """Compare with the contract in force; None where the customer has no other."""
    other = contract_at(contract.account, now)
    if other is None or other.pk == contract.pk:
        return None
    start = local_midnight(contract.start_date, contract.account.time_zone)
    olds, news = _prices(other, now), _prices(contract, start)
    prices = tuple(row for row in _price_rows(olds, news) if row.old != row.new)
    groups = (
        ("Terms", tuple(_rows(_terms(other), _terms(contract)))),
        ("Parts", tuple(_rows(_parts(other), _parts(contract)))),
        ("Prices", prices),
    )
    return DealDifference(other, tuple(each for each in groups if each[1]), len({*olds, *news}) - len(prices))


def _rows(olds: Mapping[str, str], news: Mapping[str, str]) -> Iterator[Row]:
    for what in dict.fromkeys([*olds, *news]):
        old, new = olds.get(what, ""), news.get(what, "")
        if old != new:
            yield Row(what, old, new)


def _terms(contract: Contract) -> dict[str, str]:
    pinned = contract.pinned_version
    until = f" until {day(contract.pinned_until)}" if contract.pinned_until else ""
    return {
        "Days": f"{day(contract.start_date)} – {day(contract.end_date) if contract.end_date else 'open'}",
        "Sold by": str(contract.legal_entity),
        "Currency": contract.currency,
        "Rate card": str(contract.rate_card),
        "Prices": f"pinned to v{pinned.number}{until}" if pinned else "follow each new version",
        "Off all usage": percent(contract.discount_percent) if contract.discount_percent else "",
        "Billed": f"{contract.get_cadence_display().lower()}, {contract.get_anchor_display().lower()}",
        "Net days": str(contract.net_days),
        "Purchase order": contract.purchase_order,
    }


def _parts(contract: Contract) -> dict[str, str]:
    """Say each part by its name and kind; several of one name are told apart by their keys."""
    found: dict[str, str] = {}
    for row in part_rows(contract):
        what = f"{row.row.name}, {row.kind}"
        name = what if what not in found else f"{what} ({row.row.key})"
        found[name] = " · ".join(each for each in (row.figure, row.scope, row.days) if each)
    return found


def _prices(contract: Contract, at: datetime) -> dict[str, EffectivePrice]:
    return {" · ".join([row.name, *(v for _, v in row.match)]): row for row in effective_prices(contract, at)}


def _price_rows(olds: Mapping[str, EffectivePrice], news: Mapping[str, EffectivePrice]) -> Iterator[Row]:
    for what in dict.fromkeys([*olds, *news]):
        old, new = olds.get(what), news.get(what)
        words = [f"{each.currency} {each.effective_words}" if each is not None else "" for each in (old, new)]
        yield Row(what, words[0], words[1], _percent(old, new))


def _percent(old: EffectivePrice | None, new: EffectivePrice | None) -> Decimal | None:
    """Give the change of a plain unit price in one currency."""
    if old is None or new is None or old.currency != new.currency:
        return None
    if {old.effective.model, new.effective.model} != {PriceModel.PER_UNIT}:
        return None
    before, after = (Fraction(each.effective.tiers[0].unit_price) for each in (old, new))
    return round_half_away(100 * (after - before) / before, 2) if before else None
