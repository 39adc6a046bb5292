"""A catalog file becomes drafts and the change requests about them; nothing that is in force changes by it.

Applied again it does nothing: a draft or a waiting version that says the same stands for what the file asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from catalog.actions import metrics, plans, price_lists, products, rate_cards
from catalog.models import Metric, MetricVersion, Plan, PlanVersion, Product, RateCard, RateCardVersion
from catalog.models.versions import Governed
from catalog.queries import listings as reading
from catalog.queries.listings import listing_of
from catalog.rules.listings.differences import Differences, differences
from catalog.rules.listings.faults import faults
from catalog.rules.listings.shapes import Card, Listing
from catalog.rules.listings.shapes import Metric as MetricSaid
from catalog.rules.listings.shapes import Plan as PlanSaid
from monetization.foundation.actions import audit
from monetization.foundation.models import ChangeRequest, Environment, LegalEntity, User
from monetization.values.errors import DomainError, Invalid, refuse_if

OPEN = ("DRAFT", "SUBMITTED")
COLUMNS = ("effective_date", "legal_entity", "rate_card", "pinned_version")


@dataclass(slots=True)
class Applied:
    """What came of a file: what it changed, the requests that now wait, and drafts that rest on what they decide."""

    found: Differences
    requests: list[ChangeRequest] = field(default_factory=list)
    resting: list[Governed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Work:
    environment: Environment
    now: Listing
    asked: Listing
    found: Differences
    by: User
    at: datetime

    @property
    def who(self) -> dict[str, Any]:
        return {"by": self.by, "at": self.at}

    def changed(self, section: str) -> Iterator[tuple[str, Any, str]]:
        """Give the things of a section that differ from what stands, with their paths."""
        for key, thing in getattr(self.asked, section).items():
            if self.found.of(section, key):
                yield key, thing, f"{section}.{key}"


def compared(environment: Environment, asked: Listing, at: datetime) -> tuple[Differences, list[DomainError]]:
    """Say what a file would change, and why it can't be applied."""
    now = listing_of(environment)
    found = differences(now, asked)
    sellers = set(LegalEntity.objects.filter(environment=environment).values_list("key", flat=True))
    return found, faults(now, asked, found, sellers=sellers, at=at)


@transaction.atomic
def apply(*, environment: Environment, asked: Listing, reason: str, by: User, at: datetime) -> Applied:
    """Draft all that a file changes and ask for its approval: all of it, or nothing. Raises Invalid with its path."""
    if not reason.strip():
        raise Invalid("Nobody is told why", field="reason", fix="Say why it changes")
    found, wrong = compared(environment, asked, at)
    refuse_if(wrong)
    work = _Work(environment, listing_of(environment), asked, found, by, at)
    applied = Applied(found)
    if found.is_empty:
        return applied
    for key, said, path in work.changed("products"):
        with _at(path):
            _product(work, key, said)
    for section, draft in DRAFTS:
        for key, said, path in work.changed(section):
            with _at(path, said):
                version = draft(work, key, said)
                if version is not None:
                    _ask(version, applied, reason, work)
    things = [path for path, lines in found.lines.items() if lines]
    after = {"requests": [each.pk for each in applied.requests], "things": things}
    audit.record(
        environment=environment, action="catalog.applied", subject=environment, by=by, at=at, after=after, reason=reason
    )
    return applied


def _product(work: _Work, key: str, said: Any) -> None:
    known = Product.objects.filter(environment=work.environment, key=key).first()
    if known is None:
        products.create(
            environment=work.environment, key=key, name=said.name, description=said.description, tags=said.tags,
            tax_category=said.tax_category, **work.who,
        )  # fmt: skip
    else:
        products.describe(product=known, name=said.name, description=said.description, tags=said.tags, **work.who)


def _metric(work: _Work, key: str, said: MetricSaid) -> MetricVersion | None:
    metric = Metric.objects.filter(environment=work.environment, key=key).first()
    if metric is None:
        metric = metrics.create(
            environment=work.environment, key=key, name=said.name, description=said.description, owner=work.by,
            unseen_reason=said.unseen_reason, **work.who,
        )  # fmt: skip
    if said.meaning is None:
        return None
    open_one = _same(metric.versions, lambda version: reading.meaning_of(version) == said.meaning)
    return open_one or metrics.draft_version(metric=metric, content=said.meaning, **work.who)


def _card(work: _Work, key: str, said: Card) -> RateCardVersion | None:
    card = RateCard.objects.filter(environment=work.environment, key=key).first()
    if card is None:
        card = rate_cards.create(
            environment=work.environment, key=key, name=said.name, description=said.description, owner=work.by,
            **work.who,
        )  # fmt: skip
    if said.charges is None:
        return None
    open_one: RateCardVersion | None = _same(
        card.versions, lambda version: _without_notes(reading.card_said(card, version), said)
    )
    if open_one is not None:
        return open_one
    version = price_lists.draft(
        environment=work.environment, card_key=key, charges=said.charges, effective_date=said.effective_date,
        notes=said.notes, **work.who,
    )  # fmt: skip
    if said.effective_at is not None:
        version = rate_cards.set_effective(version=version, effective_at=said.effective_at, **work.who)
    return version


def _plan(work: _Work, key: str, said: PlanSaid) -> PlanVersion | None:
    plan = Plan.objects.filter(environment=work.environment, key=key).first()
    if plan is None:
        plan = plans.create(
            environment=work.environment, key=key, name=said.name, description=said.description, owner=work.by,
            **work.who,
        )  # fmt: skip
    if said.package is None:
        return None
    open_one: PlanVersion | None = _same(
        plan.versions, lambda version: _without_notes(reading.plan_said(plan, version), said)
    )
    if open_one is not None:
        return open_one
    version = plans.draft(plan=plan, **work.who)
    return plans.change(version=version, content=said.package, columns=_columns(work, said), **work.who)


def _columns(work: _Work, said: PlanSaid) -> dict[str, Any]:
    here = {"environment": work.environment}
    card = RateCard.objects.filter(key=said.rate_card, **here).first()
    number = said.pinned_version
    pinned = RateCardVersion.objects.filter(rate_card=card, number=number).first() if number is not None else None
    if number is not None and pinned is None:
        raise Invalid("There is no such version", field="pinned_version", fix="Name one of the card by its number")
    seller = LegalEntity.objects.filter(key=said.legal_entity, **here).first()
    return {
        "rate_card": card, "pinned_version": pinned, "legal_entity": seller, "effective_date": said.effective_date,
        "notes": said.notes,
    }  # fmt: skip


def _ask(version: Any, applied: Applied, reason: str, work: _Work) -> None:
    """Ask for approval, unless it was asked for already or the version rests on what nobody has approved yet."""
    if version.status == "SUBMITTED":
        return
    if _rests(version):
        applied.resting.append(version)
        return
    submit = SUBMITS[type(version)]
    applied.requests.append(submit(version=version, title=f"{version} from a catalog file", reason=reason, **work.who))


def _rests(version: Governed) -> bool:
    if isinstance(version, RateCardVersion):
        metrics_of = Metric.objects.filter(charge__version=version).distinct()
        return metrics_of.exclude(versions__status="APPROVED").exists()
    if isinstance(version, PlanVersion) and version.rate_card is not None:
        return not version.rate_card.versions.filter(status="APPROVED").exists()
    return False


def _same(versions: Any, says: Callable[[Any], bool]) -> Any:
    """Find the newest version that isn't decided, if it says what is asked."""
    newest = versions.filter(status__in=OPEN).order_by("-number").first()
    return newest if newest is not None and says(newest) else None


def _without_notes(one: Any, other: Any) -> bool:
    names = [name for name in one.__dataclass_fields__ if name not in ("notes", "name", "description")]
    return all(getattr(one, name) == getattr(other, name) for name in names)


@contextmanager
def _at(path: str, said: Any = None) -> Iterator[None]:
    """Lay what an action refuses at its place in the file."""
    inside = {MetricSaid: "meaning", PlanSaid: "package"}.get(type(said), "")
    try:
        yield
    except DomainError as error:
        refuse_if(_placed(each, path, inside) for each in error.errors)


def _placed(error: DomainError, path: str, inside: str) -> DomainError:
    first = (error.field or "").partition(".")[0].partition("[")[0]
    parts = [path, inside if first and first not in COLUMNS or inside == "meaning" and first else "", error.field or ""]
    error.field = ".".join(part for part in parts if part)
    return error


DRAFTS: tuple[tuple[str, Callable[[_Work, str, Any], Governed | None]], ...] = (
    ("metrics", _metric), ("rate_cards", _card), ("plans", _plan),
)  # fmt: skip
SUBMITS: dict[type[Governed], Callable[..., ChangeRequest]] = {
    MetricVersion: metrics.submit, RateCardVersion: rate_cards.submit, PlanVersion: plans.submit,
}  # fmt: skip
