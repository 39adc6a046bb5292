"""Put a file where it belongs: under another name, to disk, renamed. A place below MEDIA_ROOT, never a full path."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.conf import settings


def put(place: str, content: bytes) -> None:
    """Write a file so that nobody ever sees a part of it, and a power cut keeps all or nothing."""
    path = Path(settings.MEDIA_ROOT) / place
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
