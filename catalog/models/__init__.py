"""Tables of "terms": metrics, products, rate cards, contracts, and the files that they come from."""

from catalog.models.agreed import (
    AgreedBound,
    AgreedDiscount,
    OneTimeCharge,
    QuantityChange,
    RecurringCharge,
)
from catalog.models.allowances import AgreedAllowance
from catalog.models.amendments import Amendment, PartEnd
from catalog.models.commits import Commit, CommitPrice, Purchase
from catalog.models.composites import AgreedComposite
from catalog.models.contracts import Contract
from catalog.models.grants import CreditGrant
from catalog.models.imports import Import, ImportFault, ImportLine
from catalog.models.instruments import Instrument
from catalog.models.metrics import Metric, MetricDimension, MetricMeasure, MetricVersion
from catalog.models.overrides import OverrideTier, PriceMultiplier, PriceOverride
from catalog.models.plans import Plan, PlanVersion
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
from catalog.models.recurring_grants import RecurringGrant

__all__ = [
    "AgreedAllowance",
    "AgreedBound",
    "AgreedComposite",
    "AgreedDiscount",
    "Amendment",
    "Charge",
    "Commit",
    "CommitPrice",
    "Contract",
    "CreditGrant",
    "Import",
    "ImportFault",
    "ImportLine",
    "Instrument",
    "Metric",
    "MetricDimension",
    "MetricMeasure",
    "MetricVersion",
    "OneTimeCharge",
    "OverrideTier",
    "PartEnd",
    "Plan",
    "PlanVersion",
    "PriceMultiplier",
    "PriceOverride",
    "PriceRow",
    "PriceTier",
    "Product",
    "Purchase",
    "QuantityChange",
    "RateCard",
    "RateCardGroupGrant",
    "RateCardUserGrant",
    "RateCardVersion",
    "RecurringCharge",
    "RecurringGrant",
]
