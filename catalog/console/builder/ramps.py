"""A commit by years, as people say it: an amount a year, billed in so many invoices; written out as its schedules."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from catalog.console.form_fields import Field
from catalog.models import Contract
from catalog.rules.schedules import Item
from monetization.foundation.web import number_in
from monetization.values.errors import DomainError
from monetization.values.money import allocate
from monetization.values.periods import DAY, months_after

YEAR = 12
INVOICES = (("1", "one a year"), ("2", "two a year"), ("4", "four a year"), ("12", "one a month"))
YEARS = tuple(Field(f"year_{number}", f"Year {number}", "number") for number in (1, 2, 3))
OFTEN = Field("often", "Billed in", "choice", options=INVOICES)


def by_years(typed: Mapping[str, str], contract: Contract) -> dict[str, str]:
    """Write out what may be drawn and what is billed; an amount that can't be read is left for who reads it."""
    items: list[Item] = []
    raw: list[str] = []
    for number, field in enumerate(YEARS):
        first, text = months_after(contract.start_date, YEAR * number), typed.get(field.name, "").strip()
        try:
            amount = number_in(text, field.name)
        except DomainError:
            raw.append(f"{first} {first}: {text}")
            continue
        if amount is not None:
            items.append(Item(amount, first, _last(contract, number)))
    access = [f"{each.start_date} {each.end_date}: {each.amount:f}" for each in items]
    billed = [f"{on}: {amount:f}" for on, amount in _billed(items, typed.get("often", ""), contract.currency)]
    return {"access": ", ".join([*access, *raw]), "invoices": ", ".join(billed)}


def _last(contract: Contract, year: int) -> date:
    """Give the last day of a year of the contract; its own where it ends earlier."""
    last = months_after(contract.start_date, YEAR * (year + 1)) - DAY
    first = months_after(contract.start_date, YEAR * year)
    return last if contract.end_date is None or contract.end_date < first else min(last, contract.end_date)


def _billed(items: Sequence[Item], often: str, currency: str) -> Iterator[tuple[date, Decimal]]:
    count = int(often) if often in dict(INVOICES) else 1
    for item in items:
        days = [months_after(item.start_date, number * YEAR // count) for number in range(count)]
        inside = [day for day in days if item.end_date is None or day <= item.end_date] or days[:1]
        try:
            amounts = allocate(item.amount, [1] * len(inside), currency)
        except DomainError:  # more digits than the currency has: told by who reads it
            inside, amounts = days[:1], [item.amount]
        yield from zip(inside, amounts, strict=True)
