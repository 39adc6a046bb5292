"""What a contract's prices are at an instant, each beside its list price: for a draft too, with what it says so far.

The list is that of the version which the contract pins or, where it follows, is in force then; before the first one
the newest that is approved. Percentages off (discounts) stand on lines, not on prices: they are not in here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import prod

from catalog.models import Contract, Product
from catalog.queries.amended import Amended, amended
from catalog.queries.cards import stored_charges
from catalog.queries.metrics import latest_terms
from catalog.queries.overrides import own_prices
from catalog.queries.terms import Charged, version_for
from catalog.rules.overrides import OwnPrices, scaled
from catalog.rules.precedence import PriceTable
from catalog.rules.tariff_words import number, words_of
from catalog.rules.tariffs import tariff_of
from catalog.rules.terms import Charge, Dims, Level, Price, PriceModel
from monetization.values.money import round_half_away
from monetization.values.periods import DAY, local_date


@dataclass(frozen=True, slots=True)
class EffectivePrice:
    """The price of a product for some dimension values: on the list (None: nowhere), and as agreed."""

    product: str
    name: str
    match: Dims
    unit: str
    currency: str
    listed: Price | None
    effective: Price
    pricing_unit: str = ""
    rate: Decimal = Decimal(1)

    @property
    def is_own(self) -> bool:
        """Say whether the contract makes it another price."""
        return self.effective.level is Level.CONTRACT or bool(self.effective.multipliers)

    @property
    def list_words(self) -> str:
        """Say what the list asks."""
        return self.words(self.listed) if self.listed is not None else ""

    @property
    def override_words(self) -> str:
        """Say what the contract does: its own price by key, or its multipliers."""
        if self.effective.level is Level.CONTRACT:
            return self.effective.key
        return ", ".join(f"× {number(each.factor)} {each.key}" for each in self.effective.multipliers)

    @property
    def effective_words(self) -> str:
        """Say what is charged."""
        return self.words(self.effective)

    @property
    def discount_percent(self) -> Decimal | None:
        """Give what is off the list, rounded to hundredths (below zero: dearer); None where no one number says it."""
        left = self._left()
        return None if left is None else round_half_away(100 * (1 - left), 2)

    def _left(self) -> Fraction | None:
        if self.effective.multipliers or not self.is_own:
            return prod((Fraction(each.factor) for each in self.effective.multipliers), start=Fraction(1))
        if self.listed is None or {self.listed.model, self.effective.model} != {PriceModel.PER_UNIT}:
            return None
        old, new = (Fraction(price.tiers[0].unit_price) for price in (self.listed, self.effective))
        return new / old if old else None

    def words(self, price: Price) -> str:
        """Say a price of this product; one in a pricing unit in the currency too."""
        if not self.pricing_unit:
            return words_of(tariff_of(price), self.unit, self.currency)
        converted = words_of(tariff_of(scaled(price, self.rate)), self.unit, self.currency)
        return f"{words_of(tariff_of(price), self.unit)} in {self.pricing_unit}, in {self.currency} {converted}"


def effective_prices(contract: Contract, at: datetime, own: OwnPrices | None = None) -> list[EffectivePrice]:
    """List all prices of a contract at an instant, in the order of its list; ``own``: in place of what is kept."""
    here = (own_prices(contract, _known(contract, at)) if own is None else own).at(at)
    return [row for charge in listed_charges(contract, at) for row in _rows(charge, here.on(charge))]


def _known(contract: Contract, at: datetime) -> Amended:
    return amended(contract).known(local_date(at, contract.account.time_zone) + DAY)


def listed_charges(contract: Contract, at: datetime) -> list[Charge]:
    """Give the charges of a contract's list, also those without a price in its currency."""
    version = version_for(contract, at)
    if version is None:
        return []
    stored = stored_charges([(version.pk, version.digest)], contract.currency)
    found = stored[version.pk]
    metrics = latest_terms([each.metric_id for each in found])
    products = Product.objects.in_bulk([each.product_id for each in found])
    listed = Charged(contract, [(at, version)], stored, (), products)
    return [listed.charge(each, version, metrics[each.metric_id]) for each in found if each.metric_id in metrics]


def _rows(listed: Charge, agreed: Charge) -> Iterator[EffectivePrice]:
    order, unit = listed.metric.order, listed.metric.unit
    before, after = PriceTable(listed.prices, order), PriceTable(agreed.prices, order)
    for match in dict.fromkeys(price.match for price in (*listed.prices, *agreed.prices)):
        price = after.choose(match)
        assert price is not None  # one of them names these values
        yield EffectivePrice(
            listed.product, listed.name, match, unit, listed.currency, before.choose(match), price,
            listed.pricing_unit, listed.rate,
        )  # fmt: skip
