"""What an approval binds to: the digest of a version's or contract's whole content, names by key.

Ids are left out, so the same content has the same digest wherever it stands.
"""

from dataclasses import asdict
from typing import Any

from catalog.models import Contract, CreditGrant, Metric, MetricVersion, Product, RateCardVersion
from catalog.models.versions import Governed
from catalog.queries.agreed_content import agreed_of, granted_of
from catalog.queries.cards import StoredCharge, read_charges
from catalog.rules.tariffs import Tariff
from catalog.rules.written import FEES
from monetization.foundation.rules.audit import plain
from monetization.values.canonical import digest

METRIC_FIELDS = (
    "number", "event_type", "aggregation", "measure_dimension", "filters", "unit", "divisor",
    "rounding", "rounding_digits", "carry", "of_level", "per", "window", "again", "effective_at",
)  # fmt: skip
CONTRACT_FIELDS = (
    "key", "name", "pinned_until", "currency", "start_date", "end_date", "cadence", "anchor",
    "anchor_day", "discount_percent", "net_days", "purchase_order",
)  # fmt: skip


def content_digest(row: Governed) -> bytes:
    """Give the SHA-256 (32 bytes) of everything that a decision about this row is about."""
    return digest(content_of(row))


def content_of(row: Governed) -> dict[str, Any]:
    """Give a row's whole content as plain values."""
    if isinstance(row, MetricVersion):
        return _metric(row)
    if isinstance(row, RateCardVersion):
        return _card(row)
    if isinstance(row, Contract):
        return _contract(row)
    if isinstance(row, CreditGrant):
        return {"account": row.account.key, "key": row.key, "name": row.name, **granted_of(row)}
    raise TypeError(f"{type(row).__name__} has no governed content")


def _metric(version: MetricVersion) -> dict[str, Any]:
    return {
        "metric": version.metric.key,
        **_fields(version, METRIC_FIELDS),
        "measures": [[m.value, m.field, m.less] for m in version.measures.order_by("position", "pk")],
        "dimensions": [
            [d.key, d.field, d.thresholds, d.is_required] for d in version.dimensions.order_by("position", "pk")
        ],
    }


def _card(version: RateCardVersion) -> dict[str, Any]:
    stored = read_charges([version.pk]).get(version.pk, ())
    products = Product.objects.in_bulk([charge.product_id for charge in stored])
    metrics = Metric.objects.in_bulk([charge.metric_id for charge in stored])
    return {
        "card": version.rate_card.key,
        **_fields(version, ("number", "notes", "effective_date", "effective_at")),
        "charges": [
            {
                "product": products[charge.product_id].key,
                "metric": metrics[charge.metric_id].key,
                "terms": plain(asdict(charge.terms)),
                "prices": _prices(charge),
            }
            for charge in stored
        ],
    }


def _prices(charge: StoredCharge) -> list[Any]:
    """Give all numbers of each row: how it was written, and what it costs. A card has thousands, so no copies here."""
    return [[row.currency, dict(row.match), *_numbers(row.tariff)] for row in charge.rows]


def _numbers(tariff: Tariff) -> list[Any]:
    rule = tariff.transaction
    return [
        tariff.model.value,
        [[tier.up_to, tier.unit_price, tier.flat_fee, tier.block_size] for tier in tariff.tiers],
        tariff.packages.value if tariff.packages is not None else None,
        tariff.retroactive,
        [getattr(rule, name) for name in FEES] if rule is not None else None,
    ]


def _contract(contract: Contract) -> dict[str, Any]:
    pinned = contract.pinned_version
    return {
        **_fields(contract, CONTRACT_FIELDS),
        "account": contract.account.key,
        "legal_entity": contract.legal_entity.key,
        "rate_card": contract.rate_card.key,
        "pinned_version": pinned.number if pinned is not None else None,
        **agreed_of(contract),
    }


def _fields(row: Governed, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: plain(getattr(row, name)) for name in names}
