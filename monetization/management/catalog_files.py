"""Catalog files as they lie on a disk: one file, or all YAML files below a folder."""

from pathlib import Path

from django.core.management.base import CommandError

from catalog.rules.listings.text import MOST_BYTES, Source, parse

ENDINGS = (".yaml", ".yml")


def sources(path: Path) -> list[Source]:
    """Read a file, or all YAML files below a folder. Raises CommandError, Invalid."""
    try:
        if not path.is_dir():
            return [parse(_bytes(path))]
        files = sorted(each for each in path.rglob("*") if each.suffix in ENDINGS and each.is_file())
        if not files:
            raise CommandError(f"There is no .yaml file in {path}.")
        return [parse(_bytes(each), each.relative_to(path).as_posix()) for each in files]
    except OSError as error:
        raise CommandError(f"{error.filename} can't be read: {error.strerror}") from None


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)
