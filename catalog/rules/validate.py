"""Everything for which publishing a rate card version is refused, each with its field and what
mends it.

Fields are paths into the version as it was written: ``charges[0].prices[3].match.token_type``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import product

from catalog.rules.cards import CardCharge, CardPrice
from catalog.rules.drafts import ChargeTerms
from catalog.rules.precedence import PriceTable, ties
from catalog.rules.tariff_errors import needs_amounts, storable, tariff_errors
from catalog.rules.terms import Dims, MetricTerms
from catalog.rules.units import missing_rates
from monetization.values.errors import DomainError, Invalid
from monetization.values.money import minor_digits


def card_errors(
    card: Sequence[CardCharge], *, needed: Collection[str] = (), unseen: Collection[str] = ()
) -> list[DomainError]:
    """List all that is wrong with a version.

    ``needed``: currencies of the contracts that will use it. ``unseen``: keys of metrics for which
    no live event was ever seen and whose owner gave no reason.
    """
    if not card:
        return [
            Invalid(
                "There is nothing on this rate card",
                field="charges",
                fix="Add a product with its prices",
            )
        ]
    errors = list(_repeated(card))
    for index, charge in enumerate(card):
        errors += _charge_errors(charge, f"charges[{index}]", needed, unseen)
    units = {charge.terms.pricing_unit: charge.rates for charge in card if charge.terms.pricing_unit}
    return errors + [error for unit in sorted(units) for error in missing_rates(unit, units[unit], needed)]


def _charge_errors(
    charge: CardCharge, path: str, needed: Collection[str], unseen: Collection[str]
) -> Iterator[DomainError]:
    if not charge.prices:
        yield Invalid(
            f"{charge.name} has no price",
            field=f"{path}.prices",
            fix="Add one, or remove the product",
        )
    if charge.metric.metric in unseen:
        message = f"No event of {charge.metric.metric} was ever seen"
        fix = "Send one, or have the metric's owner say why it is priced before"
        yield Invalid(message, field=f"{path}.metric", fix=fix)
    yield from terms_errors(charge.terms, charge.metric, path)
    for index, row in enumerate(charge.prices):
        yield from row_errors(row, charge.metric, f"{path}.prices[{index}]", charge.terms.pricing_unit)
    for currency in sorted({row.currency for row in charge.prices}):
        yield from _tie_errors(charge, currency, path)
    for currency in sorted(needed) if not charge.terms.pricing_unit else ():
        yield from _gaps(charge, currency, path)


def terms_errors(terms: ChargeTerms, metric: MetricTerms, path: str) -> Iterator[DomainError]:
    """List what is wrong with how a charge counts."""
    if not storable(terms.free_units) or terms.free_units < 0:
        fix = "Zero or more, at most 18 places"
        yield Invalid("Free units are a quantity", field=f"{path}.free_units", fix=fix)
    known = ", ".join(metric.order) or "none"
    for index, key in enumerate(terms.tier_by):
        if key not in metric.order:
            message = f"{metric.metric} has no dimension “{key}”"
            yield Invalid(message, field=f"{path}.tier_by[{index}]", fix=f"Its dimensions: {known}")
        elif key in terms.tier_by[:index]:
            yield Invalid(f"“{key}” is named twice", field=f"{path}.tier_by[{index}]", fix="Name it once")


def row_errors(row: CardPrice, metric: MetricTerms, path: str, unit: str = "") -> Iterator[DomainError]:
    """List what is wrong with one row by itself; ``path`` is where it stands in the version, ``unit`` the pricing unit
    of its charge.
    """
    yield from _currency_errors(row.currency, f"{path}.currency", unit)
    yield from tariff_errors(row.tariff, path)
    yield from needs_amounts(row.tariff, metric, path)
    counts = Counter(key for key, _ in row.price.match)
    for key, value in row.price.match:
        yield from _match_errors(metric, key, value, counts[key], f"{path}.match.{key}")


def _currency_errors(currency: str, path: str, unit: str) -> Iterator[DomainError]:
    if unit and currency:
        yield Invalid(f"The product is priced in {unit}, not in {currency}", field=path, fix="Leave the currency empty")
    elif not unit and not currency:
        yield Invalid("This price is in no currency", field=path, fix="Name one, or price the product in a unit")
    elif not unit:
        try:
            minor_digits(currency)
        except Invalid as error:
            yield Invalid(error.message, field=path, fix=error.fix)


def _match_errors(metric: MetricTerms, key: str, value: str, count: int, path: str) -> Iterator[DomainError]:
    if key not in metric.order:
        known = ", ".join(metric.order) or "none"
        yield Invalid(f"{metric.metric} has no dimension “{key}”", field=path, fix=f"Its dimensions: {known}")
        return
    if count > 1:
        yield Invalid(f"“{key}” is named twice", field=path, fix="Name it once")
    allowed = _values(metric, key)
    if allowed and value not in allowed:
        yield Invalid(f"“{value}” is no value of {key}", field=path, fix=f"Use one of: {', '.join(allowed)}")
    elif not value:
        yield Invalid(f"“{key}” has an empty value", field=path, fix="Leave it out to match every value")


def _values(metric: MetricTerms, key: str) -> tuple[str, ...]:
    """The values that a dimension can take, where the metric knows them; empty where any text can
    come.
    """
    if key == metric.measure_dimension:
        return tuple(measure.value for measure in metric.measures if measure.value)
    return next((each.labels for each in metric.dimensions if each.key == key), ())


def _tie_errors(charge: CardCharge, currency: str, path: str) -> Iterator[DomainError]:
    rows = {id(row.price): index for index, row in enumerate(charge.prices)}
    prices = [row.price for row in charge.prices if row.currency == currency]
    for first, second in ties(prices, charge.metric.order):
        where = currency or charge.terms.pricing_unit
        message = f"This row and row {rows[id(first)] + 1} would price the same usage in {where}"
        fix = "Name one more dimension in one of them, or remove one"
        yield Invalid(message, field=f"{path}.prices[{rows[id(second)]}].match", fix=fix)


def _gaps(charge: CardCharge, currency: str, path: str) -> Iterator[DomainError]:
    """Find rows of other currencies whose usage has no price in a currency that is needed."""
    present = [row.price for row in charge.prices if row.currency == currency]
    if not present:
        message = f"{charge.name} has no price in {currency}, which contracts on this card need"
        yield Invalid(message, field=f"{path}.prices", fix=f"Add its prices in {currency}")
        return
    table = PriceTable(present, charge.metric.order)
    for index, row in enumerate(charge.prices):
        if row.currency == currency:
            continue
        if any(table.choose(dims) is None for dims in _spelt_out(charge.metric, row.price.match)):
            field = f"{path}.prices[{index}].match"
            yield Invalid(f"This usage has no price in {currency}", field=field, fix=f"Add it in {currency}")


def _spelt_out(metric: MetricTerms, match: Dims) -> Iterator[Dims]:
    """Yield the conditions with every known value of the dimensions that they leave open.

    So a row for any context is covered by rows for each context. A dimension whose values can't be
    listed stays open, and only a row that leaves it open too covers it.
    """
    named = {key for key, _ in match}
    finite = [(key, _values(metric, key)) for key in metric.order if key not in named]
    choices = [[(key, value) for value in values] for key, values in finite if values]
    for combination in product(*choices):
        yield (*match, *combination)


def _repeated(card: Sequence[CardCharge]) -> Iterator[DomainError]:
    first: dict[str, int] = {}
    for index, charge in enumerate(card):
        if first.setdefault(charge.product, index) != index:
            message = f"{charge.name} is on this card twice"
            yield Invalid(message, field=f"charges[{index}].product", fix="Put all its prices in one charge")
