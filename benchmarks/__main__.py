"""``./run bench [--quick] [AREA]``: prints one line for each figure, then the machine that made them."""

from __future__ import annotations

import argparse
import json
import os
import platform
from importlib import import_module

import django
from django.conf import settings

from monetization.processes import collect_rarely

# Each is a module of this folder with `figures(quick)`; asked by name or by the group's.
METERING = ("fold", "door", "inbox", "rollups", "memory")
AREAS = (*METERING, "quota", "pages", "rating")
EXTRA = ("stages",)  # only when asked for
GROUPS = {"metering": METERING}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same ratios on less data")
    parser.add_argument("area", nargs="?", choices=sorted({*AREAS, *GROUPS, *EXTRA}), help="only this area")
    asked = parser.parse_args()
    django.setup()
    collect_rarely()  # as the product's own processes do
    found: dict[str, dict[str, str]] = {}
    for name in areas(asked.area):
        for figure in import_module(f"benchmarks.{name}").figures(asked.quick):
            print(figure.line(name), flush=True)
            found[f"{name}.{figure.name}"] = {"value": figure.value, "unit": figure.unit, "aim": figure.aim}
    # ./run bench has servers of its own in var/bench; the figures are kept beside that folder.
    (settings.VAR_DIR.parent / "bench.json").write_text(json.dumps(found, indent=1))
    print(f"on {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


def areas(asked: str | None) -> tuple[str, ...]:
    """Name the areas to measure."""
    if asked is None:
        return AREAS
    return GROUPS.get(asked, (asked,))


if __name__ == "__main__":
    main()
