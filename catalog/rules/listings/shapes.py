"""What a catalog says, as values: things by key, each with what its newest approved version says, if there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from catalog.rules.drafts import ChargeDraft, MetricDraft
from catalog.rules.plans.package import Package


@dataclass(frozen=True, slots=True)
class Product:
    """A product."""

    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    tax_category: str = "standard"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric and what it counts."""

    name: str
    description: str = ""
    unseen_reason: str = ""
    meaning: MetricDraft | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A rate card and all its prices, from a day (midnight of each account) or an instant."""

    name: str
    description: str = ""
    effective_date: date | None = None
    effective_at: datetime | None = None
    notes: str = ""
    charges: tuple[ChargeDraft, ...] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan: who sells it, by which prices, and what it packs."""

    name: str
    description: str = ""
    effective_date: date | None = None
    legal_entity: str | None = None
    rate_card: str | None = None
    pinned_version: int | None = None
    notes: str = ""
    package: Package | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A whole catalog, or the part of one that somebody keeps in a file."""

    products: dict[str, Product] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    rate_cards: dict[str, Card] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)

    def over(self, other: Listing) -> Listing:
        """Lay this one over another: what both name is as it says."""
        return Listing(
            other.products | self.products, other.metrics | self.metrics, other.rate_cards | self.rate_cards,
            other.plans | self.plans,
        )  # fmt: skip


SECTIONS = ("products", "metrics", "rate_cards", "plans")
