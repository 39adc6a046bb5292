"""What others may ask of the catalog; `terms_for` is the only door from price tables to terms."""

from catalog.queries.agreed import access, instruments_of, instruments_serving
from catalog.queries.cards import (
    difference,
    effective_instant,
    live_version,
    version_content,
)
from catalog.queries.contracts import (
    contract_at,
    contract_covering,
    cycle_of,
    period_of,
    periods_of,
    service,
)
from catalog.queries.metrics import (
    DatedMetric,
    metric_terms,
    metric_versions_for,
    metrics_in_force,
)
from catalog.queries.terms import terms_for

__all__ = [
    "DatedMetric",
    "access",
    "contract_at",
    "contract_covering",
    "cycle_of",
    "difference",
    "effective_instant",
    "instruments_of",
    "instruments_serving",
    "live_version",
    "metric_terms",
    "metric_versions_for",
    "metrics_in_force",
    "period_of",
    "periods_of",
    "service",
    "terms_for",
    "version_content",
]
