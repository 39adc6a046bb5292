"""The ground that all other tests stand on does what it promises."""

import pytest
from django.db import ProgrammingError, connection

from monetization.celery import app
from tests.database import TestDatabase


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
    assert test_database.seeds == {table: test_database._copied(table) for table in test_database._filled()}


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_worker_listens_on_this_process_broker(celery_worker) -> None:
    assert app.control.ping(timeout=5)
