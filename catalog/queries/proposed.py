"""What a change request would put in force, to be asked as if it were approved and had always held.

Nothing is marked or saved: a `Shelf` that is given this hands out the proposed rows where it would hand out those in
force. A version stands alone for its whole card then, so nothing later takes over inside the time looked at; contracts
that are pinned to another version stay with it. An amendment holds from its contract's first day on (`Amended`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from catalog.models import Amendment, Contract, RateCardVersion
from catalog.models.versions import Governed
from catalog.queries.cards import CardVersion
from catalog.queries.content import content_digest
from monetization.foundation.models import Environment


@dataclass(frozen=True, slots=True)
class Proposed:
    """Proposed versions of rate cards, by the card's id, and amendments, by the contract's."""

    versions: Mapping[int, CardVersion] = field(default_factory=dict)
    amendments: Mapping[int, Amendment] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.versions or self.amendments)


def proposed_in(rows: Collection[Governed]) -> Proposed:
    """Collect what rows would put in force, as they are now; kinds that move no closed period are left out."""
    return Proposed(
        {row.rate_card_id: _card_version(row) for row in rows if isinstance(row, RateCardVersion)},
        {row.contract_id: row for row in rows if isinstance(row, Amendment)},
    )


def contracts_touched(proposed: Proposed, environment: Environment) -> "QuerySet[Contract]":
    """List the approved contracts that are amended, or whose prices may come from a proposed version."""
    cards = list(proposed.versions)
    moved = Q(amendments__rate_card__in=cards, amendments__status="APPROVED")
    approved = Contract.objects.filter(environment=environment, status="APPROVED")
    return approved.filter(Q(rate_card__in=cards) | moved | Q(pk__in=list(proposed.amendments))).distinct()


def _card_version(version: RateCardVersion) -> CardVersion:
    card = version.rate_card
    return CardVersion(
        version.pk, content_digest(version), version.number, card.key, f"foundation.user:{card.owner_id}",
        f"foundation.change_request:{version.request_id}", version.effective_date, version.effective_at,
    )  # fmt: skip
