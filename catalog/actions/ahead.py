"""May what was approved for later still be taken back? Not once anybody feels it, nor while something rests on it."""

from collections.abc import Collection
from datetime import datetime

from catalog.actions.drafts import way_of
from catalog.actions.rate_cards import first_felt
from catalog.models import Amendment, Charge, Contract, MetricVersion, PlanVersion, RateCardVersion
from catalog.models.versions import Governed
from monetization.values.errors import WrongState

PENDING = ("DRAFT", "SUBMITTED", "APPROVED")


def guard(row: Governed, held: Collection[Governed], at: datetime) -> None:
    """Refuse to take back a locked row whose request holds `held`. Raises WrongState."""
    starts_at = first_felt(row) if isinstance(row, RateCardVersion) else way_of(row).starts_at(row)
    if starts_at is None or starts_at <= at:
        raise WrongState(f"{row} is in force already.", fix="Roll it back instead.")
    resting = next((one for one in _resting(row) if one not in held), None)
    if resting is not None:
        raise WrongState(f"{resting} rests on {row}.", fix=f"Take {resting} back first, or change it.")


def _resting(row: Governed) -> list[Governed]:
    """List what would lose its footing."""
    if isinstance(row, RateCardVersion):
        pinned = [
            each
            for model in (Contract, Amendment, PlanVersion)
            for each in model._default_manager.filter(pinned_version=row, status__in=PENDING)[:2]
        ]
        return [*pinned, *row.rate_card.versions.filter(based_on=row, status__in=("SUBMITTED", "APPROVED"))]
    if isinstance(row, MetricVersion):
        return _priced(row)
    if isinstance(row, PlanVersion):
        later = row.plan.versions.filter(based_on=row, status__in=("SUBMITTED", "APPROVED"))
        return [*later, *row.contracts.filter(status__in=PENDING)[:2]]
    return []


def _priced(version: MetricVersion) -> list[Governed]:
    """List approved prices of a metric that would have no approved meaning left."""
    if version.metric.versions.filter(status="APPROVED").exclude(pk=version.pk).exists():
        return []
    charges = Charge.objects.filter(metric=version.metric, version__status__in=("SUBMITTED", "APPROVED"))
    return [charge.version for charge in charges.select_related("version__rate_card")]
