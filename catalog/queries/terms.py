"""The only door from price tables to frozen terms.

A segment is a stretch of the period in which neither the card version nor a metric version changes
for the contract: a pinned contract isn't cut by versions that it doesn't follow. Before a card's first
version nothing is priced, so usage there stays unpriced and visible.

What is agreed beside the card (fees, discounts, minimums, commits …) comes from `catalog.queries.agreed`.

A fixed number of queries, however many rows the card has; fewer when the card is in memory, and for many contracts
no more than for one where they share a shelf.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from catalog.models import Amendment, Contract, Product
from catalog.queries.agreed import Agreed, agreed_for, span_of
from catalog.queries.agreed_allowances import Allowed
from catalog.queries.amended import Amended, amended
from catalog.queries.cards import (
    CardVersion,
    StoredCharge,
    prices_of,
    stored_charges,
)
from catalog.queries.earlier import earlier_to
from catalog.queries.metrics import DatedMetric
from catalog.queries.overrides import NONE
from catalog.queries.shelf import Shelf
from catalog.rules.cards import charge_of
from catalog.rules.dated import windows
from catalog.rules.overrides import OwnPrices
from catalog.rules.settings import Settings
from catalog.rules.terms import Charge, MetricTerms, Segment, Terms
from monetization.values.periods import Period, local_midnight


def terms_for(
    *,
    contract: Contract,
    period: Period,
    balances: Mapping[str, Decimal] | None = None,
    shelf: Shelf | None = None,
    also: Amendment | None = None,
) -> Terms:
    """Give all that is agreed in one contract for one billing period, as frozen values.

    ``balances``: what can be drawn of commits and credits, by key; whole amounts where they aren't named. ``shelf``:
    where rows are taken from that were read for several contracts at once. ``also``: an amendment that isn't approved
    yet, to see what it would do.
    """
    shelf, zone = shelf or Shelf(), contract.account.time_zone
    contract = shelf.contract(contract)
    known = amended(contract, also, shelf.always(contract))
    span = span_of(known, period)
    known = known.known(span.until)
    agreed = agreed_for(known, span, period, balances or {}, shelf)
    charged = charged_in(known, period, shelf, agreed.allowed)
    edges = set(_edges(agreed))
    segments = _joined(
        (
            Segment(piece, charged.charges(piece.starts_at, period.starts_at))
            for piece in period.cut([*charged.cuts, *edges])
        ),
        edges,
    )
    return Terms(
        contract.key, contract.currency, zone, period, segments, agreed.discounts, agreed.fees,
        minimums=agreed.minimums, maximums=agreed.maximums, instruments=agreed.instruments, served=agreed.served,
        composites=agreed.composites, full_period=agreed.full_period,
        earlier=earlier_to(known, period, segments, shelf, charged_in),
    )  # fmt: skip


def charged_in(known: Amended, period: Period, shelf: Shelf, allowed: Mapping[str, Allowed]) -> "Charged":
    """Read what the charges of a contract of the shelf, as amended, are made of in a time."""
    contract = known.contract
    versions = _in_force(known, period, contract.account.time_zone, shelf)
    stored = _stored(contract, versions, shelf)
    charges = [charge for each in stored.values() for charge in each]
    metrics = shelf.metrics(frozenset(charge.metric_id for charge in charges))
    products = shelf.products(frozenset(charge.product_id for charge in charges))
    own = shelf.own_prices(contract, known)
    return Charged(contract, versions, stored, metrics, products, own, allowed, shelf=shelf)


def version_for(contract: Contract, at: datetime) -> CardVersion | None:
    """Find the version that prices a contract at an instant; before the first one the newest that is approved."""
    known, shelf = amended(contract), Shelf()
    period = Period(at, at + timedelta(microseconds=1))
    found = _in_force(known, period, contract.account.time_zone, shelf)
    return found[-1][1] if found else next(iter(shelf.versions(known.settings().rate_card_id)[::-1]), None)


def versions_in(contract: Contract, period: Period) -> list[tuple[datetime, CardVersion]]:
    """List the versions that price a contract in a period, each with the instant from which it does."""
    return _in_force(amended(contract), period, contract.account.time_zone, Shelf())


def _stored(
    contract: Contract, versions: Sequence[tuple[datetime, CardVersion]], shelf: Shelf
) -> dict[int, tuple[StoredCharge, ...]]:
    keys = tuple(sorted({(version.pk, version.digest) for _, version in versions}))
    currency = contract.currency
    return shelf.once(("charges", keys, currency), lambda: stored_charges(keys, currency))


def _in_force(known: Amended, period: Period, zone: str, shelf: Shelf) -> list[tuple[datetime, CardVersion]]:
    """List the versions that price a part of the period, each with the instant from which it does."""
    stretches = known.stretches()
    starts = [local_midnight(day, zone) for day, _ in stretches]
    found: list[tuple[datetime, CardVersion]] = []
    for (_, settings), first, until in zip(stretches, starts, [*starts[1:], None], strict=True):
        within = Period(first, until).overlap(period)
        if within is not None:
            found += _followed(settings, shelf, first, within, zone)
    return found


def _followed(
    settings: Settings, shelf: Shelf, since: datetime, within: Period, zone: str
) -> Iterable[tuple[datetime, CardVersion]]:
    """Yield the versions that price a part of a stretch of a period, whose settings stand since an instant."""
    followed = shelf.followed(settings.rate_card_id, zone)
    if settings.pinned_version_id is not None:
        pinned = next(each for each in shelf.versions(settings.rate_card_id) if each.pk == settings.pinned_version_id)
        followed = _pinned(settings, pinned, since, followed, zone)
    for (start, version), end in zip(followed, [*(s for s, _ in followed[1:]), None], strict=True):
        stands = Period(start, end).overlap(within)
        if stands is not None:
            yield (stands.starts_at, version)


def _pinned(
    settings: Settings, pinned: CardVersion, since: datetime, followed: list[tuple[datetime, CardVersion]], zone: str
) -> list[tuple[datetime, CardVersion]]:
    """Let the pinned version stand from where it was pinned; the card takes over where the pin ends."""
    first = (since, pinned)
    if settings.pinned_until is None:
        return [first]
    until = local_midnight(settings.pinned_until, zone)
    later = [(start, version) for start, version in followed if start > until]
    then = [version for start, version in followed if start <= until]
    return [first, *([(until, then[-1])] if then else []), *later]


def _cuts(versions: Sequence[tuple[datetime, CardVersion]], metrics: Sequence[DatedMetric]) -> Iterable[datetime]:
    yield from (start for start, _ in versions)
    yield from (dated.period.starts_at for dated in metrics)


def _edges(agreed: Agreed) -> Iterable[datetime]:
    """List where what may cover a line changes, and what stands on the whole."""
    stand = windows(agreed.discounts, (*agreed.minimums, *agreed.maximums))
    for period in (*(each.period for each in agreed.instruments), *stand):
        yield period.starts_at
        if period.ends_at is not None:
            yield period.ends_at


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
    own: OwnPrices = NONE
    allowed: Mapping[str, Allowed] = field(default_factory=dict)
    made: dict[tuple[object, ...], Charge] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=Shelf)

    @property
    def cuts(self) -> Iterable[datetime]:
        """List the instants at which they may change."""
        return [*_cuts(self.versions, self.metrics), *self.own.edges]

    def version_at(self, at: datetime) -> CardVersion | None:
        """Find the version that prices an instant."""
        return next((each for start, each in reversed(self.versions) if start <= at), None)

    def charges(self, at: datetime, first: datetime) -> tuple[Charge, ...]:
        """Make the charges of an instant in a period that starts ``first``."""
        version = self.version_at(at)
        if version is None:
            return ()
        meaning = {dated.metric_id: dated.terms for dated in self.metrics if at in dated.period}
        now, before = self.own.at(at), self.own.at(first)
        found = []
        for charge in self.stored[version.pk]:
            if charge.metric_id in meaning:
                metric = meaning[charge.metric_id]
                own = before if charge.terms.waits(metric) else now
                made = self._own(own, *self._waiting(charge, version, metric, first), metric)
                found += [made] if made.prices else []
        return tuple(found)

    def _own(self, own: OwnPrices, stored: StoredCharge, version: CardVersion, metric: MetricTerms) -> Charge:
        """Make a charge with the contract's own prices; the same object each time, so that it can be indexed."""
        if not own:
            return self.charge(stored, version, metric)
        key = (stored.charge_id, metric.version_id, *own.names)
        if key not in self.made:
            self.made[key] = own.on(self.charge(stored, version, metric))
        return self.made[key]

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

    def charge(self, stored: StoredCharge, version: CardVersion, metric: MetricTerms) -> Charge:
        """Give a charge as the list has it: the very one that another contract has, where none agrees free units."""
        key = ("charge", stored.charge_id, version.pk, metric.version_id, self.contract.currency)
        listed = self.shelf.once(key, lambda: self._listed(stored, version, metric))
        allowed = self.allowed.get(listed.product, ())
        if not allowed:
            return listed
        if key not in self.made:
            self.made[key] = replace(listed, allowed=allowed)
        return self.made[key]

    def _listed(self, stored: StoredCharge, version: CardVersion, metric: MetricTerms) -> Charge:
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
        return charge_of(plainly, stored.terms, stored.rates)
