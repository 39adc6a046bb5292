"""What a change request asks of each kind of draft: who may draft it, from when it holds, what it stands alone in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.actions import contracts, metrics, plans
from catalog.actions.rights import allow_card
from catalog.models import Amendment, Contract, CreditGrant, MetricVersion, PlanVersion, RateCardVersion
from catalog.models.versions import Governed
from catalog.queries.cards import effective_instant
from monetization.foundation.actions import policies, rows
from monetization.foundation.models import PolicyVersion, User
from monetization.values.periods import local_midnight


@dataclass(frozen=True, slots=True)
class Way:
    """How a kind of draft goes into a request; ``whole`` names what it may be the only new version of in one."""

    allow: Callable[[User, Any], None]
    starts_at: Callable[[Any], datetime | None]
    whole: str = ""


def way_of(row: Governed) -> Way:
    """Return how this kind of draft goes into a request."""
    return WAYS[type(row)]


def _at_once(row: Governed) -> None:
    """It holds as soon as it is approved."""
    return


def _plan_starts(version: PlanVersion) -> datetime | None:
    return local_midnight(version.effective_date, "UTC") if version.effective_date is not None else None


def _allow_contract(by: User, contract: Contract) -> None:
    rows.allow(by, contracts.DRAFT)
    contracts.guard_account(by, contract.account)


def _allow_grant(by: User, grant: CreditGrant) -> None:
    rows.allow(by, contracts.DRAFT)
    contracts.guard_account(by, grant.account)


WAYS: Mapping[type[Governed], Way] = {
    MetricVersion: Way(lambda by, row: rows.allow(by, metrics.DRAFT), lambda row: row.effective_at),
    RateCardVersion: Way(lambda by, row: allow_card(by, row.rate_card), effective_instant, "rate_card"),
    PlanVersion: Way(lambda by, row: rows.allow(by, plans.DRAFT), _plan_starts, "plan"),
    Contract: Way(_allow_contract, _at_once),
    Amendment: Way(lambda by, row: _allow_contract(by, row.contract), _at_once),
    CreditGrant: Way(_allow_grant, _at_once),
    PolicyVersion: Way(lambda by, row: rows.allow(by, policies.DRAFT), _at_once, "policy"),
}
