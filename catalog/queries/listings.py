"""The catalog of an environment as values: each thing with what its newest approved version says."""

from typing import Any

from django.db.models import QuerySet

from catalog.models import Metric, MetricVersion, Plan, PlanVersion, Product, RateCard, RateCardVersion
from catalog.queries.exports import drafts_of
from catalog.queries.metrics import as_terms
from catalog.queries.plans import package_of
from catalog.rules.drafts import MetricDraft
from catalog.rules.listings import shapes
from catalog.rules.listings.shapes import Listing
from monetization.foundation.models import Environment


def listing_of(environment: Environment) -> Listing:
    """Read everything that is sold; drafts and what was withdrawn are no part of it."""
    here = {"environment": environment}
    products = {row.key: product_said(row) for row in Product.objects.filter(**here)}
    metrics = {each.metric_id: each for each in _newest(MetricVersion, "metric", environment)}
    cards = {each.rate_card_id: each for each in _newest(RateCardVersion, "rate_card", environment)}
    plans = {each.plan_id: each for each in _newest(PlanVersion, "plan", environment)}
    return Listing(
        products,
        {row.key: metric_said(row, metrics.get(row.pk)) for row in Metric.objects.filter(**here)},
        {row.key: card_said(row, cards.get(row.pk)) for row in RateCard.objects.filter(**here)},
        {row.key: plan_said(row, plans.get(row.pk)) for row in Plan.objects.filter(**here)},
    )


def product_said(row: Product) -> shapes.Product:
    """Give a product as a value."""
    return shapes.Product(row.name, row.description, tuple(row.tags), row.tax_category)


def metric_said(row: Metric, version: MetricVersion | None) -> shapes.Metric:
    """Give a metric with what a version of it counts."""
    meaning = meaning_of(version) if version is not None else None
    return shapes.Metric(row.name, row.description, row.unseen_reason, meaning)


def meaning_of(version: MetricVersion) -> MetricDraft:
    """Give what a version counts, as a draft of the same."""
    terms = as_terms(version)
    same = {name: getattr(terms, name) for name in MetricDraft.__dataclass_fields__ if name != "effective_at"}
    return MetricDraft(**same | {"measure_dimension": version.measure_dimension, "effective_at": version.effective_at})


def card_said(row: RateCard, version: RateCardVersion | None) -> shapes.Card:
    """Give a card with the prices of a version."""
    if version is None:
        return shapes.Card(row.name, row.description)
    return shapes.Card(
        row.name, row.description, version.effective_date, version.effective_at, version.notes,
        tuple(drafts_of(version)),
    )  # fmt: skip


def plan_said(row: Plan, version: PlanVersion | None) -> shapes.Plan:
    """Give a plan with what a version packs."""
    if version is None:
        return shapes.Plan(row.name, row.description)
    seller, card, pinned = version.legal_entity, version.rate_card, version.pinned_version
    return shapes.Plan(
        row.name, row.description, version.effective_date, seller.key if seller else None, card.key if card else None,
        pinned.number if pinned else None, version.notes, package_of(version),
    )  # fmt: skip


def _newest(model: Any, whole: str, environment: Environment) -> "QuerySet[Any]":
    found: QuerySet[Any] = model.objects.filter(**{f"{whole}__environment": environment, "status": "APPROVED"})
    return found.select_related(whole).order_by(f"{whole}_id", "-number").distinct(f"{whole}_id")
