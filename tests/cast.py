"""The named cast as fixtures: mia makes, chen checks, finn and rosa keep the books, pat and vera are customers."""

from copy import deepcopy

import pytest
from django.apps import apps
from django.db import connection, transaction

from monetization.foundation.models import User
from tests import make

_made: dict[str, tuple[make.World, dict[str, str]]] = {}


@pytest.fixture
def world(db: None) -> make.World:
    """Give the whole cast: `world.live`, `world.mia`, `world.acme` (account), `world.customers["acme"]` …

    Actions make it for the first test of a process; later tests get the same rows again, which is ten times quicker.
    """
    name = str(connection.settings_dict["NAME"])
    if name in _made:
        made, rows = _made[name]
        _put_back(rows)
    else:
        made = make.world()
        _made[name] = (made, _taken())
    return deepcopy(made)


def _taken() -> dict[str, str]:
    """Copy every row of who out, as JSON by table."""
    tables = [model._meta.db_table for model in apps.get_app_config("foundation").get_models(include_auto_created=True)]
    with connection.cursor() as cursor:
        taken = {}
        for table in tables:
            cursor.execute(f"SELECT jsonb_agg(to_jsonb(t))::text FROM {table} t")
            taken[table] = cursor.fetchone()[0]
    return {table: rows for table, rows in taken.items() if rows}


def _put_back(rows: dict[str, str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:  # foreign keys are asked at its end
        # What is approved takes no more parts, so parts come before their version.
        for table, text in sorted(rows.items(), key=lambda pair: pair[0] == "foundation_policyversion"):
            cursor.execute(
                f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)", [text]
            )


@pytest.fixture
def mia(world: make.World) -> User:
    """Give the maker: a product manager."""
    return world.mia


@pytest.fixture
def chen(world: make.World) -> User:
    """Give the checker: head of monetization."""
    return world.chen


@pytest.fixture
def finn(world: make.World) -> User:
    """Give finance."""
    return world.finn


@pytest.fixture
def rosa(world: make.World) -> User:
    """Give a second person of finance, who is RevOps too."""
    return world.rosa


@pytest.fixture
def eli(world: make.World) -> User:
    """Give an engineer, who issues API keys."""
    return world.eli


@pytest.fixture
def pat(world: make.World) -> User:
    """Give the admin of customer acme."""
    return world.pat


@pytest.fixture
def vera(world: make.World) -> User:
    """Give a viewer at customer acme."""
    return world.vera


@pytest.fixture
def noel(world: make.World) -> User:
    """Give a member of staff without any role."""
    return world.noel


@pytest.fixture
def audra(world: make.World) -> User:
    """Give the auditor, who reads everything and changes nothing."""
    return world.audra
