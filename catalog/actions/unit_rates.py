"""What pricing units are worth on a draft of a rate card: fixed with its prices, said anew by the next version."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction

from catalog.actions import governed
from catalog.actions.rights import allow_card
from catalog.models import CommitPrice, Contract, PriceOverride, PricingUnit, RateCardVersion, UnitRate
from catalog.rules.cards import CardCharge
from catalog.rules.units import RateDraft, rate_errors
from monetization.foundation.models import User
from monetization.values.errors import DomainError, Invalid, refuse_if
from monetization.values.money import plain

NONE = "currencies"
MOST = 20


@transaction.atomic
def set_rates(*, version: RateCardVersion, rates: Sequence[RateDraft], by: User, at: datetime) -> RateCardVersion:
    """Say what pricing units are worth by a draft, all of them at once."""
    allow_card(by, version.rate_card)
    version = governed.lock_draft(version)
    keys = {each.unit for each in rates}
    found = PricingUnit.objects.filter(environment=version.rate_card.environment_id, key__in=keys)
    units = {unit.key: unit for unit in found}
    refuse_if(rate_errors(rates, units))
    before = said(version)
    version.unit_rates.all().delete()
    UnitRate.objects.bulk_create(
        UnitRate(version=version, unit=units[each.unit], currency=each.currency, rate=each.rate) for each in rates
    )
    governed.touch(version, by=by, at=at)
    governed.record(
        version, "unit_rates_set", by=by, at=at, before={"rates": before}, after={"rates": said(version)}
    )  # fmt: skip
    return version


def said(version: RateCardVersion) -> list[str]:
    """Say a version's rates, one a line."""
    rates = version.unit_rates.order_by("unit__key", "currency").values_list("unit__key", "rate", "currency")
    return [f"1 {unit} = {plain(rate)} {currency}" for unit, rate, currency in rates]


def copy(base: RateCardVersion, version: RateCardVersion) -> None:
    """Let a new version start with the rates of another one."""
    UnitRate.objects.bulk_create(
        UnitRate(version=version, unit_id=each.unit_id, currency=each.currency, rate=each.rate)
        for each in base.unit_rates.all()
    )


def moved_errors(version: RateCardVersion, content: Sequence[CardCharge]) -> Iterator[DomainError]:
    """Refuse to move a product to another unit while contracts have own prices of it: those would move too."""
    if version.based_on is None:
        return
    before = _units_of(version.based_on)
    moved = {
        charge.product: index
        for index, charge in enumerate(content)
        if charge.terms.pricing_unit != before.get(charge.product, "")
    }
    if not moved:
        return
    for key, contract in _own_prices(version.rate_card_id, moved):
        message = f"{contract} has a price of its own for {key}, in {before.get(key) or NONE}"
        fix = "Sell this as another product"
        yield Invalid(message, field=f"charges[{moved[key]}].pricing_unit", fix=fix)


def _own_prices(rate_card: int, products: Collection[str]) -> Iterable[tuple[str, str]]:
    """Pair products with contracts on a card that agreed prices for them, themselves or for a commit."""
    signed = {"rate_card": rate_card, "status": "APPROVED"}
    own = PriceOverride.objects.filter(contract__in=Contract.objects.filter(**signed), product__key__in=products)
    commits = CommitPrice.objects.filter(
        commit__contract__in=Contract.objects.filter(**signed), product__key__in=products, unit_price__isnull=False
    )
    found = own.values_list("product__key", "contract__key").union(
        commits.values_list("product__key", "commit__contract__key")
    )
    return sorted(found)[:MOST]


def _units_of(version: RateCardVersion) -> dict[str, str]:
    found = version.charges.values_list("product__key", "pricing_unit__key")
    return {product: unit or "" for product, unit in found}
