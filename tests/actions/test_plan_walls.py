"""Plan versions are governed like prices; a sign-up's contract is approved only where it says what was approved."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from catalog.actions import agreed, instruments, plans
from catalog.actions.allowances import add_allowance
from catalog.actions.plan_contracts import contract_from_plan
from catalog.actions.planned import agree_as_planned
from catalog.models import Contract, PlanVersion, Product
from catalog.queries.content import content_digest
from catalog.queries.plans import plan_changes, version_on
from monetization.foundation.models import AuditEntry
from monetization.values.errors import Conflict, DomainError, Invalid, NotAllowed, WrongState
from tests import deals, planned
from tests.make import AT, World

REFUSED = (IntegrityError, ProgrammingError)
DAY = date(2026, 10, 1)


def refused(sql: str, *values: object) -> None:
    with pytest.raises(REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def draft(world: World, version: PlanVersion, **more: object) -> Contract:
    return contract_from_plan(
        plan_version=version, account=world.acme, currency="EUR", start_date=DAY, by=world.rosa, at=AT, **more
    )


def test_makers_never_approve_a_plan_and_nobody_without_the_role(world: World) -> None:
    version = planned.draft(world, planned.plan(world))
    with pytest.raises(NotAllowed):
        plans.submit(version=version, reason="", by=world.finn, at=AT)
    request = plans.submit(version=version, reason="Launch", by=world.mia, at=AT)
    for name in ("mia", "finn", "rosa"):
        with pytest.raises(DomainError):
            deals.approve(request, getattr(world, name), at=AT)
    deals.approve(request, world.chen, at=AT)
    version.refresh_from_db()
    assert version.status == "APPROVED"
    assert bytes(version.content_digest or b"") == content_digest(version)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("content", "'{}'"), ("effective_date", "'2020-01-01'"), ("rate_card_id", "rate_card_id + 1"),
        ("legal_entity_id", "legal_entity_id + 1"), ("notes", "'x'"), ("content_digest", "'\\x00'"),
        ("status", "'DRAFT'"), ("request_id", "NULL"),
    ],
)  # fmt: skip
def test_an_approved_version_stays_as_it_is(world: World, column: str, value: str) -> None:
    version = planned.starter(world)
    refused(f"UPDATE catalog_planversion SET {column} = {value} WHERE id = %s", version.pk)
    refused("DELETE FROM catalog_planversion WHERE id = %s", version.pk)
    refused("TRUNCATE catalog_planversion CASCADE")
    with pytest.raises(WrongState):
        plans.write(version=version, content={}, by=world.mia, at=AT)
    other = planned.draft(world, version.plan)
    refused("UPDATE catalog_planversion SET status = 'APPROVED' WHERE id = %s", other.pk)


TAMPERED = {
    "a cheaper fee": "UPDATE catalog_recurringcharge SET unit_price = 1 WHERE contract_id = %(pk)s",
    "no set-up": "DELETE FROM catalog_onetimecharge WHERE contract_id = %(pk)s",
    "a later set-up": "UPDATE catalog_onetimecharge SET date = '2027-01-01' WHERE contract_id = %(pk)s",
    "more free units": "UPDATE catalog_agreedallowance SET units = 99 WHERE contract_id = %(pk)s",
    "a larger credit": "UPDATE catalog_instrument SET amount = 999 WHERE contract_id = %(pk)s",
    "a longer credit": "UPDATE catalog_instrument SET end_date = NULL WHERE contract_id = %(pk)s",
    "a discount": "UPDATE catalog_contract SET discount_percent = 50 WHERE id = %(pk)s",
    "a longer trial": "UPDATE catalog_contract SET trial_until = '2027-01-01' WHERE id = %(pk)s",
    "an end": "UPDATE catalog_contract SET end_date = '2028-01-01' WHERE id = %(pk)s",
    "later payment": "UPDATE catalog_contract SET net_days = 90 WHERE id = %(pk)s",
    "another day": "UPDATE catalog_contract SET start_date = '2025-01-01' WHERE id = %(pk)s",
    "another currency": (
        "WITH i AS (UPDATE catalog_instrument SET currency = 'JPY' WHERE contract_id = %(pk)s)"
        " UPDATE catalog_contract SET currency = 'JPY' WHERE id = %(pk)s"
    ),
}


@pytest.mark.parametrize("sql", TAMPERED.values(), ids=TAMPERED.keys())
def test_what_differs_from_the_plan_needs_its_own_approval(world: World, sql: str) -> None:
    """A writer of SQL as the application can't put other terms in force on the strength of a plan's approval."""
    contract = draft(world, planned.starter(world))
    with connection.cursor() as cursor:
        cursor.execute(sql, {"pk": contract.pk})
    with pytest.raises(IntegrityError, match="not approved with this content"), transaction.atomic():
        agree_as_planned(contract=contract, by=world.rosa, at=AT)
    contract.refresh_from_db()
    assert contract.status == "DRAFT"


def test_parts_beyond_the_plan_need_their_own_approval(world: World) -> None:
    version = planned.starter(world)
    inference = Product.objects.get(key="inference")
    told = {"by": world.rosa, "at": AT, "key": "more", "name": "More"}
    for number, add in enumerate((
        lambda contract: agreed.add_discount(contract=contract, percent=10, **told),
        lambda contract: agreed.add_bound(contract=contract, kind="MAXIMUM", amount=1, **told),
        lambda contract: add_allowance(contract=contract, product=inference, units=1, **told),
        lambda contract: instruments.add(contract=contract, kind="CREDIT", amount=1, **told),
        lambda contract: agreed.add_one_time(contract=contract, product=inference, unit_price=1, **told),
    )):  # fmt: skip
        with transaction.atomic():
            contract = draft(world, version, key=f"try-{number}")
            add(contract)
            with pytest.raises(IntegrityError, match="not approved"), transaction.atomic():
                agree_as_planned(contract=contract, by=world.rosa, at=AT)
            transaction.set_rollback(True)
    assert not Contract.objects.filter(status="APPROVED").exists()


def test_a_negotiated_contract_goes_the_way_of_every_contract(world: World) -> None:
    from catalog.actions import contracts

    version = planned.starter(world)
    contract = draft(world, version)
    contracts.edit(contract=contract, net_days=60, by=world.chen, at=AT)
    request = contracts.submit(contract=contract, reason="Longer terms", by=world.chen, at=AT)
    deals.approve(request, world.rosa, at=AT) if request.created_by != world.rosa else None
    contract.refresh_from_db()
    assert contract.plan_version == version


def test_a_later_version_starts_after_its_approval_and_from_the_newest(world: World) -> None:
    first = planned.starter(world)
    late = planned.draft(world, first.plan, day=date(2026, 1, 1))
    with pytest.raises(Invalid) as wrong:
        plans.submit(version=late, reason="", by=world.mia, at=AT)
    assert wrong.value.field == "effective_date"
    other = planned.draft(world, first.plan, day=date(2026, 3, 1))
    planned.approved(world, other)
    plans.edit(version=late, effective_date=date(2026, 4, 1), by=world.mia, at=AT)
    with pytest.raises(Conflict, match="approved since"):
        plans.submit(version=late, reason="", by=world.mia, at=AT)
    assert version_on(first.plan, date(2026, 2, 28)) == first
    assert version_on(first.plan, date(2026, 3, 1)) == other
    assert version_on(first.plan, date(2025, 12, 31)) is None


def test_rolling_back_is_a_new_version_equal_to_an_old_one(world: World) -> None:
    first = planned.starter(world)
    planned.approved(world, planned.draft(world, first.plan, planned.STARTER | {"trial_days": 0}, day=date(2026, 3, 1)))
    back = plans.draft(plan=first.plan, based_on=first, by=world.mia, at=AT)
    assert (back.number, back.content, back.rate_card) == (3, first.content, first.rate_card)
    assert all(each.kind == "same" for each in plan_changes(first, back))
    plans.edit(version=back, effective_date=date(2026, 4, 1), by=world.mia, at=AT)
    planned.approved(world, back)
    assert version_on(first.plan, date(2026, 4, 1)) == back
    assert AuditEntry.objects.filter(action="plan_version.approved").count() == 3


def test_a_version_that_cannot_be_sold_names_what_is_missing(world: World) -> None:
    version = plans.draft(plan=planned.plan(world), by=world.mia, at=AT)
    with pytest.raises(Invalid) as wrong:
        plans.submit(version=version, reason="", by=world.mia, at=AT)
    assert [error.field for error in wrong.value.errors] == [
        "effective_date", "legal_entity", "rate_card", "currencies",
    ]  # fmt: skip
    strange = planned.STARTER | {
        "currencies": ["EUR", "GBP"], "one_time": [], "grants": [],
        "fees": [planned.STARTER["fees"][0] | {"unit_price": {"EUR": "1", "GBP": "1"}, "product": "nothing"}],
        "allowances": [{"key": "x", "name": "X", "product": "nothing", "units": "1"}],
        "limits": [{"key": "x", "name": "X", "metric": "nothing", "most": "1"}],
    }  # fmt: skip
    with pytest.raises(Invalid) as wrong:
        plans.submit(version=planned.draft(world, version.plan, strange), reason="", by=world.mia, at=AT)
    assert {error.field for error in wrong.value.errors} == {
        "currencies[1]", "fees[0].product", "allowances[0].product", "limits[0].metric",
    }  # fmt: skip
    assert all(error.fix for error in wrong.value.errors)


def test_the_portal_sees_the_plan_of_its_own_contract_only(world: World) -> None:
    version = planned.starter(world)
    planned.approved(world, planned.draft(world, planned.plan(world, "secret")))
    planned.signed_up(world, version.plan, at=datetime(2026, 10, 1, 9, tzinfo=UTC))
    account = Contract.objects.get().account_id
    for mine, seen in ((account, 1), (world.globex.pk, 0)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE portal")
            cursor.execute("SELECT set_config('portal.account_ids', %s, true)", [str(mine)])
            for table in ("catalog_plan", "catalog_planversion", "catalog_agreedallowance"):
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchone() == (seen,), table
            cursor.execute("RESET ROLE")
