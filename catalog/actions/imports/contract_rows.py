"""A row of a file as a contract: what it names is looked up, what it leaves out is standard, or as the draft has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from catalog.actions import contracts, governed
from catalog.actions.imports.contract_places import Places
from catalog.models import Contract
from catalog.rules.files.constraint_words import in_words
from catalog.rules.files.faults import Fault
from catalog.rules.files.records import Record
from monetization.foundation.actions import rows
from monetization.foundation.models import User
from monetization.values.errors import DomainError, Invalid

NAMED: Mapping[str, str] = {"account": "accounts", "legal_entity": "entities", "rate_card": "cards"}
APART = ("key", "customer", "pinned_version", *NAMED)


@dataclass(frozen=True, slots=True)
class ContractRow:
    """A row that can be read: the contract as it would be (not saved), as it is now (None: new), and what is said."""

    record: Record
    contract: Contract
    now: Contract | None
    said: Mapping[str, Any]


def row_of(record: Record, places: Places, by: User, at: datetime, faults: list[Fault]) -> ContractRow | None:
    """Make a contract of a row; None, with its faults, where it names what isn't there."""
    found = list(_unknown(record, places))
    if found:
        faults += found
        return None
    said = {name: value for name, value in record.values.items() if name not in APART}
    said |= {name: getattr(places, where)[record.values[name]] for name, where in NAMED.items()}
    if "pinned_version" in record.values:
        said["pinned_version"] = places.versions[said["rate_card"].pk, record.values["pinned_version"]]
    now = places.contracts.get(record.values["key"])
    contract = _as_said(record.values["key"], said, now, by, at)
    return ContractRow(record, contract, now, said)


def errors_of(row: ContractRow) -> Iterator[Fault]:
    """Say what is wrong with a contract by itself."""
    found = refusals(rows.check_alone, row.contract)
    named = {each.field for each in found}
    found += [each for each in contracts.field_errors(row.contract) if each.field not in named]
    yield from (row.record.fault(each.field or "", each) for each in found)


def refusals(check: Callable[[Any], None], row: Any) -> list[DomainError]:
    """Give what a check raises."""
    try:
        check(row)
    except DomainError as error:
        return [in_words(each) for each in error.errors]
    return []


def _as_said(key: str, said: Mapping[str, Any], now: Contract | None, by: User, at: datetime) -> Contract:
    account = said["account"]
    contract = Contract(environment=account.environment, key=key, name=key)
    if now is not None:
        for name in ("pk", "status", "request", *contracts.EDITABLE):
            setattr(contract, name, getattr(now, name))
    for name, value in said.items():
        setattr(contract, name, value)
    governed.begin(contract, by=by, at=at)
    return contract


def _unknown(record: Record, places: Places) -> Iterator[Fault]:
    said = record.values
    if said["key"] in places.taken:
        yield record.fault("key", Invalid(f"“{said['key']}” is taken", fix="Choose another key"))
    for name, where in NAMED.items():
        if said[name] not in getattr(places, where):
            words = f"There is no {name.replace('_', ' ')} “{said[name]}”"
            yield record.fault(name, Invalid(words, fix="Write its key"))
    yield from _of_others(record, places)


def _of_others(record: Record, places: Places) -> Iterator[Fault]:
    """Refuse an account of another customer, an account that changes, and a version that the card doesn't have."""
    said = record.values
    account, card = places.accounts.get(said["account"]), places.cards.get(said["rate_card"])
    now = places.contracts.get(said["key"])
    if account is not None and said.get("customer", account.customer.key) != account.customer.key:
        wrong = Invalid(f"{account} belongs to another customer", fix="Write the key of its customer, or nothing")
        yield record.fault("customer", wrong)
    if now is not None and now.account.key != said["account"]:
        wrong = Invalid(f"{now} is with another account", fix="Choose another key for a new contract")
        yield record.fault("account", wrong)
    number = said.get("pinned_version")
    if card is not None and number is not None and (card.pk, number) not in places.versions:
        yield record.fault("pinned_version", Invalid(f"{card} has no version {number}", fix="Write its number"))


def days_overlap(one: Contract, start: date, end: date | None) -> bool:
    """Say whether a contract shares a day with a span; None is open."""
    ends_before = one.end_date is not None and one.end_date < start
    begins_after = end is not None and one.start_date > end
    return not ends_before and not begins_after
