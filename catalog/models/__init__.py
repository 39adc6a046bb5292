"""Tables of "terms": metrics, products, rate cards, contracts."""

from catalog.models.agreed import (
    AgreedBound,
    AgreedDiscount,
    Instrument,
    OneTimeCharge,
    QuantityChange,
    RecurringCharge,
)
from catalog.models.contracts import Contract
from catalog.models.grants import CreditGrant
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
    "AgreedBound",
    "AgreedDiscount",
    "Charge",
    "Contract",
    "CreditGrant",
    "Instrument",
    "Metric",
    "MetricDimension",
    "MetricMeasure",
    "MetricVersion",
    "OneTimeCharge",
    "PriceRow",
    "PriceTier",
    "Product",
    "QuantityChange",
    "RateCard",
    "RateCardGroupGrant",
    "RateCardUserGrant",
    "RateCardVersion",
    "RecurringCharge",
]
