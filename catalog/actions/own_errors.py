"""What is wrong with a contract's own prices and multipliers, seen from the list that they are before."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from catalog.actions.tariff_columns import as_written
from catalog.models import Contract, PriceMultiplier, PriceOverride, Product
from catalog.queries.amended import Amended, amended
from catalog.queries.cards import tariff_of_row
from catalog.queries.effective import listed_charges
from catalog.rules.agreed import Scope
from catalog.rules.cards import CardPrice
from catalog.rules.overrides import Multiplier, factor_errors, in_scope
from catalog.rules.tariffs import NOWHERE, Tariff
from catalog.rules.terms import Charge, dims_of
from catalog.rules.validate import row_errors
from monetization.values.errors import DomainError, Invalid
from monetization.values.periods import Period, local_midnight

MOST = 20  # multipliers: exact products of so many factors are still short


def own_price_errors(contract: Contract, at: datetime) -> list[DomainError]:
    """List what of a contract's own prices no longer fits: its card, or the card's list, may be another by now."""
    if contract._state.adding:
        return []
    found: list[DomainError] = []
    for override in contract.overrides.filter(amendment=None).select_related("product").prefetch_related("tiers"):
        found += _named(override, override_errors(contract, override, tariff_of_row(override), at), "overrides")
    for multiplier in contract.multipliers.filter(amendment=None).prefetch_related("products"):
        products = list(multiplier.products.all())
        found += _named(multiplier, multiplier_errors(contract, multiplier, products, at), "multipliers")
    return found


def override_errors(contract: Contract, override: PriceOverride, tariff: Tariff, at: datetime) -> Iterator[DomainError]:
    """Refuse a price that doesn't hold together, of what isn't sold, and the second one for the same usage."""
    charge = next((each for each in listed(contract, at) if each.product == override.product.key), None)
    if charge is None:
        fix = "Choose a product of the contract's rate card"
        yield Invalid(f"{override.product} isn't on {contract.rate_card}", field="product", fix=fix)
        return
    price = tariff.price(0, "", dims_of(override.match, charge.metric.order), NOWHERE)
    for error in row_errors(CardPrice(contract.currency, price, tariff.model), charge.metric, ""):
        yield as_written(error, tariff.model)
    known = amended(contract, override.amendment)
    others = contract.overrides.filter(product=override.product, match=override.match).exclude(pk=override.pk)
    for other in known.held(others):
        if _meet(known, override, other):
            fix = "Let one end before the other starts, or name one more dimension"
            yield Invalid(f"{other} prices the same usage on some of these days", field="match", fix=fix)


def multiplier_errors(
    contract: Contract, multiplier: PriceMultiplier, products: Sequence[Product], at: datetime
) -> Iterator[DomainError]:
    """Refuse what is no factor, and one that no price of the list would ever be multiplied by."""
    yield from factor_errors(multiplier.factor, "factor")
    if contract.multipliers.exclude(pk=multiplier.pk).count() >= MOST:
        yield Invalid(f"A contract has at most {MOST} multipliers", field="key", fix="Take some away")
    scope = Scope(
        products=frozenset(each.key for each in products),
        tags=frozenset(multiplier.tags),
        dimensions=tuple(multiplier.match.items()),
    )
    rule = Multiplier(multiplier.key, multiplier.factor, Period(at, None), scope)
    if not any(in_scope(rule, charge, price) for charge in listed(contract, at) for price in charge.prices):
        field = "match" if multiplier.match else "tags" if multiplier.tags else "products"
        fix = "Name what its prices are for, in the words that they use"
        yield Invalid(f"No price of {contract.rate_card} is in this scope", field=field, fix=fix)


def listed(contract: Contract, at: datetime) -> list[Charge]:
    """Give the list that prices a contract from its first day on, or now."""
    return listed_charges(contract, max(at, local_midnight(contract.start_date, contract.account.time_zone)))


def _meet(known: Amended, one: PriceOverride, other: PriceOverride) -> bool:
    mine, its = known.days("override", one), known.days("override", other)
    starts_late = mine.last is not None and other.start_date > mine.last
    return not starts_late and not (its.last is not None and one.start_date > its.last)


def _named(row: PriceOverride | PriceMultiplier, errors: Iterable[DomainError], field: str) -> Iterator[DomainError]:
    for error in errors:
        yield Invalid(f"{row}: {error.message}", field=field, fix=error.fix)
