"""A commit by years, as people say it: an amount a year, billed in so many invoices; written out as its schedules."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from catalog.models import Contract
from catalog.rules.schedules import Item
from monetization.foundation.web import number_in
from monetization.values.errors import DomainError
from monetization.values.money import allocate
from monetization.values.periods import DAY, months_after

YEARS = ("year_1", "year_2", "year_3")
INVOICES = (("1", "one a year"), ("2", "two a year"), ("4", "four a year"), ("12", "one a month"), ("0", "none"))
YEAR = 12


def by_years(typed: Mapping[str, str], contract: Contract) -> dict[str, str]:
    """Write out what may be drawn and what is billed; an amount that can't be read is left for who reads it."""
    items, raw = [], ""
    for number, name in enumerate(YEARS):
        text = typed.get(name, "").strip()
        first = months_after(contract.start_date, YEAR * number)
        try:
            amount = number_in(text, name)
        except DomainError:
            raw = f"{first} {first}: {text}"
            continue
        if amount is not None:
            items.append(Item(amount, first, _last(contract, number)))
    access = [f"{each.start_date} {each.end_date}: {each.amount:f}" for each in items]
    billed = [f"{on}: {amount:f}" for on, amount in _billed(items, typed.get("invoices_a_year", "1"), contract)]
    return {"access": ", ".join([*access, raw] if raw else access), "invoices": ", ".join(billed)}


def _last(contract: Contract, year: int) -> date:
    last = months_after(contract.start_date, YEAR * (year + 1)) - DAY
    return last if contract.end_date is None else min(last, max(contract.end_date, contract.start_date))


def _billed(items: list[Item], often: str, contract: Contract) -> Iterator[tuple[date, Decimal]]:
    count = int(often) if often in dict(INVOICES) else 1
    for item in items if count else ():
        try:
            amounts = allocate(item.amount, [1] * count, contract.currency)
        except DomainError:  # no currency, or more digits than it has: told by who reads it
            amounts = [item.amount]
        for number, amount in enumerate(amounts):
            yield months_after(item.start_date, number * YEAR // count), amount
