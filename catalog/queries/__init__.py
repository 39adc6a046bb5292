"""What others may ask of the catalog; `terms_for` is the only door from price tables to terms."""

from catalog.queries.amended import Amended, amended, settings_on
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
    first_paid,
    period_of,
    periods_of,
    service,
)
from catalog.queries.effective import EffectivePrice, effective_prices
from catalog.queries.instrument_terms import rolls, scope_of
from catalog.queries.instruments import access, in_force, instruments_serving, last_day, waiting_grants
from catalog.queries.metrics import (
    DatedMetric,
    metric_terms,
    metric_versions_for,
    metrics_in_force,
)
from catalog.queries.proposed import Proposed, contracts_touched, proposed_in
from catalog.queries.shelf import Shelf
from catalog.queries.terms import terms_for

__all__ = [
    "Amended",
    "DatedMetric",
    "EffectivePrice",
    "Proposed",
    "Shelf",
    "access",
    "amended",
    "contract_at",
    "contract_covering",
    "contracts_touched",
    "cycle_of",
    "difference",
    "effective_instant",
    "effective_prices",
    "first_paid",
    "in_force",
    "instruments_serving",
    "last_day",
    "live_version",
    "metric_terms",
    "metric_versions_for",
    "metrics_in_force",
    "period_of",
    "periods_of",
    "proposed_in",
    "rolls",
    "scope_of",
    "service",
    "settings_on",
    "terms_for",
    "version_content",
    "waiting_grants",
]
