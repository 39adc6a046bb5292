"""A rate card version as values: what publishing checks, what the difference compares, what terms
are cut from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from catalog.rules.drafts import PLAIN, ChargeTerms, Cut
from catalog.rules.tariffs import Tariff, WrittenModel, tariff_of
from catalog.rules.terms import ONE, Charge, MetricTerms, Price
from catalog.rules.units import Rates, rate_in


@dataclass(frozen=True, slots=True)
class CardPrice:
    """A price row and the currency it is in, none where its charge has a pricing unit; `model` is how it was written,
    if that is known.
    """

    currency: str
    price: Price
    model: WrittenModel | None = None

    @property
    def tariff(self) -> Tariff:
        """What it costs, as it was written."""
        return tariff_of(self.price, self.model)


@dataclass(frozen=True, slots=True)
class CardCharge:
    """A product on a card: its metric and its price rows in all currencies, in the order they were
    written. `rates`: what the version says that its pricing unit is worth.
    """

    product: str
    name: str
    tax_category: str
    metric: MetricTerms
    prices: tuple[CardPrice, ...]
    terms: ChargeTerms = PLAIN
    rates: Rates = ()

    @property
    def currencies(self) -> frozenset[str]:
        """Every currency in which it has a row, or its unit a worth."""
        if self.terms.pricing_unit:
            return frozenset(currency for currency, _ in self.rates)
        return frozenset(row.currency for row in self.prices)

    def priced_in(self, currency: str) -> tuple[Price, ...]:
        """Give its rows in a currency."""
        written = "" if self.terms.pricing_unit else currency
        return tuple(row.price for row in self.prices if row.currency == written)


def charges_in(currency: str, card: Sequence[CardCharge]) -> tuple[Charge, ...]:
    """Give the card's charges in one currency, those without a row in it left out."""
    return tuple(_charge(currency, each) for each in card if currency in each.currencies)


def _charge(currency: str, on_card: CardCharge) -> Charge:
    return charge_of(
        Charge(
            product=on_card.product,
            name=on_card.name,
            tax_category=on_card.tax_category,
            metric=on_card.metric,
            currency=currency,
            prices=on_card.priced_in(currency),
        ),
        on_card.terms,
        on_card.rates,
    )


def charge_of(charge: Charge, terms: ChargeTerms, rates: Rates = ()) -> Charge:
    """Let a charge count as its terms say; ``rates``: of its pricing unit, one of them in the charge's currency."""
    return replace(
        charge,
        free_units=terms.free_units,
        flat_at_zero=terms.flat_at_zero,
        tier_by=terms.tier_by,
        tier_reset=terms.tier_reset,
        by_time=terms.cut is Cut.BY_TIME,
        highest_of=terms.highest_of,
        rounds_as_one=terms.rounds_as_one,
        pricing_unit=terms.pricing_unit,
        rate=(rate_in(rates, charge.currency) or ONE) if terms.pricing_unit else ONE,
    )
