"""What an approval binds to: the digest of a version's or contract's whole content, names by key.

Ids are left out, so the same content has the same digest wherever it stands.
"""

from dataclasses import asdict
from typing import Any

from catalog.models import (
    Amendment,
    Contract,
    CreditGrant,
    Metric,
    MetricVersion,
    PlanVersion,
    Product,
    RateCardVersion,
)
from catalog.models.versions import Governed
from catalog.queries.agreed_content import agreed_of, granted_of
from catalog.queries.amended_parts import quantities_of
from catalog.queries.cards import StoredCharge, read_charges
from catalog.rules.tariffs import Tariff
from catalog.rules.written import FEES
from monetization.foundation.models import PolicyVersion
from monetization.foundation.queries import policies
from monetization.foundation.rules.audit import plain
from monetization.values.canonical import digest

METRIC_FIELDS = (
    "number", "event_type", "aggregation", "measure_dimension", "filters", "unit", "divisor",
    "rounding", "rounding_digits", "carry", "of_level", "per", "window", "again", "effective_at",
)  # fmt: skip
CONTRACT_FIELDS = (
    "key", "name", "pinned_until", "currency", "start_date", "end_date", "cadence", "anchor",
    "anchor_day", "discount_percent", "net_days", "purchase_order", "combine_multipliers", "trial_until",
)  # fmt: skip

RATE = ("unit__key", "currency", "rate")
AMENDMENT_FIELDS = (
    "number", "kind", "effective_date", "reason", "end_date", "is_open", "pinned_until", "unpins", "net_days",
    "purchase_order",
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
    if isinstance(row, Amendment):
        return _amendment(row)
    if isinstance(row, CreditGrant):
        return {"account": row.account.key, "key": row.key, "name": row.name, **granted_of(row)}
    if isinstance(row, PolicyVersion):
        return policies.content_of(row)
    if isinstance(row, PlanVersion):
        return _plan(row)
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
        "unit_rates": _unit_rates(version),
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


def _unit_rates(version: RateCardVersion) -> list[list[Any]]:
    return [list(each) for each in version.unit_rates.order_by("unit__key", "currency").values_list(*RATE)]


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
        "plan_version": _version_key(contract.plan_version),
        **agreed_of(contract),
    }


def _amendment(amendment: Amendment) -> dict[str, Any]:
    card, pinned = amendment.rate_card, amendment.pinned_version
    return {
        "contract": amendment.contract.key,
        **_fields(amendment, AMENDMENT_FIELDS),
        "rate_card": card.key if card is not None else None,
        "pinned_version": pinned.number if pinned is not None else None,
        "quantities": [
            [each.charge.key, plain(each.start_date), plain(each.quantity)] for each in quantities_of(amendment)
        ],
        "ends": [[each.part, each.key, plain(each.last_date)] for each in amendment.ends.order_by("part", "key")],
        **agreed_of(amendment.contract, amendment),
    }


def _version_key(version: PlanVersion | None) -> str | None:
    return f"{version.plan.key} v{version.number}" if version is not None else None


def _plan(version: PlanVersion) -> dict[str, Any]:
    pinned = version.pinned_version
    return {
        "plan": version.plan.key,
        **_fields(version, ("number", "notes", "effective_date", "content")),
        "legal_entity": version.legal_entity.key if version.legal_entity is not None else None,
        "rate_card": version.rate_card.key if version.rate_card is not None else None,
        "pinned_version": pinned.number if pinned is not None else None,
    }


def _fields(row: Governed, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: plain(getattr(row, name)) for name in names}
