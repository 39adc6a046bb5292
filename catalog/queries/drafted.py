"""Charges that are not rows yet, as the values that the rules check and compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from catalog.models import Metric, MetricVersion, PricingUnit, Product
from catalog.queries.metrics import latest_terms
from catalog.rules.cards import CardCharge, CardPrice
from catalog.rules.drafts import ChargeDraft
from catalog.rules.terms import MetricTerms, Source, dims_of
from catalog.rules.units import Rates
from monetization.foundation.models import Environment

NOWHERE = Source("", 0, 0)
NO_RATES: Mapping[str, Rates] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Drafted:
    """What is there of a draft's product, metric and pricing unit; its content where product and metric are."""

    has_product: bool
    has_metric: bool
    has_unit: bool
    is_approved: bool
    is_unseen: bool
    content: CardCharge | None


def drafted(
    environment: Environment, drafts: Sequence[ChargeDraft], rates: Mapping[str, Rates] = NO_RATES
) -> list[Drafted]:
    """Give each draft as a charge of a card, in five queries however many rows they have.

    ``rates``: what pricing units are worth, by key.
    """
    place = {"environment": environment}
    products = {row.key: row for row in Product.objects.filter(key__in={each.product for each in drafts}, **place)}
    metrics = {row.key: row for row in Metric.objects.filter(key__in={each.metric for each in drafts}, **place)}
    ids = [metric.pk for metric in metrics.values()]
    meanings = latest_terms(ids)
    approved = set(MetricVersion.objects.filter(metric__in=ids, status="APPROVED").values_list("metric_id", flat=True))
    named = {each.terms.pricing_unit for each in drafts} - {""}
    units = set(PricingUnit.objects.filter(key__in=named, **place).values_list("key", flat=True)) if named else set()
    return [
        replace(
            _drafted(each, products.get(each.product), metrics.get(each.metric), meanings, approved, rates),
            has_unit=not each.terms.pricing_unit or each.terms.pricing_unit in units,
        )
        for each in drafts
    ]


def _drafted(
    draft: ChargeDraft,
    product: Product | None,
    metric: Metric | None,
    meanings: dict[int, MetricTerms],
    approved: set[int],
    rates: Mapping[str, Rates],
) -> Drafted:
    meaning = meanings.get(metric.pk) if metric is not None else None
    return Drafted(
        has_product=product is not None,
        has_metric=metric is not None,
        has_unit=True,
        is_approved=metric is not None and metric.pk in approved,
        is_unseen=metric is not None and metric.first_seen_at is None and not metric.unseen_reason,
        content=_content(draft, product, meaning, rates) if product is not None and meaning is not None else None,
    )


def _content(draft: ChargeDraft, product: Product, meaning: MetricTerms, rates: Mapping[str, Rates]) -> CardCharge:
    prices = tuple(
        CardPrice(row.currency, row.tariff.price(0, "", dims_of(row.match, meaning.order), NOWHERE), row.tariff.model)
        for row in draft.prices
    )
    worth = rates.get(draft.terms.pricing_unit, ())
    return CardCharge(
        draft.product, product.name, product.tax_category, meaning, prices, terms=draft.terms, rates=worth
    )
