"""Everything that the rows of a file of contracts name by key, found in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.models import Contract, Instrument, Product, RateCard, RateCardVersion
from catalog.queries.contract_cells import parts_of
from catalog.rules.files.contract_columns import CONTRACTS
from catalog.rules.files.records import Record
from catalog.rules.terms import Charge
from monetization.foundation.models import Account, Environment, LegalEntity, User
from monetization.foundation.queries import accounts_for

APPROVED = "APPROVED"


@dataclass
class Places:
    """Rows by key; contracts are those that this person may see, `taken` are keys of others."""

    accounts: dict[str, Account]
    entities: dict[str, LegalEntity]
    cards: dict[str, RateCard]
    versions: dict[tuple[int, int], RateCardVersion]
    products: dict[str, Product]
    contracts: dict[str, Contract]
    taken: set[str]
    parts: dict[str, dict[tuple[str, str], Any]]
    served: dict[int, list[Contract]] = field(default_factory=dict)
    lists: dict[tuple[Any, ...], list[Charge]] = field(default_factory=dict)
    drawn: dict[tuple[int, str], int | None] = field(default_factory=dict)  # commits by (account, key): their contract


def places_of(environment: Environment, records: Sequence[Record], by: User) -> Places:
    """Find what records name."""
    seen = accounts_for(by, environment).select_related("customer", "environment")
    accounts = _by_key(seen, _named(records, "account"))
    cards = _by_key(RateCard.objects.filter(environment=environment), _named(records, "rate_card"))
    all_contracts = Contract.objects.filter(environment=environment)
    keys = {record.values[_key_column(record)] for record in records if _key_column(record) in record.values}
    found = _by_key(_related(all_contracts.filter(account__in=seen.values("pk"))), keys)
    products = _named(records, "product") | {key for record in records for key in record.values.get("products", ())}
    places = Places(
        accounts=accounts,
        entities=_by_key(LegalEntity.objects.filter(environment=environment), _named(records, "legal_entity")),
        cards=cards,
        versions={(each.rate_card_id, each.number): each for each in _versions(cards, records)},
        products=_by_key(Product.objects.filter(environment=environment), products),
        contracts=found,
        taken=set(all_contracts.filter(key__in=keys).values_list("key", flat=True)) - found.keys(),
        parts=parts_of([each.pk for each in found.values()]),
    )
    _note_others(places, all_contracts)
    return places


def _note_others(places: Places, all_contracts: Any) -> None:
    """Note what the accounts have already: approved contracts, and keys of commits and credits."""
    wanted = {*(account.pk for account in places.accounts.values()), *(c.account_id for c in places.contracts.values())}
    for each in all_contracts.filter(account__in=wanted, status=APPROVED):
        places.served.setdefault(each.account_id, []).append(each)
    drawn = Instrument.objects.filter(account__in=wanted).values_list("account_id", "key", "contract_id")
    places.drawn |= {(account, key): contract for account, key, contract in drawn}


def _key_column(record: Record) -> str:
    return "key" if record.table == CONTRACTS.name else "contract"


def _named(records: Sequence[Record], column: str) -> set[str]:
    return {record.values[column] for record in records if column in record.values}


def _by_key(rows: Any, keys: set[str]) -> dict[str, Any]:
    return {row.key: row for row in rows.filter(key__in=keys)}


def _versions(cards: dict[str, RateCard], records: Sequence[Record]) -> Any:
    numbers = _named(records, "pinned_version")
    return RateCardVersion.objects.filter(rate_card__in=[card.pk for card in cards.values()], number__in=numbers)


def _related(contracts: Any) -> Any:
    return contracts.select_related(
        "account__customer", "account__environment", "legal_entity", "rate_card", "pinned_version"
    )
