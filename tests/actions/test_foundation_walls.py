"""Walls of the database: they hold for the role that web and workers use, whatever the code does."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from monetization.foundation.actions import audit
from monetization.foundation.models import Account, AuditEntry, Customer, Decision
from tests.make import AT, World, portal

APPEND_ONLY = ("foundation_auditentry", "foundation_auditlink", "foundation_auditanchor", "foundation_decision")


def run(sql: str, *values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def test_tests_run_as_the_role_of_web_and_workers(world: World) -> None:
    assert run("SELECT current_user, usesuper FROM pg_user WHERE usename = current_user") == [("app", False)]


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE", "DROP TABLE {}"])
def test_facts_are_only_ever_added(world: World, table: str, verb: str) -> None:
    verb = verb.replace("id = id", "number = number") if table == "foundation_auditlink" else verb
    audit.chain(at=AT)
    before = run(f"SELECT count(*) FROM {table}")
    with pytest.raises(ProgrammingError, match="permission denied|must be owner"), transaction.atomic():
        run(verb.format(table))
    assert run(f"SELECT count(*) FROM {table}") == before


def test_the_trigger_stands_behind_the_right(world: World) -> None:
    """Whoever gets the right by mistake still meets the trigger; it reads no setting that could switch it off."""
    assert run(
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = %s::regclass ORDER BY 1",
        "foundation_auditentry",
    ) == [("append_only",), ("no_truncate",)]


def decision(world: World, makers: list[int | None], by: int) -> None:
    run(
        "INSERT INTO foundation_decision (environment_id, subject, digest, maker_ids, by_id, role, held_role,"
        " verdict, reason, at) VALUES (%s, 'x:1', %s, %s, %s, 'HEAD', '', 'APPROVE', '', now())",
        world.live.pk, b"\1" * 32, makers, by,
    )  # fmt: skip


def test_a_maker_cannot_be_written_down_as_a_decider(world: World) -> None:
    for makers in ([world.chen.pk], [world.mia.pk, world.chen.pk], [None]):
        with pytest.raises(IntegrityError, match="checker_is_not_maker"), transaction.atomic():
            decision(world, makers, world.chen.pk)
    assert Decision.objects.count() == 0
    decision(world, [world.mia.pk], world.chen.pk)
    assert Decision.objects.count() == 1


def test_the_portal_sees_its_own_accounts_only(world: World) -> None:
    with portal(world.acme):
        assert [a.key for a in Account.objects.all()] == ["acme"]
        assert [c.key for c in Customer.objects.all()] == ["acme"]
        assert run("SELECT name FROM foundation_user ORDER BY 1") == [("Pat",), ("Vera",)]
        assert run("SELECT key FROM foundation_environment") == [("live",)]
    with portal(world.acme, world.acme_us):
        assert Account.objects.count() == 2
    with portal(world.globex):
        assert run("SELECT name FROM foundation_user") == [("Gil",)]


def test_the_portal_without_accounts_sees_nothing(world: World) -> None:
    tables = ("account", "accountalias", "customer", "membership", "environment")
    with portal():
        assert [run(f"SELECT count(*) FROM foundation_{table}") for table in tables] == [[(0,)]] * len(tables)
        assert run("SELECT count(id) FROM foundation_user") == [(0,)]
    with transaction.atomic():
        run("SET LOCAL ROLE portal")
        assert run("SELECT count(*) FROM foundation_account") == [(0,)]
        run("RESET ROLE")


@pytest.mark.parametrize(
    "attempt",
    [
        "SELECT password FROM foundation_user",
        "SELECT * FROM foundation_user",
        "SELECT * FROM foundation_apikey",
        "SELECT * FROM foundation_auditentry",
        "SELECT * FROM django_session",
        "UPDATE foundation_account SET name = 'x'",
        "DELETE FROM foundation_account",
        "INSERT INTO foundation_customer (environment_id, key, name) VALUES (1, 'x', 'x')",
    ],
)
def test_the_portal_may_not(world: World, attempt: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), portal(world.acme):
        run(attempt)
    assert Account.objects.get(pk=world.acme.pk).name == "Acme Robotics GmbH"


def test_the_portal_does_not_change_into_somebody_else(world: World) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), portal(world.acme):
        run("SET LOCAL ROLE owner")
    assert AuditEntry.objects.exists()
