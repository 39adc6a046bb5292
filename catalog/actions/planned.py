"""A contract in force without a decision of its own: it says just what an approved plan version packs.

The approval of the plan version is the approval of each unchanged contract that is made from it. The contract stands on
the version's change request, and the database compares the two once more before it lets the contract be approved.
"""

from datetime import datetime

from django.db import transaction

from catalog.actions import governed
from catalog.actions.contracts import DRAFT, errors, guard_account
from catalog.models import Contract
from catalog.queries.content import content_digest
from catalog.rules.versions import VersionStatus
from monetization.foundation.actions import outbox, rows
from monetization.foundation.models import User
from monetization.values.errors import Invalid, refuse_if


@transaction.atomic
def agree_as_planned(*, contract: Contract, by: User, at: datetime) -> Contract:
    """Put a draft in force on the strength of its plan version's approval. Raises Conflict where days are taken."""
    rows.allow(by, DRAFT)
    contract = governed.lock_draft(contract)
    guard_account(by, contract.account)
    version = contract.plan_version
    if version is None or version.request is None:
        raise Invalid("It is made from no approved plan", field="plan", fix="Submit it for approval")
    refuse_if(errors(contract, at))
    contract.request, contract.content_digest = version.request, content_digest(contract)
    reason = f"The approval of {version} stands for it: nothing was negotiated"
    governed.move(contract, VersionStatus.SUBMITTED, by=by, at=at, reason=reason)
    governed.move(contract, VersionStatus.APPROVED, by=by, at=at, reason=reason)
    outbox.publish(
        environment=contract.environment, topic="contract.approved", subject=contract,
        payload={"name": str(contract), "request": version.request.pk, "digest": bytes(contract.content_digest)}, at=at,
    )  # fmt: skip
    return contract
