"""Nobody goes around approval: every way in is tried on an approved row of each governed kind, and nothing moves."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.urls import NoReverseMatch, reverse

from catalog.actions.changes import MODELS
from catalog.models import Amendment, Contract, CreditGrant, MetricVersion, RateCard, RateCardVersion
from monetization.foundation.rules.policies import Asked
from monetization.foundation.rules.roles import Role
from tests import agreements, amending, governing, make, planned, priced
from tests.make import World
from tests.priced import NOVEMBER_5

# What follows from amendments and invoices, so that guards can look at it; rating never reads it.
COMPUTED = {"catalog_contract": {"last_date", "billed_until"}}
OTHER = {
    "boolean": "NOT {}", "bigint": "{} + 1", "integer": "{} + 1", "smallint": "{} + 1", "numeric": "{} + 1",
    "character varying": "left('x' || {}, 3)", "text": "'x' || {}", "jsonb": "'[1]'", "date": "{} + 1",
    "timestamp with time zone": "{} + interval '1 day'", "bytea": "'\\x00'", "ARRAY": "{} || {}[1:1]",
}  # fmt: skip
INSTEAD = {
    "boolean": "true", "bigint": "1", "integer": "1", "smallint": "1", "numeric": "1", "character varying": "'x'",
    "text": "'x'", "jsonb": "'[1]'", "date": "'2020-01-01'", "timestamp with time zone": "'2020-01-01Z'",
    "bytea": "'\\x00'",
}  # fmt: skip
SWITCHES = (
    "SET session_replication_role = replica", "ALTER TABLE {} DISABLE TRIGGER ALL", "DROP TRIGGER frozen ON {}",
    "ALTER TABLE {} DISABLE ROW LEVEL SECURITY", "TRUNCATE {} CASCADE", "SET ROLE owner", "DROP TABLE {} CASCADE",
)  # fmt: skip


@pytest.fixture
def standing(world: World) -> dict[str, Any]:
    """An approved row of every governed kind."""
    contract = priced.priced(world).acme
    amendment = amending.amended(world, contract, date(2026, 11, 25), at=NOVEMBER_5, net_days=60)
    agreements.granted(world, "20")
    policy = governing.put(world, "Every thing", governing.content(Asked(Role.HEAD)))
    return {
        "catalog.metric_version": MetricVersion.objects.get(status="APPROVED"),
        "catalog.rate_card_version": RateCardVersion.objects.get(status="APPROVED"),
        "catalog.plan_version": planned.starter(world),
        "catalog.contract": contract,
        "catalog.amendment": amendment,
        "catalog.credit_grant": CreditGrant.objects.get(),
        "foundation.policy_version": policy,
    }


def kept(row: Any) -> str:
    """Everything in a row, as the database has it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t)::text FROM {row._meta.db_table} t WHERE id = %s", [row.pk])
        found = cursor.fetchone()
    return found[0] if found else ""


def tried(act: Callable[[], Any]) -> None:
    """Do something that should be refused; whatever it wrote before its refusal is taken back."""
    try:
        with transaction.atomic():
            act()
    except (DatabaseError, TypeError, ValueError):
        pass


def run(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def columns(table: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = %s ORDER BY 1",
            [table],
        )
        return [(name, kind) for name, kind in cursor.fetchall() if name not in COMPUTED.get(table, ())]


def by_sql(row: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every column by itself, the row as a whole, and what would switch the walls off."""
    table = row._meta.db_table
    for name, kind in columns(table):
        known = f"CASE WHEN {name} IS NULL THEN {INSTEAD.get(kind, 'NULL')} ELSE {OTHER[kind].format(name, name)} END"
        sql = f"UPDATE {table} SET {name} = {known if kind != 'ARRAY' else OTHER[kind].format(name, name)}"
        yield f"column {name}", lambda sql=sql: run(f"{sql} WHERE id = %s", row.pk)
    yield "delete", lambda: run(f"DELETE FROM {table} WHERE id = %s", row.pk)
    for status in ("DRAFT", "SUBMITTED"):
        yield f"status {status}", lambda status=status: run(f"UPDATE {table} SET status = %s", status)
    for switch in SWITCHES:
        yield switch, lambda switch=switch: (run(switch.format(table)), run(f"UPDATE {table} SET status = 'DRAFT'"))


def by_orm(row: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What a developer's shell could do, by managers, by an old row of history, by the row itself."""
    model = type(row)
    other = model._base_manager.get(pk=row.pk)
    other.status = "DRAFT"
    other.created_by_id = None
    yield "update", lambda: model._base_manager.filter(pk=row.pk).update(status="DRAFT")
    yield "bulk_update", lambda: model._base_manager.bulk_update([other], ["status", "created_by"])
    yield "save", lambda: other.save()
    yield "delete", lambda: model._base_manager.get(pk=row.pk).delete()
    yield "delete all", lambda: model._base_manager.all().delete()
    for number, past in enumerate(row.history.order_by("history_id")):
        if past.status != row.status:
            yield f"history {number}", lambda past=past: past.instance.save()


@pytest.mark.parametrize("subject", MODELS)
@pytest.mark.parametrize("way", [by_sql, by_orm])
def test_an_approved_row_stays_as_it_is(standing: dict[str, Any], subject: str, way: Any) -> None:
    row = standing[subject]
    before, moved = kept(row), []
    assert before
    ways = list(way(row))
    for name, act in ways:
        tried(act)
        if kept(row) != before:
            moved.append(name)
    assert moved == []
    assert len(ways) >= (5 if way is by_orm else 15)


def test_every_governed_kind_is_tried(standing: dict[str, Any]) -> None:
    assert standing.keys() == MODELS.keys()
    assert {row.status for row in standing.values()} == {"APPROVED"}


ADMIN = ("_change", "_delete", "_history", "_changelist", "_simple_history")


@pytest.mark.parametrize("subject", MODELS)
def test_no_admin_page_changes_one(world: World, standing: dict[str, Any], subject: str) -> None:
    """Someone with every role and a superuser's flag posts to every page of the admin that could exist."""
    row = standing[subject]
    world.people["omni"] = omni = make.person("omni", list(Role))
    type(omni).objects.filter(pk=omni.pk).update(is_superuser=True)
    client, before = make.signed_in(omni), kept(row)
    client.raise_request_exception = False
    label = f"{row._meta.app_label}_{row._meta.model_name}"
    past = row.history.order_by("history_id").first()
    forms: tuple[dict[str, Any], ...] = (
        {"status": "DRAFT", "_save": "Save"}, {"post": "yes"}, {"_change_history": "1", "status": "DRAFT"},
        {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
    )  # fmt: skip
    addresses = [f"/console/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/{each}" for each in (
        "change/", "delete/", "history/", f"history/{past.pk}/", "")]  # fmt: skip
    addresses.append(f"/console/{row._meta.app_label}/{row._meta.model_name}/")
    for each in ADMIN:
        for pk in ([], [row.pk], [row.pk, past.pk]):
            try:
                addresses.append(reverse(f"console:{label}{each}", args=pk))
            except NoReverseMatch:
                continue
    for address in dict.fromkeys(addresses):
        for form in forms:
            answer = client.post(address, form)
            assert answer.status_code < 500, (address, answer.status_code)
    assert kept(row) == before


@pytest.mark.parametrize("subject", MODELS)
def test_no_key_changes_one_through_the_api(world: World, standing: dict[str, Any], subject: str) -> None:
    row, before = standing[subject], kept(standing[subject])
    contract = row if isinstance(row, Contract) else Amendment.objects.get().contract
    paths = {
        "catalog.metric_version": "/metrics/llm-tokens/versions/1",
        "catalog.rate_card_version": f"/rate-cards/{RateCard.objects.get(key='list').key}/versions/1",
        "catalog.plan_version": "/plans/starter/versions/1",
        "catalog.contract": f"/contracts/{contract.key}",
        "catalog.amendment": f"/contracts/{contract.key}/amendments/1",
        "catalog.credit_grant": "/accounts/acme/credits/1",
        "foundation.policy_version": f"/policies/{standing['foundation.policy_version'].policy_id}/versions/1",
    }
    bodies: tuple[dict[str, Any], ...] = ({}, {"status": "DRAFT"}, {"reason": "Tried", "effective_date": "2099-01-01"})
    answers = set()
    for person in ("chen", "mia", "finn", "rosa", "eli", "audra"):
        api = make.Api(make.token(world.people[person], world.live, name=f"of {person}")).client
        for method in ("put", "patch", "delete"):
            for body in bodies:
                at = f"/api/v1{paths[subject]}"
                answers.add(getattr(api, method)(at, body, content_type="application/json").status_code)
        for verb in ("submit", "discard", "rebase", "reopen"):
            answers.add(
                api.post(f"/api/v1{paths[subject]}/{verb}", bodies[2], content_type="application/json").status_code
            )
    assert kept(row) == before
    assert min(answers) >= 400, answers
    assert max(answers) < 500, answers


def test_apps_have_no_other_governed_model() -> None:
    """Whatever has a status and a digest of its content is in the table that approval publishes from."""
    found = {
        model
        for model in apps.get_models()
        if {"status", "content_digest", "request"} <= {each.name for each in model._meta.get_fields()}
        and not model.__name__.startswith("Historical")
    }
    assert found == set(MODELS.values())
