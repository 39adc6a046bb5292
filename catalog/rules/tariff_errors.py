"""What is wrong with a tariff beyond its tiers: the shape that its model needs, block sizes, fees of transactions.

Fields are named as they were written: a package's price is `package_price`, whatever tier keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from catalog.rules.price_errors import tier_errors
from catalog.rules.tariffs import Tariff, WrittenModel
from catalog.rules.terms import Aggregation, MetricTerms, PerTransaction
from catalog.rules.written import FEES
from monetization.values.errors import DomainError, Invalid
from monetization.values.money import EXACT

LIMIT = Decimal(10) ** 20
PLACES = 18
OF_TIERS = ("up_to", "unit_price", "flat_fee", "block_size")
NAMES = {
    WrittenModel.PACKAGE: {"tiers[0].unit_price": "package_price", "tiers[0].block_size": "package_size"},
    WrittenModel.DYNAMIC: {"tiers[0].unit_price": "multiplier"},
}
PERCENT = re.compile(r"(tiers\[\d+\])\.unit_price$")


def tariff_errors(tariff: Tariff, field: str) -> list[DomainError]:
    """List what is wrong with what a row costs; `field` is the row's path (`charges[0].prices[3]`)."""
    inexact = list(_inexact(tariff))
    found = inexact or [*shape_errors(tariff), *tier_errors(tariff.alone, ""), *_fee_errors(tariff.transaction)]
    return [_named(error, tariff.model, field) for error in found]


def shape_errors(tariff: Tariff) -> list[DomainError]:
    """List what no row can keep: numbers that the model can't do without, blocks without a size."""
    found: list[DomainError] = []
    if (tariff.transaction is None) == (tariff.model is WrittenModel.PERCENTAGE):
        found.append(Invalid("Only a percentage has fees of transactions", field="percent", fix="Choose that model"))
    if tariff.model is WrittenModel.PACKAGE and not _is_package(tariff):
        found.append(Invalid("A package needs its size", field="package_size", fix="Say how many units are in one"))
    found += [
        Invalid("A block has more than no units", field=f"tiers[{number}].block_size", fix="Give a size above zero")
        for number, tier in enumerate(tariff.tiers)
        if tier.block_size is not None and tier.block_size <= 0
    ]
    return found


def needs_amounts(tariff: Tariff, metric: MetricTerms, field: str) -> Iterator[DomainError]:
    """Refuse a price of single transactions where the metric doesn't sum their amounts as they are."""
    if tariff.model is not WrittenModel.PERCENTAGE:
        return
    plainly = metric.window is None and metric.divisor == 1 and metric.rounding is None
    if metric.aggregation not in (Aggregation.SUM, Aggregation.COUNT) or not plainly:
        message = f"A percentage looks at each event's amount, and {metric.metric} makes something else of it"
        fix = "Count by a plain sum: no conversion, no rounding, no window"
        yield Invalid(message, field=f"{field}.model", fix=fix)


def storable(value: Decimal) -> bool:
    """Say whether a number can be kept exactly."""
    if not value.is_finite() or abs(value) >= LIMIT:
        return False
    _, digits, exponent = value.as_tuple()
    places = -int(exponent)
    return places <= PLACES or not any(digits[PLACES - places :])


def _is_package(tariff: Tariff) -> bool:
    return len(tariff.tiers) == 1 and tariff.tiers[0].block_size is not None


def _numbers(tariff: Tariff) -> Iterator[tuple[str, Decimal]]:
    for number, tier in enumerate(tariff.tiers):
        yield from _members(tier, OF_TIERS, f"tiers[{number}].")
    if tariff.transaction is not None:
        yield from _members(tariff.transaction, FEES, "")


def _members(holder: object, names: Sequence[str], start: str) -> Iterator[tuple[str, Decimal]]:
    for name in names:
        value: Decimal | None = getattr(holder, name)
        if value is not None:
            yield start + name, value


def _inexact(tariff: Tariff) -> Iterator[DomainError]:
    for name, value in _numbers(tariff):
        if not storable(value):
            yield Invalid("This number can't be kept exactly", field=name, fix="Below 10^20, at most 18 places")


def _fee_errors(rule: PerTransaction | None) -> Iterator[DomainError]:
    if rule is None:
        return
    for name, value in _members(rule, FEES, ""):
        if value < 0:
            yield Invalid("A price can't be negative", field=name, fix="Use zero or more; grant a credit instead")
    if rule.free_events is not None and rule.free_events != EXACT.to_integral_value(rule.free_events):
        yield Invalid("Events are counted whole", field="free_events", fix="Give a whole number")
    low, high = rule.minimum_fee, rule.maximum_fee
    if low is not None and high is not None and low > high:
        yield Invalid("The least is more than the most", field="minimum_fee", fix="Lower it, or raise maximum_fee")


def _named(error: DomainError, model: WrittenModel, field: str) -> DomainError:
    name = (error.field or "").lstrip(".")
    name = NAMES.get(model, {}).get(name, name)
    if model is WrittenModel.GRADUATED_PERCENTAGE:
        name = PERCENT.sub(r"\1.percent", name)
    return Invalid(error.message, field=f"{field}.{name}", fix=error.fix)
