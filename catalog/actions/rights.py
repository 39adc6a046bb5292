"""Who may draft on a rate card: holders of the ability, and whoever was given the right on that one card."""

from catalog.models import RateCard
from monetization.foundation.actions import rows
from monetization.foundation.models import User

DRAFT = "catalog.draft_rate_card"
DRAFT_ON = "catalog.draft_on_rate_card"


def may_draft(user: User, card: RateCard) -> bool:
    """Say whether somebody may draft versions of this rate card."""
    return user.has_perm(DRAFT) or user.has_perm(DRAFT_ON, card)


def allow_card(by: User, card: RateCard) -> None:
    """Refuse somebody who may not draft on this rate card. Raises NotAllowed."""
    if not may_draft(by, card):
        rows.allow(by, DRAFT)
