"""What is wrong with the parts of a contract, and what policies ask about them."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction

from catalog.models import Contract
from monetization.values.errors import DomainError, Invalid
from monetization.values.money import finite, minor_digits, total_of

HUNDRED = Fraction(100)


def part_errors(contract: Contract) -> list[DomainError]:
    """List parts that don't fit the contract as it is now: its days or its currency may have moved."""
    if contract._state.adding:
        return []
    found: list[DomainError] = []
    for instrument in contract.instruments.all():
        if instrument.currency != contract.currency:
            fix = "Take it away and add it again"
            found.append(Invalid(f"{instrument} is in {instrument.currency}", field="currency", fix=fix))
        days = [("start_date", instrument.start_date), ("end_date", instrument.end_date)]
        found += outside(contract, days, f"{instrument}: ")
    for charge in contract.recurring_charges.all():
        found += outside(contract, [("changes", each.start_date) for each in charge.changes.all()], f"{charge}: ")
    for once in contract.one_time_charges.all():
        found += outside(contract, [("date", once.date)], f"{once}: ")
    return found


def facts_of(contract: Contract) -> dict[str, Decimal]:
    """Give what policies ask about a contract: all percentages off together, and value that nobody pays for.

    A fixed discount can't be said as a percentage; then every policy about it applies.
    """
    left = 1 - Fraction(contract.discount_percent) / HUNDRED
    fixed = False
    for discount in contract.discounts.all():
        left *= 1 - Fraction(discount.percent or 0) / HUNDRED
        fixed = fixed or discount.amount is not None
    free = total_of(
        each.amount - each.invoiced
        for each in contract.instruments.exclude(kind="POSTPAID")
        if each.amount > each.invoiced
    )
    percent = finite(HUNDRED * (1 - left))
    return {"credits": free} | ({} if fixed or percent is None else {"discount_percent": percent})


def outside(contract: Contract, named: Iterable[tuple[str, date | None]], before: str = "") -> Iterable[DomainError]:
    """Refuse days that the contract doesn't serve."""
    first, last = contract.start_date, contract.end_date
    for field, day in named:
        if day is not None and (day < first or (last is not None and day > last)):
            fix = f"Choose a day from {first}" + (f" to {last}" if last else " on")
            yield Invalid(f"{before}the contract doesn't serve {day}", field=field, fix=fix)


def minor_errors(currency: str, field: str, amount: Decimal | None) -> Iterable[DomainError]:
    """Refuse an amount that its currency's minor unit can't say."""
    digits = minor_digits(currency)
    if amount is not None and (Fraction(amount) * 10**digits).denominator != 1:
        yield Invalid(f"{currency} has {digits} decimal places", field=field, fix="Round it")
