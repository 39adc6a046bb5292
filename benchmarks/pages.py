"""How long the pages take that people live in, signed in as those who live there."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from benchmarks.client import Client
from benchmarks.figures import Figure, spread
from billing.models import Invoice
from monetization.demo.company import PASSWORD


def figures(quick: bool) -> Iterator[Figure]:
    """Open each page many times."""
    times = 20 if quick else 200
    for email, paths in {
        "finn@lumen.example": ("/console/inbox/", "/console/invoices/", _first_invoice()),
        "pat@acme.example": ("/portal/", "/portal/#cost"),
    }.items():
        client = Client(settings.BASE_URL)
        client.sign_in(email, PASSWORD)
        for path in paths:
            where = _followed(client, path)
            name = "_".join(part for part in where.split("/") if part and not part.isdigit())
            one = "_one" if where.rstrip("/").rpartition("/")[2].isdigit() else ""
            yield from spread(name + one, [_opened(client, where) for _ in range(times)])


def _first_invoice() -> str:
    return f"/console/invoices/{Invoice.objects.order_by('pk').values_list('pk', flat=True)[0]}/"


def _followed(client: Client, path: str) -> str:
    """Where a path leads: the portal's start goes to the account, ``#name`` to its page of that name."""
    start, _, name = path.partition("#")
    client.ask("GET", start)
    start = client.location or start
    return start + (f"{name}/" if name else "")


def _opened(client: Client, path: str) -> float:
    status, _ = client.ask("GET", path)
    assert status == 200, f"{path} answered {status}"
    return client.seconds
