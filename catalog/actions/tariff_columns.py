"""A tariff as the columns of a row and of its steps, whatever table keeps them, and refusals by their fields."""

from collections.abc import Mapping
from typing import Any

from catalog.queries.cards import OF_TIER
from catalog.rules.tariffs import Tariff, WrittenModel
from catalog.rules.written import FEES
from monetization.values.errors import DomainError, Invalid


def numbers_of(tariff: Tariff) -> dict[str, Any]:
    """Give a row's columns for what it costs."""
    fees = {name: getattr(tariff.transaction, name, None) for name in FEES}
    packages = tariff.packages.value if tariff.packages is not None else "exact"
    return {
        "model": tariff.model.value,
        "unit_price": tariff.tiers[0].unit_price if tariff.model.is_single else None,
        "packages": packages if tariff.model is WrittenModel.PACKAGE else "",
        "retroactive": tariff.retroactive,
        **fees,
    }


def steps_of(tariff: Tariff) -> list[dict[str, Any]]:
    """Give the columns of each of its steps; none where one number says it all."""
    if tariff.model.is_single:
        return []
    return [
        {"position": number, **{name: getattr(tier, name) for name in OF_TIER}}
        for number, tier in enumerate(tariff.tiers)
    ]


def as_written(error: DomainError, model: WrittenModel) -> DomainError:
    """Name the field that somebody filled in: `unit_price` where the model has one number."""
    field = (error.field or "").lstrip(".")
    if model is WrittenModel.PER_UNIT and field in ("tiers[0].unit_price", "tiers"):
        field = "unit_price"
    return Invalid(error.message, field=field or None, fix=error.fix)


def without_any(match: Mapping[str, str]) -> dict[str, str]:
    """Leave out dimensions without a value: they match any."""
    return {key: value for key, value in match.items() if value != ""}
