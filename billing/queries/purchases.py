"""Prepaid commits as they are bought: one line each, on an invoice of their own for the period in which they start.

Value is taxed once: a purchase is taxed when it is invoiced, and drawing on it lowers the taxed base. That needs one
tax category for all that it can pay for; where there are several, the purchase can't be invoiced.
"""

from __future__ import annotations

from decimal import Decimal

from billing.rules.scopes import covers, named
from catalog.models import Contract, Instrument
from catalog.queries import access
from catalog.rules.agreed import Scope
from catalog.rules.fees import FeeTerms, one_time_fee
from catalog.rules.terms import Fee, Source, Terms
from monetization.values.errors import Invalid
from monetization.values.periods import Period

PURCHASE = "purchase:"
ONE = Decimal(1)


def purchases_in(contract: Contract, period: Period) -> list[Instrument]:
    """List the prepaid commits of a contract that start in a period and cost something."""
    bought = contract.instruments.filter(kind=Instrument.Kind.PREPAID, invoiced__gt=0).prefetch_related("products")
    zone = contract.account.time_zone
    return [each for each in bought.order_by("pk") if access(each, zone).starts_at in period]


def purchase_fees(contract: Contract, terms: Terms) -> tuple[Fee, ...]:
    """Make the fees of a period's purchases. Raises Invalid where its value would be taxed in several ways."""
    return tuple(_fee(contract, each, terms) for each in purchases_in(contract, terms.period))


def _fee(contract: Contract, instrument: Instrument, terms: Terms) -> Fee:
    products = list(instrument.products.all())
    scope = Scope(products=frozenset(product.key for product in products))
    categories = {each.tax_category for each in named(terms) if covers(scope, each)}
    categories |= {product.tax_category for product in products}
    if len(categories) != 1:
        raise Invalid(
            f"{instrument} can pay for lines of {len(categories)} tax categories, so its purchase can't be taxed",
            fix="Agree one commit for the products of each tax category",
        )
    fee = FeeTerms(
        row_id=instrument.pk, key=f"{PURCHASE}{instrument.key}",
        product=products[0].key if len(products) == 1 else "", name=instrument.name, tax_category=categories.pop(),
        tags=frozenset(), unit_price=instrument.invoiced, quantity=ONE,
        source=Source(contract.key, 0, 0),
    )  # fmt: skip
    return one_time_fee(fee, instrument.start_date, currency=contract.currency, zone=terms.zone)
