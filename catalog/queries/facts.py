"""Facts that a governed row's own columns say: its currencies, the tags of its products, how long it binds."""

from collections.abc import Collection
from decimal import Decimal

from catalog.models import Amendment, Contract, CreditGrant, PriceRow, Product, RateCardVersion
from catalog.models.versions import Governed

Said = dict[str, Decimal | Collection[str]]


def plain_facts(row: Governed) -> Said:
    """Give what policies may ask about a row and every kind can say quickly; an open contract has no length."""
    if isinstance(row, RateCardVersion):
        priced = PriceRow.objects.filter(charge__version=row)
        currencies = set(priced.order_by().values_list("currency", flat=True).distinct()) - {""}
        currencies |= set(row.unit_rates.order_by().values_list("currency", flat=True))
        return {"currency": currencies, "product_tag": _tags(row.charges.values_list("product_id", flat=True))}
    if isinstance(row, Contract):
        return {"currency": {row.currency}, "product_tag": _tags(_products(row)), **_length(row)}
    if isinstance(row, Amendment):
        return plain_facts(row.contract)
    if isinstance(row, CreditGrant):
        return {"currency": {row.instrument.currency}}
    return {}


def _length(contract: Contract) -> Said:
    """Give whole months from the first day to the last; a month that has begun counts."""
    first, last = contract.start_date, contract.end_date
    if last is None:
        return {}
    months = (last.year - first.year) * 12 + last.month - first.month + (last.day >= first.day)
    return {"length_months": Decimal(max(months, 1))}


def _products(contract: Contract) -> set[int]:
    priced = (
        contract.pinned_version or contract.rate_card.versions.filter(status="APPROVED").order_by("-number").first()
    )
    found = set(priced.charges.values_list("product_id", flat=True)) if priced else set()
    fees = (contract.recurring_charges, contract.one_time_charges)
    return found.union(*(each.values_list("product_id", flat=True) for each in fees))


def _tags(products: Collection[int]) -> set[str]:
    tags = Product.objects.filter(pk__in=products).values_list("tags", flat=True)
    return {tag for each in tags for tag in each}
