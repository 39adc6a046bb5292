"""Make what is sold and agreed, by the product's own actions: metrics, products, prices, contracts.

Mia drafts and submits prices, chen approves; finn drafts nothing; rosa approves contracts that chen drafts.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from catalog.actions import changes, contracts, metrics, products, rate_cards
from catalog.models import Contract, Metric, MetricVersion, Product, RateCard, RateCardVersion
from catalog.rules.drafts import ChargeDraft, MetricDraft, PriceDraft
from catalog.rules.tariffs import per_unit, tiered
from catalog.rules.terms import Aggregation, Dimension, Measure, Tier
from monetization.foundation.models import Account, ChangeRequest, Environment, User
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import Verdict
from tests.make import AT, World

MINUTE = timedelta(minutes=1)
PRICES: tuple[tuple[str, str, str], ...] = (  # model, token type, price of 1M tokens
    ("gpt-4o", "input", "2.50"),
    ("gpt-4o", "output", "10"),
    ("claude", "input", "3"),
    ("claude", "output", "15"),
)


def tokens(effective_at: datetime = AT, **more: Any) -> MetricDraft:
    """Write down a metric of tokens: by model, input and output apart, priced per million."""
    more.setdefault("dimensions", (Dimension("model", "model"),))
    return MetricDraft(
        event_type="llm.request", aggregation=Aggregation.SUM, unit="1M tokens", effective_at=effective_at,
        measures=(Measure("input_tokens", "input"), Measure("output_tokens", "output")),
        measure_dimension="token_type", divisor=Decimal(1_000_000), **more,
    )  # fmt: skip


def approve(request: ChangeRequest, *deciders: User, at: datetime) -> ChangeRequest:
    """Have everybody say yes to what stands there now."""
    for decider in deciders:
        request = changes.decide(
            request=request, verdict=Verdict.APPROVE, seen=request_digest(request), by=decider, at=at
        )
    return request


def metric(
    world: World,
    key: str = "llm-tokens",
    *,
    content: MetricDraft | None = None,
    at: datetime = AT,
    environment: Environment | None = None,
) -> MetricVersion:
    """Make a metric with an approved first version."""
    made = metrics.create(
        environment=environment or world.live, key=key, name=key.replace("-", " ").capitalize(), owner=world.mia,
        unseen_reason="Priced before launch", by=world.mia, at=at,
    )  # fmt: skip
    version = metrics.draft_version(metric=made, content=content or tokens(), by=world.mia, at=at)
    return approved_metric(world, version, at=at)


def approved_metric(world: World, version: MetricVersion, *, at: datetime) -> MetricVersion:
    """Submit a draft by mia and approve it by chen."""
    request = metrics.submit(version=version, reason="Needed", by=world.mia, at=at)
    approve(request, world.chen, at=at)
    version.refresh_from_db()
    return version


def product(world: World, key: str = "inference", environment: Environment | None = None) -> Product:
    """Make a product."""
    return products.create(environment=environment or world.live, key=key, name=f"Model {key}", by=world.mia, at=AT)


def prices(
    listed: Sequence[tuple[str, str, str]] = PRICES, currencies: Sequence[str] = ("EUR",)
) -> tuple[PriceDraft, ...]:
    """Write price rows per unit: (model, token type, price) in each currency; "" is any."""
    return tuple(
        PriceDraft(
            currency,
            {key: value for key, value in (("model", model), ("token_type", kind)) if value},
            per_unit(Decimal(price)),
        )
        for currency in currencies
        for model, kind, price in listed
    )


def graduated(currency: str, match: dict[str, str], *steps: tuple[str | None, str, str]) -> PriceDraft:
    """Write a graduated row: (up to, unit price, flat fee) of each tier."""
    tiers = tuple(Tier(Decimal(up) if up else None, Decimal(unit), Decimal(flat)) for up, unit, flat in steps)
    return PriceDraft(currency, match, tiered(tiers))


def card(world: World, key: str = "list", environment: Environment | None = None) -> RateCard:
    """Make a rate card owned by mia, without a version."""
    return rate_cards.create(
        environment=environment or world.live, key=key, name=f"{key.capitalize()} prices", owner=world.mia,
        by=world.mia, at=AT,
    )  # fmt: skip


def version(
    world: World,
    rate_card: RateCard,
    *,
    rows: Sequence[PriceDraft] | None = None,
    at: datetime = AT,
    effective_date: date | None = None,
    effective_at: datetime | None = None,
    charges: Sequence[ChargeDraft] = (),
) -> RateCardVersion:
    """Draft a version of a card: one product `inference` on metric `llm-tokens`, unless told otherwise."""
    if not charges:
        charges = [ChargeDraft("inference", "llm-tokens", tuple(rows if rows is not None else prices()))]
    draft = rate_cards.draft(rate_card=rate_card, by=world.mia, at=at)
    rate_cards.replace_content(version=draft, charges=charges, by=world.mia, at=at)
    if effective_date is None and effective_at is None:
        effective_date = date(2026, 1, 1)
    return rate_cards.set_effective(
        version=draft, effective_date=effective_date, effective_at=effective_at, by=world.mia, at=at
    )


def approved(world: World, draft: RateCardVersion, *, at: datetime = AT) -> RateCardVersion:
    """Submit a draft by mia; chen and, where a price moves by more than half, finn approve it."""
    request = rate_cards.submit(version=draft, title="", reason="Agreed", by=world.mia, at=at)
    request = approve(request, world.chen, at=at)
    if request.status == "SUBMITTED":
        approve(request, world.finn, at=at)
    draft.refresh_from_db()
    return draft


def list_prices(world: World, currencies: Sequence[str] = ("EUR", "USD"), **more: Any) -> RateCardVersion:
    """Make metric, product and card `list` with an approved first version from 1 January 2026."""
    metric(world)
    product(world)
    return approved(world, version(world, card(world), rows=prices(currencies=currencies), **more))


def contract(world: World, account: Account, rate_card: RateCard, *, at: datetime = AT, **terms: Any) -> Contract:
    """Make a contract that chen drafted and submitted, and rosa (with chen's draft: HEAD by nobody) approved."""
    draft = draft_contract(world, account, rate_card, at=at, **terms)
    request = contracts.submit(contract=draft, reason="Signed", by=world.chen, at=at)
    approve(request, world.rosa, at=at)
    draft.refresh_from_db()
    return draft


def draft_contract(world: World, account: Account, rate_card: RateCard, *, at: datetime = AT, **terms: Any) -> Contract:
    """Draft a monthly contract in EUR from 1 January 2026."""
    given: dict[str, Any] = {
        "key": f"{account.key}-2026", "name": f"{account.name} 2026", "legal_entity": world.seller,
        "currency": "EUR", "start_date": date(2026, 1, 1),
    } | terms  # fmt: skip
    return contracts.draft(account=account, rate_card=rate_card, by=world.chen, at=at, **given)


def metric_of(key: str = "llm-tokens") -> Metric:
    """Find a live metric by its key."""
    return Metric.objects.get(environment__key="live", key=key)
