"""What terms are made of, read once for many contracts: their parts, and what they share.

Contracts come as copies with their parts fetched, so what a shelf was given stays as it was, and nobody else's rows
change. A shelf lives as long as one piece of work: it is never asked again for what may have changed since.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from copy import copy
from datetime import UTC, datetime
from typing import TypeVar

from django.db.models import Q, prefetch_related_objects

from catalog.models import Amendment, Contract, Instrument, Product, RecurringGrant
from catalog.queries.amended import Amended
from catalog.queries.cards import CardVersion, approved_versions
from catalog.queries.metrics import DatedMetric, dated_metrics
from catalog.queries.overrides import own_prices, own_prices_of
from catalog.queries.proposed import Proposed
from catalog.rules.overrides import OwnPrices

T = TypeVar("T")
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
PARTS = (
    "bounds__products", "discounts__products", "recurring_charges__product", "recurring_charges__changes",
    "one_time_charges__product", "composites__product", "composites__products",
    "allowances__product", "allowances__per__changes", "amendments__ends",
)  # fmt: skip
POINTED = ("contract", "commit", "recurring", "rolled_from__contract")
BEHIND = (
    "products", "commit__products", "commit__purchases", "commit__prices__product", "recurring__products",
    "rolled_into__contract",
)  # fmt: skip


class Shelf:
    """The rows of some contracts, and of what they point at; each kind is read when it is first asked for.

    ``proposed``: what stands as if it were approved and had always held.
    """

    def __init__(self, contracts: Iterable[Contract] = (), proposed: Proposed | None = None) -> None:
        self._proposed = proposed or Proposed()
        self._all = {each.pk: each for each in contracts}
        self._contracts: dict[int, Contract] = {}
        self._instruments: dict[int, list[Instrument]] = {}
        self._grants: dict[int, list[RecurringGrant]] = {}
        self._own: dict[int, OwnPrices] = {}
        self._known: dict[Hashable, object] = {}

    def contract(self, contract: Contract) -> Contract:
        """Give a contract with its parts."""
        if contract.pk not in self._contracts:
            self._contracts |= _with_parts(self._missing(contract, self._contracts))
        return self._contracts[contract.pk]

    def instruments(self, contract: Contract) -> list[Instrument]:
        """List the commits and credits agreed in a contract, and those granted to its account in its currency."""
        if contract.pk not in self._instruments:
            self._instruments |= _instruments(self._missing(contract, self._instruments))
        return self._instruments[contract.pk]

    def grants(self, contract: Contract) -> list[RecurringGrant]:
        """List the recurring grants of a contract."""
        if contract.pk not in self._grants:
            self._grants |= _grants(self._missing(contract, self._grants))
        return self._grants[contract.pk]

    def own_prices(self, contract: Contract, known: Amended) -> OwnPrices:
        """Give what a contract makes of its price list, with the amendments that count."""
        if known.amendments:
            key = ("own", contract.pk, *(each.pk for each in known.amendments))
            return self.once(key, lambda: own_prices(contract, known))
        if contract.pk not in self._own:
            self._own |= own_prices_of(self._missing(contract, self._own))
        return self._own[contract.pk]

    def always(self, contract: Contract) -> Amendment | None:
        """Give the proposed amendment of a contract, which counts as if it had always held."""
        return self._proposed.amendments.get(contract.pk)

    def _missing(self, contract: Contract, known: Mapping[int, object]) -> list[Contract]:
        self._all.setdefault(contract.pk, contract)
        return [each for pk, each in self._all.items() if pk not in known]

    def before(self, contract: Contract) -> list[Contract]:
        """List the approved contracts that an account had before one, with their parts, the earliest first."""
        accounts = frozenset(each.account_id for each in self._all.values())
        rows = self.once(("accounts", accounts), lambda: _approved_of(accounts))
        for each in rows:
            self._all.setdefault(each.pk, each)
        mine = (each for each in rows if each.account_id == contract.account_id and each.pk != contract.pk)
        return [self.contract(each) for each in mine if each.start_date < contract.start_date]

    def versions(self, rate_card_id: int) -> list[CardVersion]:
        """List a card's approved versions."""
        return self.once(("versions", rate_card_id), lambda: approved_versions(rate_card_id))

    def followed(self, rate_card_id: int, zone: str) -> list[tuple[datetime, CardVersion]]:
        """List the versions that follow one another on a card, each with the instant from which it does in a zone."""
        proposed = self._proposed.versions.get(rate_card_id)
        if proposed is not None:
            return [(ALWAYS, proposed)]
        line = sorted(((each.starts_at(zone), each.number), each) for each in self.versions(rate_card_id))
        return [(start, version) for (start, _), version in line]

    def metrics(self, ids: frozenset[int]) -> list[DatedMetric]:
        """List the approved versions of metrics."""
        return self.once(("metrics", ids), lambda: dated_metrics(Q(metric__in=ids)))

    def products(self, ids: frozenset[int]) -> dict[int, Product]:
        """Map ids to products."""
        return self.once(("products", ids), lambda: Product.objects.in_bulk(ids))

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give what was made under a key before, or make it."""
        if key not in self._known:
            self._known[key] = make()
        found: T = self._known[key]  # type: ignore[assignment]
        return found


def _approved_of(accounts: Collection[int]) -> list[Contract]:
    rows = Contract.objects.filter(account__in=accounts, status="APPROVED").select_related("account")
    return list(rows.order_by("start_date", "pk"))


def _with_parts(contracts: list[Contract]) -> dict[int, Contract]:
    """Copy contracts and read their parts, in one query a table."""
    found = {each.pk: copy(each) for each in contracts}
    for each in found.values():
        each.__dict__["_prefetched_objects_cache"] = {}
    prefetch_related_objects(list(found.values()), *PARTS)
    return found


def _instruments(contracts: list[Contract]) -> dict[int, list[Instrument]]:
    """Read the commits and credits of contracts, in two queries; those of commits need some more."""
    granted = Q(account__in={each.account_id for each in contracts}, grant__status="APPROVED")
    rows = Instrument.objects.filter(Q(contract__in=[each.pk for each in contracts]) | granted)
    found = list(rows.select_related(*POINTED).prefetch_related(*BEHIND).order_by("pk"))
    return {each.pk: [row for row in found if _serves(row, each)] for each in contracts}


def _grants(contracts: list[Contract]) -> dict[int, list[RecurringGrant]]:
    """Read the recurring grants of contracts, in one query; those that there are need another."""
    found: dict[int, list[RecurringGrant]] = {each.pk: [] for each in contracts}
    for row in RecurringGrant.objects.filter(contract__in=found).prefetch_related("products").order_by("pk"):
        found[row.contract_id].append(row)
    return found


def _serves(row: Instrument, contract: Contract) -> bool:
    if row.contract_id is not None:
        return row.contract_id == contract.pk
    return (row.account_id, row.currency) == (contract.account_id, contract.currency)
