"""Anchors of the audit chain: one line a head, in a file outside the database.

Whoever can rewrite the whole database can't rewrite this file; copy it to write-once storage to be safe from the
machine's administrators too.
"""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings


def place() -> Path:
    """Return the file, whether it exists or not."""
    return Path(settings.VAR_DIR) / "anchors" / "audit.jsonl"


def write(*, number: int, hash: bytes, at: datetime) -> str:
    """Append a head durably and return where it stands."""
    path = place()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"number": number, "hash": hash.hex(), "at": at.isoformat()}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return f"file:{path.name}"


def read() -> Iterator[tuple[int, bytes]]:
    """Yield (number of the link, its hash) of every anchor kept."""
    path = place()
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            kept = json.loads(line)
            yield int(kept["number"]), bytes.fromhex(kept["hash"])
