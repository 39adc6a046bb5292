"""What is wrong with the parts of a contract, and what policies ask about them."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import prod

from catalog.models import Amendment, Contract, Purchase
from catalog.models.dated import Dated
from catalog.queries.amended import Amended, amended
from catalog.queries.instruments import first_item, granted_in_a_year
from catalog.rules.overrides import Combine
from monetization.values.errors import DomainError, Invalid
from monetization.values.money import finite, minor_digits, total_of

HUNDRED = Fraction(100)


def part_errors(contract: Contract) -> list[DomainError]:
    """List parts that don't fit the contract as it is now: its days or its currency may have moved."""
    if contract._state.adding:
        return []
    found: list[DomainError] = []
    for instrument in contract.instruments.filter(amendment=None):
        if instrument.currency != contract.currency:
            fix = "Take it away and add it again"
            found.append(Invalid(f"{instrument} is in {instrument.currency}", field="currency", fix=fix))
        days = [("start_date", instrument.start_date), ("end_date", instrument.end_date)]
        found += outside(contract, days, f"{instrument}: ")
    for purchase in Purchase.objects.filter(commit__contract=contract):
        found += outside(contract, [("date", purchase.date)], f"{purchase}: ")
    for grant in contract.recurring_grants.all():
        found += outside(contract, [("start_date", grant.start_date), ("end_date", grant.end_date)], f"{grant}: ")
    found += rolled_errors(contract)
    found += _dated_errors(contract)
    found += _allowance_errors(contract)
    for once in contract.one_time_charges.all():
        found += outside(contract, [("date", once.date)], f"{once}: ")
    return found


def rolled_errors(contract: Contract) -> list[DomainError]:
    """Refuse what rolls over into a contract whose first access item was changed since."""
    item = first_item(contract)
    found: list[DomainError] = []
    for row in contract.instruments.filter(rolled_from__isnull=False).select_related("rolled_from"):
        if item is None or (row.start_date, row.end_date) != (contract.start_date, item.end_date):
            fix = "Take it over again"
            found.append(Invalid(f"{row} doesn't end with the first access item", field="instruments", fix=fix))
        others = row.rolled_from.rolled_into.exclude(contract=contract) if row.rolled_from else ()
        if any(each.contract and each.contract.status == "APPROVED" for each in others):
            found.append(Invalid(f"{row} rolled over elsewhere", field="instruments", fix="Take it away"))
    return found


def _dated_errors(contract: Contract) -> Iterable[DomainError]:
    """Refuse days of fees, discounts and bounds that the contract doesn't serve."""
    for charge in contract.recurring_charges.all():
        yield from outside(contract, [("changes", each.start_date) for each in charge.changes.all()], f"{charge}: ")
    dated = (contract.recurring_charges, contract.discounts, contract.bounds, contract.composites)
    for part in (row for each in dated for row in each.all()):
        yield from day_errors(contract, part, f"{part}: ")


def _allowance_errors(contract: Contract) -> Iterable[DomainError]:
    """Refuse free units of what the rate card doesn't sell: they would never be used."""
    rows = list(contract.allowances.select_related("product"))
    if not rows:
        return
    newest = contract.pinned_version or contract.rate_card.versions.filter(status="APPROVED").first()
    sold = set(newest.charges.values_list("product_id", flat=True)) if newest is not None else set()
    for row in rows:
        if row.product_id not in sold:
            fix = "Take it away, or choose a rate card with this product"
            yield Invalid(f"{row}: {contract.rate_card} doesn't price {row.product}", field="product", fix=fix)


def facts_of(contract: Contract, amendment: Amendment | None = None) -> dict[str, Decimal]:
    """Give what policies ask about a contract: all percentages off together, and value that nobody pays for.

    Of a recurring grant that is what its first year gives. A fixed discount and a price of its own can't be said as a
    percentage; then every policy about it applies.
    """
    known = amended(contract, amendment)
    left = (1 - Fraction(contract.discount_percent) / HUNDRED) * _least_factor(known)
    fixed = bool(known.held(contract.overrides.all()))
    for discount in known.held(contract.discounts.all()):
        left *= 1 - Fraction(discount.percent or 0) / HUNDRED
        fixed = fixed or discount.amount is not None
    agreed = known.held(contract.instruments.filter(rolled_from=None).exclude(kind="POSTPAID"))
    free = total_of([*(each.amount - each.invoiced for each in agreed), *granted_in_a_year(contract)])
    percent = finite(HUNDRED * (1 - left))
    return {"credits": free} | ({} if fixed or percent is None else {"discount_percent": percent})


def _least_factor(known: Amended) -> Fraction:
    """Give the lowest that multipliers can make of a price, whatever their scopes and days are."""
    factors = [Fraction(each.factor) for each in known.held(known.contract.multipliers.all()) if each.factor < 1]
    if known.contract.combine_multipliers == Combine.COMPOUND.value:
        return prod(factors, start=Fraction(1))
    return min(factors, default=Fraction(1))


def day_errors(
    contract: Contract, part: Dated, before: str = "", amendment: Amendment | None = None
) -> Iterable[DomainError]:
    """Refuse a part that ends before it starts, or has days that the contract doesn't serve."""
    start, end = part.start_date, part.end_date
    if start is not None and end is not None and end < start:
        fix = f"Choose {start} or later"
        yield Invalid(f"{before}the last day lies before the first", field="end_date", fix=fix)
    yield from outside(contract, [("start_date", start), ("end_date", end)], before, amendment)


def first_day(contract: Contract, amendment: Amendment | None) -> date:
    """Give the first day of a part that names none: the contract's, or from when an amendment takes effect."""
    return contract.start_date if amendment is None else amendment.effective_date


def outside(
    contract: Contract, named: Iterable[tuple[str, date | None]], before: str = "", amendment: Amendment | None = None
) -> Iterable[DomainError]:
    """Refuse days that the contract doesn't serve, or that an amendment can't change any more."""
    first = first_day(contract, amendment)
    last = amended(contract, amendment).last_date
    for field, day in named:
        if day is not None and (day < first or (last is not None and day > last)):
            fix = f"Choose a day from {first}" + (f" to {last}" if last else " on")
            why = "the contract doesn't serve" if amendment is None or day > first else "the amendment doesn't change"
            yield Invalid(f"{before}{why} {day}", field=field, fix=fix)


def minor_errors(currency: str, field: str, amount: Decimal | None) -> Iterable[DomainError]:
    """Refuse an amount that its currency's minor unit can't say."""
    digits = minor_digits(currency)
    if amount is not None and (Fraction(amount) * 10**digits).denominator != 1:
        yield Invalid(f"{currency} has {digits} decimal places", field=field, fix="Round it")
