"""Carry out a file of contracts: each new one is drafted, each changed draft edited, each part added or replaced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from catalog.actions import agreed, contracts
from catalog.actions.imports.contract_parts import ADDED, PartRow
from catalog.actions.imports.contract_rows import ContractRow
from catalog.actions.imports.contracts import Found
from catalog.actions.imports.looked import Looked, Looking
from catalog.models import Contract
from catalog.queries.contract_cells import cells_of, contract_values
from catalog.rules.files.records import Record
from monetization.values.errors import DomainError, refuse_if


def carry_out(looking: Looking, looked: Looked, reason: str) -> None:
    """Draft everything; with a reason ask for the approval of each contract that was touched."""
    found: Found = looked.plan
    by: dict[str, Any] = {"by": looking.by, "at": looking.at}
    touched: dict[str, Contract] = {}
    records = {key: row.record for key, row in found.rows.items()}
    for key, row in found.rows.items():
        with _at(row.record):
            made = _drafted(row, by)
        if made is not None:
            touched[key] = made
    for part in found.parts.values():
        if part.now is None or cells_of(dict(part.now)) != cells_of(dict(part.values)):
            key = part.contract.key
            contract = touched.get(key) or found.places.contracts[key]
            with _at(part.record):
                _put(part, contract, found, by)
            touched.setdefault(key, contract)
            records.setdefault(key, part.record)
    for key, contract in touched.items() if reason else ():
        with _at(records[key]):
            contracts.submit(contract=contract, reason=reason, **by)


def _drafted(row: ContractRow, by: dict[str, Any]) -> Contract | None:
    if row.now is None:
        said = {"name": row.contract.name} | dict(row.said)
        return contracts.draft(key=row.contract.key, **said, **by)
    if contract_values(row.now) == contract_values(row.contract):
        return None
    changes = {name: value for name, value in row.said.items() if name != "account"}
    return contracts.edit(contract=row.now, **changes, **by)


def _put(part: PartRow, contract: Contract, found: Found, by: dict[str, Any]) -> None:
    noun, add = ADDED[part.record.table]
    if part.now is not None:
        agreed.remove(contract=contract, part=noun, key=part.values["key"], **by)
    add(contract=contract, **part.said(found.places), **by)


@contextmanager
def _at(record: Record) -> Iterator[None]:
    """Lay what an action refuses at the row that asked for it."""
    try:
        yield
    except DomainError as error:
        refuse_if(record.fault(each.field or "", each).error for each in error.errors)
