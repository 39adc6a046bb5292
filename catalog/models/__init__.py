"""Tables of "terms": metrics, products, rate cards, contracts."""

from catalog.models.contracts import Contract
from catalog.models.metrics import Metric, MetricDimension, MetricMeasure, MetricVersion
from catalog.models.products import Product
from catalog.models.rate_cards import (
    Charge,
    PriceRow,
    PriceTier,
    RateCard,
    RateCardGroupGrant,
    RateCardUserGrant,
    RateCardVersion,
)

__all__ = [
    "Charge",
    "Contract",
    "Metric",
    "MetricDimension",
    "MetricMeasure",
    "MetricVersion",
    "PriceRow",
    "PriceTier",
    "Product",
    "RateCard",
    "RateCardGroupGrant",
    "RateCardUserGrant",
    "RateCardVersion",
]
