"""Take a rate card back to a version that stood before, in one step: drafted, dated, submitted under own policies.

The new version equals the old one, price for price; nothing is patched. From its instant on drafts are rated by it;
what was issued before stays, and is corrected like anything else that was issued.
"""

from datetime import datetime, timedelta

from django.db import transaction

from catalog.actions import governed, rate_cards
from catalog.actions.facts import facts_of
from catalog.actions.rights import allow_card
from catalog.models import RateCardVersion
from catalog.queries import difference, live_version
from catalog.rules.diff import Change
from monetization.foundation.actions import approvals, rows
from monetization.foundation.models import ChangeRequest, User
from monetization.foundation.queries import subject_of
from monetization.foundation.rules.approvals import ROLLBACK, Item, RequestStatus
from monetization.foundation.rules.facts import merged
from monetization.values.errors import Invalid, WrongState, refuse_if

SOON = timedelta(hours=1)


@transaction.atomic
def roll_back(
    *, version: RateCardVersion, reason: str, by: User, at: datetime, effective_at: datetime | None = None
) -> ChangeRequest:
    """Ask that a card's prices be those of an earlier version again, within the hour unless told otherwise.

    Raises Invalid without a reason, WrongState where the version never stood or nothing would change.
    """
    card = version.rate_card
    allow_card(by, card)
    if not reason.strip():
        raise Invalid("Why is it rolled back?", field="reason", fix="Say what went wrong")
    live = guard(version, at)
    draft = rate_cards.draft(rate_card=card, based_on=version, by=by, at=at)
    draft.effective_at = effective_at or at + SOON
    draft.notes = f"Rolls v{live.number} back: equal to v{version.number}."
    governed.touch(draft, by=by, at=at)
    refuse_if(rate_cards.errors(draft, at))
    request = approvals.open_request(
        environment=card.environment, kind=ROLLBACK, title=f"Roll {card} back to v{version.number}"[:160],
        reason=reason, items=[Item(subject_of(draft), str(draft), kind=ROLLBACK)], effective_at=draft.effective_at,
        by=by, at=at,
    )  # fmt: skip
    request.rolls_back = live.request
    rows.keep(request, by=by, at=at)
    item = governed.item_of(draft, merged(facts_of(draft)), ROLLBACK)
    request = approvals.submit(request=request, items=[item], by=by, at=at)
    governed.freeze(draft, request, by=by, at=at, reason=reason)
    return request


def guard(version: RateCardVersion, at: datetime) -> RateCardVersion:
    """Return the version in force, which would be rolled back. Raises WrongState where that makes no sense."""
    live = live_version(version.rate_card, at)
    if version.status != "APPROVED" or live is None:
        raise WrongState(f"{version} never stood", fix="Choose a version that was in force.")
    if live.pk == version.pk or not _differ(live, version):
        raise WrongState(f"The prices of {version} are in force", fix="Choose another version.")
    if live.number < version.number:
        raise WrongState(f"{version} isn't in force yet", fix="Withdraw it instead.")
    return live


def target_of(request: ChangeRequest, at: datetime) -> RateCardVersion | None:
    """Return the version to which a live request about one card would be rolled back: the one that it followed."""
    items = list(request.items.all())
    noun, _, number = items[0].subject.partition(":") if len(items) == 1 else ("", "", "")
    if noun != "catalog.rate_card_version" or request.status != RequestStatus.LIVE.value:
        return None
    version = RateCardVersion.objects.select_related("based_on__rate_card").filter(pk=number).first()
    return version.based_on if version is not None and version.based_on is not None else None


def _differ(old: RateCardVersion, new: RateCardVersion) -> bool:
    found = difference(old, new)
    return bool(found.charges) or found.count(Change.UNCHANGED) < len(found.rows)
