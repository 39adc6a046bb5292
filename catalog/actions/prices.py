"""The prices on a draft of a rate card: single rows from a page, or all of them at once from a list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from catalog.actions import governed
from catalog.actions.rights import allow_card
from catalog.actions.tariff_columns import as_written, numbers_of, steps_of, without_any
from catalog.models import Charge, Metric, PriceRow, PriceTier, Product, RateCardVersion
from catalog.queries.cards import tariff_of_row, terms_of
from catalog.queries.metrics import latest_terms
from catalog.rules.cards import CardPrice
from catalog.rules.drafts import PLAIN, ChargeDraft, ChargeTerms, PriceDraft
from catalog.rules.tariff_errors import shape_errors
from catalog.rules.tariffs import Tariff, WrittenModel, tariff_from
from catalog.rules.terms import MetricTerms, PriceModel, Source, Tier, dims_of
from catalog.rules.validate import row_errors, terms_errors
from monetization.foundation.actions import rows
from monetization.foundation.models import User
from monetization.foundation.rules.audit import plain
from monetization.values.errors import Conflict, DomainError, Invalid, refuse_if

BATCH = 2000


@transaction.atomic
def add_charge(
    *,
    version: RateCardVersion,
    product: Product,
    metric: Metric,
    by: User,
    at: datetime,
    terms: ChargeTerms = PLAIN,
) -> Charge:
    """Put a product on the card, with the metric that its usage comes from."""
    version = _open(version, by)
    environment = version.rate_card.environment_id
    if environment not in (product.environment_id, metric.environment_id):
        raise Invalid("That belongs to another environment", field="product")
    if version.charges.filter(product=product).exists():
        raise Conflict(f"{product} is on this card already.", fix="Add its prices there.")
    refuse_if(_terms_errors(metric, terms))
    place = {"version": version, "position": version.charges.count()}
    charge = Charge.objects.create(product=product, metric=metric, **place, **columns(terms))
    _touch(version, "charge_added", by, at, after={"product": product.key, "metric": metric.key})
    return charge


@transaction.atomic
def set_terms(*, charge: Charge, terms: ChargeTerms, by: User, at: datetime) -> Charge:
    """Say how a product on a draft counts: free units, tiers, cuts, rounding."""
    version = _open(charge.version, by)
    charge = rows.lock(charge)
    refuse_if(_terms_errors(charge.metric, terms))
    before = {"product": charge.product.key, **plain(asdict(terms_of(charge)))}
    for name, value in columns(terms).items():
        setattr(charge, name, value)
    charge.save()
    _touch(version, "charge_set", by, at, before=before, after={"product": charge.product.key, **plain(asdict(terms))})
    return charge


@transaction.atomic
def remove_charge(*, charge: Charge, by: User, at: datetime) -> None:
    """Take a product and all its prices off the card."""
    version = _open(charge.version, by)
    before = {"product": charge.product.key, "prices": charge.prices.count()}
    charge.delete()
    _touch(version, "charge_removed", by, at, before=before)


@transaction.atomic
def add_price(
    *,
    charge: Charge,
    currency: str,
    match: Mapping[str, str],
    by: User,
    at: datetime,
    unit_price: Decimal | None = None,
    tiers: Sequence[Tier] | None = None,
    model: PriceModel | WrittenModel | None = None,
    tariff: Tariff | None = None,
) -> PriceRow:
    """Price one more combination of dimension values in one currency: by a tariff, or per unit, or by tiers."""
    version = _open(charge.version, by)
    draft = PriceDraft(currency, without_any(match), tariff or tariff_from(unit_price, tiers or (), model))
    refuse_if(_errors(charge, draft))
    if charge.prices.filter(currency=currency, match=draft.match).exists():
        raise Conflict("This combination has a price already.", fix="Change that one.")
    price = _row(charge, draft)
    price.save()
    PriceTier.objects.bulk_create(_tiers(price, draft))
    _touch(version, "price_added", by, at, after=_words(draft))
    return price


@transaction.atomic
def set_price(
    *,
    price: PriceRow,
    by: User,
    at: datetime,
    unit_price: Decimal | None = None,
    tiers: Sequence[Tier] | None = None,
    model: PriceModel | WrittenModel | None = None,
    tariff: Tariff | None = None,
) -> PriceRow:
    """Change what one row costs: by a tariff, or per unit, or by tiers."""
    version = _open(price.charge.version, by)
    price = rows.lock(price)
    before = _words(_draft_of(price))
    draft = PriceDraft(price.currency, price.match, tariff or tariff_from(unit_price, tiers or (), model))
    refuse_if(_errors(price.charge, draft))
    price.tiers.all().delete()
    for name, value in numbers_of(draft.tariff).items():
        setattr(price, name, value)
    price.save()
    PriceTier.objects.bulk_create(_tiers(price, draft))
    _touch(version, "price_set", by, at, before=before, after=_words(draft))
    return price


@transaction.atomic
def remove_price(*, price: PriceRow, by: User, at: datetime) -> None:
    """Take a row off the card; its usage falls to a wider row, or stays unpriced."""
    version = _open(price.charge.version, by)
    before = _words(_draft_of(price))
    price.delete()
    _touch(version, "price_removed", by, at, before=before)


@transaction.atomic
def replace_content(
    *, version: RateCardVersion, charges: Sequence[ChargeDraft], by: User, at: datetime
) -> RateCardVersion:
    """Replace everything on a draft at once; products and metrics are named by their keys.

    Thousands of rows take seconds. What is wrong with them is told on submission.
    """
    version = _open(version, by)
    products = _named(Product, "product", (each.product for each in charges), version)
    metrics = _named(Metric, "metric", (each.metric for each in charges), version)
    refuse_if([*_repeats(charges), *_unkept(charges)])
    erase(version)
    made = Charge.objects.bulk_create(
        Charge(
            version=version, product=products[each.product], metric=metrics[each.metric], position=i,
            **columns(each.terms),
        )
        for i, each in enumerate(charges)
    )  # fmt: skip
    pairs = [(charge, draft) for charge, each in zip(made, charges, strict=True) for draft in each.prices]
    write_prices(pairs)
    after = {"charges": len(charges), "prices": len(pairs)}
    _touch(version, "content_replaced", by, at, after=after)
    return version


def write_prices(pairs: Sequence[tuple[Charge, PriceDraft]]) -> None:
    """Insert many rows and their tiers in bulk."""
    made = PriceRow.objects.bulk_create((_row(charge, draft) for charge, draft in pairs), batch_size=BATCH)
    steps = (tier for price, (_, draft) in zip(made, pairs, strict=True) for tier in _tiers(price, draft))
    PriceTier.objects.bulk_create(steps, batch_size=BATCH)


def erase(version: RateCardVersion) -> None:
    """Delete all charges of a draft, without loading its rows."""
    for rows_of in (
        PriceTier.objects.filter(price__charge__version=version),
        PriceRow.objects.filter(charge__version=version),
        Charge.objects.filter(version=version),
    ):
        rows_of._raw_delete(rows_of.db)


def _open(version: RateCardVersion, by: User) -> RateCardVersion:
    allow_card(by, version.rate_card)
    return governed.lock_draft(version)


def _touch(
    version: RateCardVersion,
    verb: str,
    by: User,
    at: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    governed.touch(version, by=by, at=at)
    governed.record(version, verb, by=by, at=at, before=before, after=after)


def _errors(charge: Charge, draft: PriceDraft) -> list[DomainError]:
    """List what is wrong with one row; fields as in the form: `unit_price`, `tiers[1].up_to`, `match.model`."""
    metric = latest_terms([charge.metric_id]).get(charge.metric_id)
    if metric is None:
        return [Invalid(f"{charge.metric} has no version yet", field="metric", fix="Draft one first")]
    price = draft.tariff.price(0, "", dims_of(draft.match, metric.order), Source("", 0, 0))
    row = CardPrice(draft.currency, price, draft.tariff.model)
    return [as_written(each, draft.tariff.model) for each in row_errors(row, metric, "")]


def _terms_errors(metric: Metric, terms: ChargeTerms) -> list[DomainError]:
    meaning: MetricTerms | None = latest_terms([metric.pk]).get(metric.pk)
    found = list(terms_errors(terms, meaning, "")) if meaning is not None else []
    return [Invalid(each.message, field=(each.field or "").lstrip(".") or None, fix=each.fix) for each in found]


def _row(charge: Charge, draft: PriceDraft) -> PriceRow:
    return PriceRow(charge=charge, currency=draft.currency, match=dict(draft.match), **numbers_of(draft.tariff))


def columns(terms: ChargeTerms) -> dict[str, Any]:
    """Give a charge's columns for how it counts."""
    said = {"tier_by": list(terms.tier_by), "cut": terms.cut.value, "tier_reset": terms.tier_reset.value}
    return asdict(terms) | said


def _tiers(price: PriceRow, draft: PriceDraft) -> list[PriceTier]:
    return [PriceTier(price=price, **numbers) for numbers in steps_of(draft.tariff)]


def _draft_of(price: PriceRow) -> PriceDraft:
    return PriceDraft(price.currency, price.match, tariff_of_row(price))


def _words(draft: PriceDraft) -> dict[str, Any]:
    words: dict[str, Any] = plain({"currency": draft.currency, "match": draft.match, **asdict(draft.tariff)})
    return words


def _named(model: Any, field: str, keys: Iterable[str], version: RateCardVersion) -> dict[str, Any]:
    wanted = set(keys)
    environment = version.rate_card.environment
    found = {row.key: row for row in model.objects.filter(environment=environment, key__in=wanted)}
    refuse_if(
        Invalid(f"There is no {field} “{key}”", field=field, fix="Create it first")
        for key in sorted(wanted - found.keys())
    )
    return found


def _repeats(charges: Sequence[ChargeDraft]) -> Iterable[DomainError]:
    for index, charge in enumerate(charges):
        seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
        for number, draft in enumerate(charge.prices):
            key = (draft.currency, tuple(sorted(draft.match.items())))
            if key in seen:
                field = f"charges[{index}].prices[{number}].match"
                yield Invalid("This combination is priced twice", field=field, fix="Leave one out")
            seen.add(key)


def _unkept(charges: Sequence[ChargeDraft]) -> Iterable[DomainError]:
    """Refuse what no row could keep; everything else that is wrong is told on submission."""
    for index, charge in enumerate(charges):
        path = f"charges[{index}]"
        if charge.terms.free_units < 0:
            yield Invalid("Free units are a quantity", field=f"{path}.free_units", fix="Use zero or more")
        for number, draft in enumerate(charge.prices):
            for error in shape_errors(draft.tariff):
                yield Invalid(error.message, field=f"{path}.prices[{number}].{error.field}", fix=error.fix)
