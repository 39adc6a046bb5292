"""What a limit may not say: each fault names its field and what mends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from catalog.rules.terms import MetricTerms
from metering.rules.quotas import LONGEST_HOLD, PER_PERIOD, QUANTITY, SHORTEST_HOLD
from monetization.values.errors import DomainError, Invalid

MOST_THRESHOLDS, HIGHEST_THRESHOLD, MOST_EMAILS = 10, 1_000, 20


def faults(
    *, kind: str, has_metric: bool, has_product: bool, currency: str, window: str, match: Mapping[str, str],
    dimensions: Iterable[str], metric: MetricTerms | None, thresholds: Sequence[int], hold_seconds: int,
    emails: Sequence[str],
) -> list[DomainError]:  # fmt: skip
    """List what is wrong with a limit; `dimensions` are all that the metric's versions know."""
    found: list[DomainError] = []
    if kind == QUANTITY:
        found += _quantity_faults(has_metric, has_product, metric, currency)
        found += _match_faults(match, sorted(dimensions))
    else:
        found += _money_faults(has_metric, currency, window, match)
    found += _threshold_faults(thresholds)
    if not SHORTEST_HOLD <= hold_seconds <= LONGEST_HOLD:
        fix = f"From {SHORTEST_HOLD} to {LONGEST_HOLD} seconds"
        found.append(Invalid("A reservation can't hold that long", field="hold_seconds", fix=fix))
    if len(emails) > MOST_EMAILS:
        found.append(Invalid("Too many addresses", field="emails", fix=f"At most {MOST_EMAILS}; use a list address"))
    return found


def _quantity_faults(
    has_metric: bool, has_product: bool, metric: MetricTerms | None, currency: str
) -> list[DomainError]:
    if not has_metric:
        return [Invalid("A limit of quantity needs a metric", field="metric", fix="Name the metric by its key")]
    if metric is None:
        fix = "Have a version of it approved first"
        return [Invalid("This metric is not in force", field="metric", fix=fix)]
    if not metric.adds_up:
        fix = "Choose a metric that sums or counts"
        said = "Only use that adds up event by event can be limited"
        return [Invalid(said, field="metric", fix=fix, code="does_not_add_up")]
    if currency:
        return [Invalid("A quantity has no currency", field="currency", fix="Leave it out")]
    if has_product:
        return [Invalid("A limit of quantity is of a metric", field="product", fix="Leave the product out")]
    return []


def _match_faults(match: Mapping[str, str], known: Sequence[str]) -> list[DomainError]:
    fix = f"Use: {', '.join(known)}" if known else "This metric has no dimensions"
    return [
        Invalid(f"“{key}” is no dimension of this metric", field=f"match.{key}", fix=fix)
        for key in match
        if key not in known
    ]


def _money_faults(has_metric: bool, currency: str, window: str, match: Mapping[str, str]) -> list[DomainError]:
    found: list[DomainError] = []
    if has_metric:
        found.append(Invalid("A limit of money has no metric", field="metric", fix="Leave it out"))
    if match:
        fix = "Leave it out; a product may be named"
        found.append(Invalid("A limit of money has no dimensions", field="match", fix=fix))
    if window != PER_PERIOD:
        found.append(Invalid("Money is counted by billing period", field="window", fix="Choose the billing period"))
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        found.append(Invalid("A limit of money needs a currency", field="currency", fix="Use a code such as EUR"))
    return found


def _threshold_faults(thresholds: Sequence[int]) -> list[DomainError]:
    if len(thresholds) > MOST_THRESHOLDS:
        return [Invalid("Too many thresholds", field="thresholds", fix=f"At most {MOST_THRESHOLDS}")]
    return [
        Invalid(f"{each} is no percentage of a limit", field=f"thresholds[{n}]", fix=f"From 1 to {HIGHEST_THRESHOLD}")
        for n, each in enumerate(thresholds)
        if not 1 <= each <= HIGHEST_THRESHOLD
    ]
