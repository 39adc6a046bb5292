"""The named cast as fixtures: mia makes, chen checks, finn and rosa keep the books, pat and vera are customers."""

import pytest

from monetization.foundation.models import User
from tests import make


@pytest.fixture
def world(db: None) -> make.World:
    """Give the whole cast: `world.live`, `world.mia`, `world.acme` (account), `world.customers["acme"]` …"""
    return make.world()


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
