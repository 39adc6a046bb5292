"""A file of contracts and their parts: compared with the drafts that there are, and drafted by the ordinary actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.actions import contracts
from catalog.actions.contracts import DRAFT
from catalog.actions.imports import contract_parts, contract_rows
from catalog.actions.imports.contract_lines import line_of_part, lines_of
from catalog.actions.imports.contract_parts import PartRow
from catalog.actions.imports.contract_places import Places, places_of
from catalog.actions.imports.contract_rows import ContractRow
from catalog.actions.imports.looked import Looked, Looking
from catalog.models import Contract, Import
from catalog.rules.files.contract_columns import CONTRACTS
from catalog.rules.files.faults import Fault
from catalog.rules.files.own_prices import merged
from catalog.rules.files.previews import Line, Preview
from catalog.rules.files.records import Record
from monetization.foundation.actions import rows
from monetization.foundation.models import User
from monetization.values.errors import DomainError, Invalid

STEP = 100  # rows after which progress is told


@dataclass
class Found:
    """What a file comes to: rows that were understood, lines, faults; `prices` remembers what was asked of cards."""

    places: Places
    looking: Looking
    rows: dict[str, ContractRow] = field(default_factory=dict)
    parts: dict[tuple[str, str, str], PartRow] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    prices: dict[tuple[Any, ...], list[DomainError]] = field(default_factory=dict)
    days: dict[int, list[Contract]] = field(default_factory=dict)


def guard(imported: Import, by: User) -> None:
    """Refuse who may not draft contracts. Raises NotAllowed."""
    rows.allow(by, DRAFT)


def lock(imported: Import) -> None:
    """Nothing needs to be held: each draft is locked as it is edited, and new keys can be taken once only."""


def look(looking: Looking, records: Sequence[Record]) -> Looked:
    """Check a file's contracts and parts, and lay them beside the drafts of the same keys."""
    records, wrong = merged(records)
    found = Found(places_of(looking.imported.environment, records, looking.by), looking, faults=wrong)
    own = [record for record in records if record.table == CONTRACTS.name]
    named = {each.values.get("key") for each in own}
    whole = [record for record in own if record.is_whole]
    parts = [record for record in records if record.table != CONTRACTS.name and record.is_whole]
    for index, record in enumerate([*whole, *parts]):
        (_contract if index < len(whole) else _part)(record, found, named)
        if index % STEP == 0:
            looking.progress(index, len(records))
    return Looked(Preview(tuple(found.lines), tuple(found.faults)), found)


def _contract(record: Record, found: Found, named: set[Any]) -> None:
    if record.values["key"] in found.rows:
        first = found.rows[record.values["key"]].record
        found.faults.append(record.fault("key", Invalid(f"Row {first.row} is of the same key", fix="Take one away")))
        return
    row = contract_rows.row_of(record, found.places, found.looking.by, found.looking.at, found.faults)
    if row is None:
        return
    found.rows[record.values["key"]] = row
    lines = lines_of(row)
    found.lines += lines
    found.faults += _refused(row, lines, found)


def _refused(row: ContractRow, lines: Sequence[Line], found: Found) -> list[Fault]:
    """Say why a contract can't be drafted, or why it could never be approved beside the others."""
    if row.now is not None and not row.now.is_draft:
        changed = [line for line in lines if line.what]
        fix = "Empty the row, or amend the contract"
        wrong = Invalid(f"{row.now} is {row.now.get_status_display().lower()}: a file can't change it", fix=fix)
        return [row.record.fault(line.what, wrong) for line in changed]
    faults = list(contract_rows.errors_of(row))
    if faults:
        return faults
    return [*_overlaps(row, found), *_unpriced(row, found)]


def _overlaps(row: ContractRow, found: Found) -> list[Fault]:
    contract = row.contract
    mine = found.days.setdefault(contract.account_id, [])
    others = [*found.places.served.get(contract.account_id, ()), *mine]
    mine.append(contract)
    for other in others:
        if other.key != contract.key and contract_rows.days_overlap(other, contract.start_date, contract.end_date):
            fix = "Choose days that no other contract of the account covers"
            return [row.record.fault("start_date", Invalid(f"{other} covers some of these days", fix=fix))]
    return []


def _unpriced(row: ContractRow, found: Found) -> list[Fault]:
    contract = row.contract
    asked = (contract.rate_card_id, contract.pinned_version_id, contract.currency)
    if asked not in found.prices:
        found.prices[asked] = contracts.price_errors(contract.rate_card, contract.pinned_version, contract.currency)
    return [row.record.fault(each.field or "", each) for each in found.prices[asked]]


def _part(record: Record, found: Found, named: set[Any]) -> None:
    key = record.values["contract"]
    place = (record.table, key, record.values["key"])
    known = found.rows.get(key)
    contract = known.contract if known is not None else found.places.contracts.get(key)
    if contract is None:
        if key not in named:  # else its own row says what is wrong
            wrong = Invalid(f"There is no contract “{key}”", fix="Name one of this file, or a draft")
            found.faults.append(record.fault("contract", wrong))
        return
    if place in found.parts:
        first = found.parts[place].record
        found.faults.append(record.fault("key", Invalid(f"Row {first.row} is of the same key", fix="Take one away")))
        return
    row = found.parts[place] = contract_parts.part_of(record, contract, found.places)
    line = line_of_part(row)
    found.lines += line
    if not contract.is_draft and any(each.change.value != "UNCHANGED" for each in line):
        wrong = Invalid(f"{contract} is not a draft: a file can't change it", fix="Amend the contract")
        found.faults.append(record.fault("contract", wrong))
        return
    found.faults += contract_parts.errors_of(row, found.places, found.looking.at)
    if record.table == "commits":
        found.places.drawn.setdefault((contract.account_id, record.values["key"]), contract.pk or -len(found.parts))
