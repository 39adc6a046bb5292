"""Requests that hold several drafts, made by the product's own actions: mia opens them and puts in what she drafted."""

from datetime import date, datetime
from typing import Any

from catalog.actions import bundles, metrics
from catalog.models.versions import Governed
from monetization.foundation.actions import requests
from monetization.foundation.models import ChangeRequest
from tests import deals
from tests.make import AT, World


def opened(world: World, *rows: Governed, title: str = "Launch of images", at: datetime = AT, **more: Any) -> Any:
    """Open a request and put these drafts into it."""
    request = requests.open_request(environment=world.live, title=title, by=world.mia, at=at, **more)
    for row in rows:
        bundles.add(request=request, row=row, by=world.mia, at=at)
    request.refresh_from_db()
    return request


def submitted(world: World, *rows: Governed, at: datetime = AT, **more: Any) -> ChangeRequest:
    """Open a request with these drafts and submit it."""
    return bundles.submit(request=opened(world, *rows, at=at, **more), by=world.mia, at=at)


def new_metric(world: World, key: str = "images") -> Any:
    """Draft the first meaning of a metric that nobody has approved."""
    made = metrics.create(
        environment=world.live, key=key, name=key.capitalize(), owner=world.mia, unseen_reason="Launch", by=world.mia,
        at=AT,
    )  # fmt: skip
    return metrics.draft_version(metric=made, content=deals.tokens(), by=world.mia, at=AT)


def next_version(world: World, card: Any, price: str = "9", currencies: Any = ("EUR",), **times: Any) -> Any:
    """Draft a card's next version, in which output of gpt-4o has another price, from 1 February."""
    listed = [(m, k, price if (m, k) == ("gpt-4o", "output") else p) for m, k, p in deals.PRICES]
    times = times or {"effective_date": date(2026, 2, 1)}
    return deals.version(world, card, rows=deals.prices(listed, currencies), **times)
