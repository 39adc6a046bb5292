"""A contract's own prices and multipliers, from its rows to the rules: two queries, however many contracts.

Those of an approved contract never change, so a process remembers them (by content digest, as rate cards are).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Q

from catalog.models import Amendment, Contract, PriceMultiplier, PriceOverride
from catalog.queries.amended import Amended
from catalog.queries.cards import OF_TIER, tariff_from_row
from catalog.queries.memory import recall
from catalog.rules.agreed import Scope
from catalog.rules.overrides import Combine, Multiplier, Override, OwnPrices
from catalog.rules.terms import Level, Source, Tier
from catalog.rules.written import FEES
from monetization.values.periods import Period, service_period

NONE = OwnPrices()
KEPT = 50_000
Key = tuple[int, bytes, str]
OF_ROW = (
    "contract_id", "pk", "key", "product__key", "match", "start_date", "end_date", "amendment_id", "model",
    "unit_price", "packages", "retroactive", *FEES,
)  # fmt: skip
OF_FACTOR = (
    "contract_id",
    "pk",
    "key",
    "factor",
    "priority",
    "tags",
    "match",
    "start_date",
    "end_date",
    "amendment_id",
)
_known: dict[Key, OwnPrices] = {}


def own_prices(contract: Contract, known: Amended | None = None) -> OwnPrices:
    """Give what a contract makes of its price list; a contract that isn't kept yet has nothing.

    ``known``: the contract with the amendments that count; None: without any.
    """
    if known is not None and known.amendments:
        return _read([contract], known)[contract.pk]
    return own_prices_of([contract])[contract.pk] if contract.pk is not None else NONE


def own_prices_of(contracts: Sequence[Contract]) -> dict[int, OwnPrices]:
    """Give what contracts make of their price lists, by contract id."""
    frozen = {_key(each): each for each in contracts if each.status == "APPROVED"}

    def read(missing: Sequence[Key]) -> dict[Key, OwnPrices]:
        found = _read([frozen[key] for key in missing])
        return {key: found[frozen[key].pk] for key in missing}

    found = {key[0]: own for key, own in recall(_known, list(frozen), read, KEPT).items()}
    return found | _read([each for each in contracts if each.pk not in found])


def source_of(contract: Contract, agreed: Contract | Amendment | None = None) -> Source:
    """Say where a price stands that is agreed in the contract, or by an amendment: no version, the contract's id."""
    by = agreed or contract
    approval = f"foundation.change_request:{by.request_id}" if by.request_id else ""
    return Source(contract.key, 0, contract.pk, f"foundation.user:{by.created_by_id}", approval)


def _standing(amended: Amended | None) -> Q:
    """Ask for what the contract agreed itself, and what amendments that count did."""
    if amended is None:
        return Q(amendment=None)
    return Q(amendment=None) | Q(amendment__in=[each.pk for each in amended.amendments])


def _key(contract: Contract) -> Key:
    return contract.pk, bytes(contract.content_digest or b""), contract.account.time_zone


def _read(contracts: Sequence[Contract], amended: Amended | None = None) -> dict[int, OwnPrices]:
    if not contracts:
        return {}
    known = {each.pk: each for each in contracts}
    overrides = _by_contract(_overrides(known, amended))
    multipliers = _by_contract(_multipliers(known, amended))
    return {
        pk: OwnPrices(overrides.get(pk, ()), multipliers.get(pk, ()), Combine(contract.combine_multipliers))
        if pk in overrides or pk in multipliers
        else NONE
        for pk, contract in known.items()
    }


def _by_contract(pairs: Iterable[tuple[int, Any]]) -> dict[int, tuple[Any, ...]]:
    return {pk: tuple(each for _, each in found) for pk, found in groupby(pairs, itemgetter(0))}


def _overrides(contracts: dict[int, Contract], amended: Amended | None) -> Iterable[tuple[int, Override]]:
    rows = PriceOverride.objects.filter(_standing(amended), contract__in=contracts).order_by(
        "contract_id", "pk", "tiers__position"
    )
    joined: Iterable[Any] = rows.values_list(*OF_ROW, *(f"tiers__{name}" for name in OF_TIER), "tiers__pk")
    for (pk, row), steps in groupby(joined, itemgetter(0, 1)):
        found = _override(contracts[pk], row, list(steps), amended)
        if found is not None:
            yield pk, found


def _override(contract: Contract, row: int, steps: list[Any], amended: Amended | None) -> Override | None:
    """Make an override from its join with its tiers."""
    _, _, key, product, match, start, end, by, *numbers = steps[0][: len(OF_ROW)]
    days = _days(contract, "override", key, _first(by, start, amended), end, amended)
    if days is None:
        return None
    tiers = tuple(Tier(*step[len(OF_ROW) : -1]) for step in steps if step[-1] is not None)
    tariff = tariff_from_row(tiers, *numbers)
    price = tariff.price(
        row, key, tuple(sorted(match.items())), source_of(contract, _agreeing(by, amended)), Level.CONTRACT
    )
    return Override(key, product, price, days)


def _agreeing(by: int | None, amended: Amended | None) -> Amendment | None:
    return next((each for each in amended.amendments if each.pk == by), None) if amended is not None else None


def _multipliers(contracts: dict[int, Contract], amended: Amended | None) -> Iterable[tuple[int, Multiplier]]:
    rows = PriceMultiplier.objects.filter(_standing(amended), contract__in=contracts).order_by("contract_id", "pk")
    joined: Iterable[Any] = rows.values_list(*OF_FACTOR, "products__key")
    for (pk, _), found in groupby(joined, itemgetter(0, 1)):
        each = list(found)
        _, _, key, factor, priority, tags, match, start, end, by, _ = each[0]
        products = frozenset(row[-1] for row in each if row[-1] is not None)
        scope = Scope(products=products, tags=frozenset(tags), dimensions=tuple(sorted(match.items())))
        days = _days(contracts[pk], "multiplier", key, _first(by, start, amended), end, amended)
        if days is not None:
            yield pk, Multiplier(key, factor, days, scope, priority)


def _first(by: int | None, start: date, amended: Amended | None) -> date:
    return amended.first_of(by, start) if amended is not None else start


def _days(
    contract: Contract, part: str, key: str, start: date, end: date | None, amended: Amended | None
) -> Period | None:
    """Give the days of a part, which an amendment may have ended; None where none is left."""
    lasts = [end, amended.ends_on(part, key) if amended is not None else None]
    last = min((day for day in lasts if day is not None), default=None)
    return service_period(start, last, contract.account.time_zone) if last is None or last >= start else None
