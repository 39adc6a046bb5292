"""The only door from price tables to frozen terms.

A segment is a stretch of the period in which neither the card version nor a metric version changes
for the contract: a pinned contract isn't cut by versions that it doesn't follow. Before a card's first
version nothing is priced, so usage there stays unpriced and visible.

What is agreed beside the card (fees, discounts, minimums, commits …) comes from `catalog.queries.agreed`.

A fixed number of queries, however many rows the card has; fewer when the card is in memory.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from catalog.models import Contract, Product
from catalog.queries.agreed import agreed_for
from catalog.queries.cards import (
    CardVersion,
    StoredCharge,
    approved_versions,
    prices_of,
    stored_charges,
)
from catalog.queries.metrics import DatedMetric, dated_metrics
from catalog.rules.agreed import Instrument
from catalog.rules.cards import charge_of
from catalog.rules.terms import Charge, MetricTerms, Segment, Terms
from monetization.values.periods import Period, local_midnight


def terms_for(*, contract: Contract, period: Period, balances: Mapping[str, Decimal] | None = None) -> Terms:
    """Give all that is agreed in one contract for one billing period, as frozen values.

    ``balances``: what can be drawn of commits and credits, by key; whole amounts where they aren't named.
    """
    zone = contract.account.time_zone
    versions = _in_force(contract, period, zone)
    used = [(version.pk, version.digest) for _, version in versions]
    stored = stored_charges(sorted(set(used)), contract.currency)
    charges = [charge for each in stored.values() for charge in each]
    metrics = _metrics(charges)
    products = Product.objects.in_bulk({charge.product_id for charge in charges})
    charged = Charged(contract, versions, stored, metrics, products)
    agreed = agreed_for(contract, period, balances or {})
    edges = set(_edges(agreed.instruments))
    segments = _joined(
        (
            Segment(piece, charged.charges(piece.starts_at, period.starts_at))
            for piece in period.cut([*_cuts(versions, metrics), *edges])
        ),
        edges,
    )
    return Terms(
        contract.key, contract.currency, zone, period, segments, agreed.discounts, agreed.fees,
        minimums=agreed.minimums, maximums=agreed.maximums, instruments=agreed.instruments, served=agreed.served,
        full_period=agreed.full_period,
    )  # fmt: skip


def _in_force(contract: Contract, period: Period, zone: str) -> list[tuple[datetime, CardVersion]]:
    """List the versions that price a part of the period, each with the instant from which it does."""
    known = approved_versions(contract.rate_card_id)
    line = sorted(((each.starts_at(zone), each.number), each) for each in known)
    followed = [(start, version) for (start, _), version in line]
    if contract.pinned_version_id is not None:
        followed = _pinned(contract, followed, zone)
    return [
        (start, version)
        for (start, version), end in zip(followed, [*(s for s, _ in followed[1:]), None], strict=True)
        if Period(start, end).overlap(period) is not None
    ]


def _pinned(
    contract: Contract, followed: list[tuple[datetime, CardVersion]], zone: str
) -> list[tuple[datetime, CardVersion]]:
    """Let the pinned version stand from the contract's start; the card takes over where the pin ends."""
    pinned = next(version for _, version in followed if version.pk == contract.pinned_version_id)
    first = (local_midnight(contract.start_date, zone), pinned)
    if contract.pinned_until is None:
        return [first]
    until = local_midnight(contract.pinned_until, zone)
    later = [(start, version) for start, version in followed if start > until]
    then = [version for start, version in followed if start <= until]
    return [first, *([(until, then[-1])] if then else []), *later]


def _metrics(charges: Iterable[StoredCharge]) -> list[DatedMetric]:
    return dated_metrics(Q(metric__in={charge.metric_id for charge in charges}))


def _cuts(versions: Sequence[tuple[datetime, CardVersion]], metrics: Sequence[DatedMetric]) -> Iterable[datetime]:
    yield from (start for start, _ in versions)
    yield from (dated.period.starts_at for dated in metrics)


def _edges(instruments: Iterable[Instrument]) -> Iterable[datetime]:
    """List where what may cover a line changes."""
    for each in instruments:
        yield each.period.starts_at
        if each.period.ends_at is not None:
            yield each.period.ends_at


def _joined(segments: Iterable[Segment], edges: Collection[datetime]) -> tuple[Segment, ...]:
    """Join neighbours with the same terms, but at edges: a cut that changes nothing is none."""
    found: list[Segment] = []
    for segment in segments:
        if found and found[-1].charges == segment.charges and segment.period.starts_at not in edges:
            whole = Period(found[-1].period.starts_at, segment.period.ends_at)
            found[-1] = Segment(whole, segment.charges)
        else:
            found.append(segment)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Charged:
    """All that charges of a contract are made of, read once: versions in force in turn, meanings, products."""

    contract: Contract
    versions: Sequence[tuple[datetime, CardVersion]]
    stored: dict[int, tuple[StoredCharge, ...]]
    metrics: Sequence[DatedMetric]
    products: dict[int, Product]

    def version_at(self, at: datetime) -> CardVersion | None:
        """Find the version that prices an instant."""
        return next((each for start, each in reversed(self.versions) if start <= at), None)

    def charges(self, at: datetime, first: datetime) -> tuple[Charge, ...]:
        """Make the charges of an instant in a period that starts ``first``."""
        version = self.version_at(at)
        if version is None:
            return ()
        meaning = {dated.metric_id: dated.terms for dated in self.metrics if at in dated.period}
        found = []
        for charge in self.stored[version.pk]:
            if charge.metric_id in meaning:
                source = self._waiting(charge, version, meaning[charge.metric_id], first)
                if source[0].rows:
                    found.append(self._charge(*source, meaning[charge.metric_id]))
        return tuple(found)

    def _waiting(
        self, charge: StoredCharge, version: CardVersion, metric: MetricTerms, first: datetime
    ) -> tuple[StoredCharge, CardVersion]:
        """Give the prices that stood when the period began, where new ones wait for the next; there may be none."""
        earlier = self.version_at(first)
        if earlier is None or earlier.pk == version.pk or not charge.terms.waits(metric):
            return charge, version
        key = (charge.product_id, charge.metric_id)
        stood = (each for each in self.stored[earlier.pk] if (each.product_id, each.metric_id) == key and each.rows)
        before = next(stood, None)
        return (before, earlier) if before is not None else (charge, version)

    def _charge(self, stored: StoredCharge, version: CardVersion, metric: MetricTerms) -> Charge:
        product, currency = self.products[stored.product_id], self.contract.currency
        plainly = Charge(
            product=product.key,
            name=product.name,
            tax_category=product.tax_category,
            metric=metric,
            currency=currency,
            prices=prices_of(stored, metric.order, version, currency),
            tags=frozenset(product.tags),
        )
        return charge_of(plainly, stored.terms)
