"""A change request whose impact tests look at."""

from datetime import UTC, date, datetime

import pytest

from monetization.foundation.models import ChangeRequest
from tests import deals, priced
from tests.make import World

NOW = datetime(2026, 11, 5, 9, tzinfo=UTC)


@pytest.fixture
def asked(world: World) -> ChangeRequest:
    """October's usage of acme (EUR) and globex (JPY), and a request that makes input dearer in EUR only."""
    terms = priced.priced(world)
    priced.use(world, [*priced.october(), *priced.october("globex")])
    dearer = (("gpt-4o", "input", "5"), *deals.PRICES[1:])
    rows = [*deals.prices(dearer), *deals.prices(currencies=("JPY",))]
    draft = deals.version(world, terms.card, rows=rows, at=NOW, effective_date=date(2027, 1, 1))
    return deals.rate_cards.submit(version=draft, title="", reason="Dearer", by=world.mia, at=NOW)
