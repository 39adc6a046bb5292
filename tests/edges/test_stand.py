"""The ground that all other tests stand on does what it promises."""

import time

import pytest
from django.contrib.auth.models import Group
from django.db import ProgrammingError, connection, transaction
from playwright.sync_api import Page
from redis import Redis

from monetization.celery import app
from monetization.embedded import addresses
from tests.database import TestDatabase
from tests.processes import Broker, Worker, eventually


def whoami() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_tests_meet_the_walls_of_the_role_app() -> None:
    assert whoami() == "app"
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE django_session")


@pytest.mark.django_db
def test_app_can_not_change_tables() -> None:
    with pytest.raises(ProgrammingError, match="must be owner"), connection.cursor() as cursor:
        cursor.execute("DROP TABLE django_session")


@pytest.mark.django_db(transaction=True)
def test_reset_brings_back_exactly_what_the_migrations_left(test_database: TestDatabase) -> None:
    assert "django_content_type" in test_database.seeds
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_group_permissions; DELETE FROM auth_permission")
        cursor.execute("INSERT INTO auth_group (name) VALUES ('left behind')")
    test_database.reset()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM auth_group")
        assert cursor.fetchone()[0] == 0
    found = {table: test_database._copied(table) for table in test_database._filled()}
    assert _in_order(found) == _in_order(test_database.seeds)


def _in_order(tables: dict[str, bytes]) -> dict[str, list[bytes]]:
    """Rows without their place in the table, which a vacuum in between may change."""
    return {table: sorted(rows.splitlines()) for table, rows in tables.items()}


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_worker_listens_on_this_process_broker(celery_worker) -> None:
    assert answers(5)


@app.task(name="tests.stand.nothing")
def nothing() -> None:
    """Only its message matters."""


def answers(seconds: float) -> bool:
    """Whether a worker answers on this process's broker."""
    with app.connection_for_write() as fresh:
        return bool(app.control.ping(timeout=seconds, limit=1, connection=fresh))


def waiting(broker: Broker) -> int:
    return Redis(unix_socket_path=str(addresses(broker.folder).valkey)).llen("celery")


@pytest.mark.django_db(transaction=True)
def test_dead_broker_neither_fails_nor_holds_up_what_was_committed(broker: Broker) -> None:
    with transaction.atomic():
        nothing.delay_on_commit()
        assert waiting(broker) == 0
    assert waiting(broker) == 1
    broker.kill()
    began = time.monotonic()
    with transaction.atomic():
        Group.objects.create(name="kept")
        nothing.delay_on_commit()
    assert time.monotonic() - began < 3
    assert Group.objects.filter(name="kept").exists()
    broker.start()
    assert waiting(broker) == 1  # what it had accepted before it was killed
    with transaction.atomic():
        nothing.delay_on_commit()
    assert waiting(broker) == 2


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_worker_survives_being_killed_and_a_broker_that_comes_back(broker: Broker, celery_worker: Worker) -> None:
    assert answers(5)
    celery_worker.kill()
    assert not answers(1)
    celery_worker.start()
    assert answers(5)
    broker.kill()
    broker.start()
    assert eventually(lambda: answers(1))


@pytest.mark.browser
def test_browser_meets_the_policy(page: Page) -> None:
    answer = page.goto("/sign-in/")
    assert answer is not None and answer.status == 200
    assert "script-src 'self';" in answer.headers["content-security-policy"]
