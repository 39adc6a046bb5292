"""``./run bench [--quick] [AREA]``: prints one line for each figure, then the machine that made them."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterator

import django

django.setup()

from django.conf import settings

from benchmarks import door, fold
from benchmarks.client import Client
from benchmarks.figures import Figure, spread


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the samples")
    parser.add_argument("area", nargs="?", choices=sorted(AREAS), help="only this area")
    asked = parser.parse_args()
    found: dict[str, dict[str, str]] = {}
    for name, area in AREAS.items():
        if asked.area in (None, name):
            for figure in area(asked.quick):
                print(figure.line(name), flush=True)
                found[f"{name}.{figure.name}"] = {"value": figure.value, "unit": figure.unit, "aim": figure.aim}
    # ./run bench has servers of its own in var/bench; the figures are kept beside that folder.
    (settings.VAR_DIR.parent / "bench.json").write_text(json.dumps(found, indent=1))
    print(f"on {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


# -- pages


def pages(quick: bool) -> Iterator[Figure]:
    """Open the pages that people live in, signed in as those who live there."""
    from monetization.demo.company import PASSWORD

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
    from billing.models import Invoice

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


AREAS = {"fold": fold.figures, "door": door.figures, "pages": pages}

if __name__ == "__main__":
    main()
