"""Rate cards and their versions: drafted from the newest one, priced, submitted as one change request.

A card's first version may take effect in the past; every later one starts after its last approval, and only
while the version that it was based on is still the newest: otherwise somebody else's change would be lost.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from guardian.shortcuts import assign_perm

from catalog.actions import governed
from catalog.actions.prices import (
    add_charge,
    add_price,
    columns,
    remove_charge,
    remove_price,
    replace_content,
    set_price,
    set_terms,
    write_prices,
)
from catalog.actions.rights import DRAFT, DRAFT_ON, allow_card
from catalog.models import Charge, Contract, Metric, RateCard, RateCardVersion
from catalog.queries.beside import stands_with
from catalog.queries.cards import effective_instant, read_charges, version_content
from catalog.rules.cards import CardCharge
from catalog.rules.diff import Change, Difference
from catalog.rules.diff import difference as compare
from catalog.rules.drafts import PriceDraft
from catalog.rules.validate import card_errors
from catalog.rules.versions import VersionStatus
from monetization.foundation.actions import rows
from monetization.foundation.models import ChangeRequest, Environment, User
from monetization.values.errors import Conflict, DomainError, Invalid, refuse_if
from monetization.values.periods import local_midnight

Content = tuple[CardCharge, ...]
NAMED = ("name", "tax category")  # they are the product's, and no version says them
__all__ = [
    "add_charge",
    "add_price",
    "create",
    "discard",
    "draft",
    "edit",
    "errors",
    "first_felt",
    "facts_of",
    "needed",
    "note",
    "remove_charge",
    "remove_price",
    "replace_content",
    "set_effective",
    "set_price",
    "set_terms",
    "submit",
]


@transaction.atomic
def create(
    *,
    environment: Environment,
    key: str,
    name: str,
    owner: User,
    by: User,
    at: datetime,
    description: str = "",
) -> RateCard:
    """Make a rate card without prices; its owner may draft on it whatever roles they hold."""
    rows.allow(by, DRAFT)
    card = RateCard(environment=environment, key=key, name=name, owner=owner, description=description, created_at=at)
    governed.create(card, environment=environment, by=by, at=at)
    assign_perm(DRAFT_ON, owner, card)
    return card


@transaction.atomic
def draft(
    *,
    rate_card: RateCard,
    by: User,
    at: datetime,
    based_on: RateCardVersion | None = None,
    copy: bool = True,
) -> RateCardVersion:
    """Start a version with the prices of another one: the newest approved, unless told otherwise.

    `copy=False` starts it empty, for prices that come from a list.
    """
    allow_card(by, rate_card)
    card = rows.lock(rate_card)
    newest = card.versions.order_by("-number").first()
    base = (based_on or newest_approved(card)) if copy else None
    version = RateCardVersion(rate_card=card, number=newest.number + 1 if newest else 1, based_on=newest_approved(card))
    governed.begin(version, by=by, at=at)
    rows.check(version)
    rows.keep(version, by=by, at=at)
    if base is not None:
        _copy(base, version)
    after = {"based_on": base.number if base else None}
    governed.record(version, "drafted", by=by, at=at, after=after)
    return version


@transaction.atomic
def set_effective(
    *,
    version: RateCardVersion,
    by: User,
    at: datetime,
    effective_date: date | None = None,
    effective_at: datetime | None = None,
) -> RateCardVersion:
    """Say from when a draft shall hold: a date (midnight in each account's zone) or one instant for all."""
    version = _open(version, by)
    if (effective_date is None) == (effective_at is None):
        fix = "A day starts at midnight in each account's time zone; an instant is the same for all"
        raise Invalid("Give a day or an instant, one of them", field="effective_date", fix=fix)
    before = {"effective_date": version.effective_date, "effective_at": version.effective_at}
    version.effective_date, version.effective_at = effective_date, effective_at
    governed.touch(version, by=by, at=at)
    after = {"effective_date": effective_date, "effective_at": effective_at}
    governed.record(version, "dated", by=by, at=at, before=before, after=after)
    return version


@transaction.atomic
def note(*, version: RateCardVersion, notes: str, by: User, at: datetime) -> RateCardVersion:
    """Tell a draft's readers what changes and why."""
    version = _open(version, by)
    version.notes = notes
    governed.touch(version, by=by, at=at)
    return version


@transaction.atomic
def edit(
    *, version: RateCardVersion, by: User, at: datetime, notes: str | None = None, times: Mapping[str, Any]
) -> RateCardVersion:
    """Change a draft's notes (None: leave them) and, where `times` names one, its effective time."""
    if times:
        version = set_effective(version=version, by=by, at=at, **times)
    return version if notes is None else note(version=version, notes=notes, by=by, at=at)


@transaction.atomic
def submit(*, version: RateCardVersion, title: str, reason: str, by: User, at: datetime) -> ChangeRequest:
    """Ask for decisions about a draft; its prices are frozen from here on."""
    version = _open(version, by)
    content = version_content(version)
    refuse_if(errors(version, at, content))
    return governed.propose(
        version, title=title or f"Prices of {version}", reason=reason, facts=facts_of(version, content),
        effective_at=effective_instant(version), by=by, at=at,
    )  # fmt: skip


@transaction.atomic
def discard(*, version: RateCardVersion, by: User, at: datetime) -> RateCardVersion:
    """Give up a draft that was never submitted or was sent back; withdraw its request instead if it has one."""
    version = _open(version, by)
    governed.move(version, VersionStatus.WITHDRAWN, by=by, at=at)
    return version


def errors(version: RateCardVersion, at: datetime, content: Content | None = None) -> list[DomainError]:
    """List why a version can't be approved now. Raises Conflict if it is based on an outdated one.

    `content` is the version's, where it was read already.
    """
    newest = newest_approved(version.rate_card, but=version)
    if newest is not None and version.based_on_id != newest.pk:
        raise Conflict(
            f"Version {newest.number} was approved since this draft was started.",
            fix="Draft a new version from it and enter your changes again.",
        )
    content = version_content(version) if content is None else content
    found = [*_time_errors(version, newest, at), *_unread(version)]
    return found + card_errors(content, needed=needed(version.rate_card, at), unseen=_unseen(version))


def facts_of(version: RateCardVersion, content: Content | None = None) -> dict[str, Decimal]:
    """Tell policies how much changes: nothing on a first version, because no price stood before.

    A percentage that can't be said (a price that was zero, a fee) is left out, so that every policy applies.
    """
    old = version_content(version.based_on) if version.based_on is not None else ()
    changes = compare(old, version_content(version) if content is None else content)
    kinds = (Change.ADDED, Change.REMOVED, Change.CHANGED)
    facts = {"rows_changed": Decimal(sum(changes.count(kind) for kind in kinds))}
    percent = _max_percent(changes)
    return facts if percent is None else facts | {"max_change_percent": percent}


def newest_approved(card: RateCard, but: RateCardVersion | None = None) -> RateCardVersion | None:
    """Return the version that was approved last; versions are approved in the order of their numbers."""
    approved = card.versions.filter(status="APPROVED").order_by("-number")
    return approved.exclude(pk=but.pk).first() if but is not None else approved.first()


def _open(version: RateCardVersion, by: User) -> RateCardVersion:
    allow_card(by, version.rate_card)
    return governed.lock_draft(version)


def _copy(base: RateCardVersion, version: RateCardVersion) -> None:
    stored = read_charges([base.pk]).get(base.pk, ())
    made = Charge.objects.bulk_create(
        Charge(
            version=version, product_id=each.product_id, metric_id=each.metric_id, position=i, **columns(each.terms)
        )
        for i, each in enumerate(stored)
    )  # fmt: skip
    write_prices(
        [
            (charge, PriceDraft(row.currency, row.match, row.tariff))
            for charge, each in zip(made, stored, strict=True)
            for row in each.rows
        ]
    )


def _time_errors(version: RateCardVersion, newest: RateCardVersion | None, at: datetime) -> Iterable[DomainError]:
    if version.effective_date is None and version.effective_at is None:
        yield Invalid("It has no effective time", field="effective_date", fix="Choose a day or an instant")
    elif newest is not None and first_felt(version) <= at:
        field = "effective_at" if version.effective_at else "effective_date"
        fix = "Choose a later one; the past changes only by rerating"
        yield Invalid("Its effective time lies before its approval", field=field, fix=fix)


def first_felt(version: RateCardVersion) -> datetime:
    """Return the first instant at which any account would feel it."""
    if version.effective_at is not None:
        return version.effective_at
    zones = _contracts(version.rate_card).values_list("account__time_zone", flat=True).distinct()
    assert version.effective_date is not None
    return min(local_midnight(version.effective_date, zone) for zone in [*zones, "UTC"])


def _contracts(card: RateCard) -> QuerySet[Contract]:
    return Contract.objects.filter(rate_card=card, status="APPROVED").order_by()


def needed(card: RateCard, at: datetime) -> set[str]:
    """Return the currencies of contracts that are not over."""
    running = _contracts(card).exclude(end_date__lt=at.date())
    return set(running.values_list("currency", flat=True))


def _unseen(version: RateCardVersion) -> set[str]:
    metrics = Metric.objects.filter(charge__version=version, first_seen_at=None, unseen_reason="")
    return set(metrics.values_list("key", flat=True))


def _unread(version: RateCardVersion) -> Iterable[DomainError]:
    """Refuse charges whose metric has no approved meaning by the time that the prices hold."""
    starts_at = effective_instant(version)
    for index, charge in enumerate(version.charges.select_related("metric").order_by("position", "pk")):
        approved = charge.metric.versions.filter(stands_with(version))
        if starts_at is not None and not approved.filter(effective_at__lte=starts_at).exists():
            fix = "Have its version approved first, effective no later than these prices"
            message = f"Nobody has approved yet what {charge.metric} counts"
            yield Invalid(message, field=f"charges[{index}].metric", fix=fix)


def _max_percent(changes: Difference) -> Decimal | None:
    """Give the largest change of a price; None where what changes is no price, or a price from zero."""
    found = [Decimal(0)]
    if any(change.what not in NAMED for change in changes.charges):
        return None
    for row in changes.rows:
        if row.change is not Change.CHANGED:
            continue
        if row.settings:
            return None
        for tier in row.tiers:
            same = tier.old_unit_price == tier.new_unit_price and tier.old_block == tier.new_block
            same_flat = (tier.old_flat_fee or 0) == (tier.new_flat_fee or 0)
            if not same_flat or (tier.percent is None and not same):
                return None
            found.append(abs(tier.percent or Decimal(0)))
    return max(found)
