"""Take a published price list over as a draft of a rate card, with the metrics and products that it needs.

Nothing is in force by it: the draft goes the way of every other, and so does each new meaning of a metric.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction

from catalog.actions import metrics, products, rate_cards
from catalog.models import Metric, MetricVersion, Product, RateCard, RateCardVersion
from catalog.queries.metrics import latest_terms
from catalog.rules.drafts import ChargeDraft, MetricDraft
from catalog.rules.price_list import Family, PriceList, charge_of, families_in, metric_of
from catalog.rules.terms import MetricTerms
from monetization.foundation.models import Environment, User
from monetization.values.errors import Invalid
from monetization.values.money import minor_digits, plain

UNSEEN = "Prices were loaded from a published list before the first event"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a list: the draft, how many rows it has, the metric versions that now wait as drafts."""

    version: RateCardVersion
    rows: int
    metrics: tuple[MetricVersion, ...]
    left_out: tuple[str, ...]


@transaction.atomic
def load(
    *,
    environment: Environment,
    card_key: str,
    price_list: PriceList,
    factors: Mapping[str, Decimal],
    effective_date: date,
    by: User,
    at: datetime,
    card_name: str = "",
) -> Loaded:
    """Draft a version of a card from a list; `factors` are what 1 USD is in each currency, USD being 1."""
    _guard_factors(factors)
    families = families_in(price_list)
    if not families:
        raise Invalid("The list has no price", field="providers", fix="Choose other providers")
    drafts = [_metric(environment, family, price_list, effective_date, by, at) for family in families]
    for family in families:
        _product(environment, family, by, at)
    charges = [charge_of(family, price_list, factors) for family in families]
    notes = _notes(price_list, factors)
    version = draft(
        environment=environment, card_key=card_key, charges=charges, effective_date=effective_date, notes=notes,
        card_name=card_name, by=by, at=at,
    )  # fmt: skip
    rows = sum(len(charge.prices) for charge in charges)
    return Loaded(version, rows, tuple(each for each in drafts if each is not None), price_list.left_out)


@transaction.atomic
def draft(
    *,
    environment: Environment,
    card_key: str,
    charges: Sequence[ChargeDraft],
    effective_date: date | None,
    notes: str,
    by: User,
    at: datetime,
    card_name: str = "",
) -> RateCardVersion:
    """Draft a version of a card that says all these prices, and no others; the card is made if it is missing."""
    card = _card(environment, card_key, card_name or card_key.replace("-", " ").capitalize(), by, at)
    version = rate_cards.draft(rate_card=card, copy=False, by=by, at=at)
    rate_cards.replace_content(version=version, charges=charges, by=by, at=at)
    if effective_date is not None:
        version = rate_cards.set_effective(version=version, effective_date=effective_date, by=by, at=at)
    return rate_cards.note(version=version, notes=notes, by=by, at=at)


def _guard_factors(factors: Mapping[str, Decimal]) -> None:
    if not factors:
        raise Invalid("No currency was named", field="currency", fix="Name one, such as USD or EUR=0.92")
    for currency, factor in factors.items():
        minor_digits(currency)
        if not factor.is_finite() or factor <= 0 or (currency == "USD" and factor != 1):
            raise Invalid(
                f"{factor} can't be what 1 USD is in {currency}", field="currency", fix="Write it like EUR=0.92"
            )


def _metric(
    environment: Environment, family: Family, price_list: PriceList, day: date, by: User, at: datetime
) -> MetricVersion | None:
    """Draft the meaning that the list needs, unless the metric has it already."""
    metric = Metric.objects.filter(environment=environment, key=family.metric).first()
    if metric is None:
        metric = metrics.create(
            environment=environment, key=family.metric, name=family.metric_name, owner=by,
            unseen_reason=UNSEEN, by=by, at=at,
        )  # fmt: skip
    known = latest_terms([metric.pk]).get(metric.pk)
    content = metric_of(family, price_list, _starts_at(day, is_first=known is None))
    if known is not None and _same(known, content):
        return None
    return metrics.draft_version(metric=metric, content=content, by=by, at=at)


def _starts_at(day: date, *, is_first: bool) -> datetime:
    """Let a first meaning hold before the day begins in any time zone, a later one from its midnight in UTC."""
    midnight = datetime.combine(day, time(), UTC)
    return midnight - timedelta(days=1) if is_first else midnight


def _same(known: MetricTerms, content: MetricDraft) -> bool:
    return content.terms(known.metric, known.number) == replace(known, version_id=0)


def _product(environment: Environment, family: Family, by: User, at: datetime) -> None:
    if not Product.objects.filter(environment=environment, key=family.product).exists():
        products.create(environment=environment, key=family.product, name=family.name, by=by, at=at)


def _card(environment: Environment, key: str, name: str, by: User, at: datetime) -> RateCard:
    known = RateCard.objects.filter(environment=environment, key=key).first()
    return known or rate_cards.create(environment=environment, key=key, name=name, owner=by, by=by, at=at)


def _notes(price_list: PriceList, factors: Mapping[str, Decimal]) -> str:
    others: Sequence[str] = [f"{code} = USD × {plain(factor)}" for code, factor in factors.items() if code != "USD"]
    lines = [f"Prices of {price_list.name}."]
    if others:
        lines.append(f"Converted once, at a stated factor: {', '.join(others)}.")
    if price_list.left_out:
        lines += ["", "Not taken over:", *(f"- {sentence}" for sentence in price_list.left_out)]
    return "\n".join(lines)
