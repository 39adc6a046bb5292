"""Make amendments by the product's own actions: chen drafts and submits, rosa approves."""

from datetime import date, datetime
from typing import Any

from catalog.actions import amendments
from catalog.models import Amendment, Contract
from monetization.foundation.models import ChangeRequest
from tests import deals
from tests.make import AT, World


def draft(world: World, contract: Contract, day: date, *, at: datetime = AT, **said: Any) -> Amendment:
    """Draft an amendment that takes effect on a day."""
    given: dict[str, Any] = {"kind": "CHANGE", "reason": "Agreed"} | said
    return amendments.draft(contract=contract, effective_date=day, by=world.chen, at=at, **given)


def submitted(world: World, amendment: Amendment, *, at: datetime = AT) -> ChangeRequest:
    """Ask for decisions about it."""
    return amendments.submit(amendment=amendment, reason="Signed", by=world.chen, at=at)


def amended(world: World, contract: Contract, day: date, *, at: datetime = AT, **said: Any) -> Amendment:
    """Amend a contract: drafted, submitted and approved."""
    amendment = draft(world, contract, day, at=at, **said)
    deals.approve(submitted(world, amendment, at=at), world.rosa, at=at)
    amendment.refresh_from_db()
    contract.refresh_from_db()
    return amendment
