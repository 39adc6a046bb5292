"""Which files are meant: named ones, or all of a folder that can hold events, in the order of their names."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from monetization.values.canonical import digest
from monetization.values.errors import Invalid

FORMATS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "ndjson"}
PACKED = ".gz"
ENDS = 64 * 1024  # bytes at both ends by which a file is known


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or standard input (no path). `name` is how it is called: inside a folder, with the folders below it."""

    path: Path | None
    name: str

    @property
    def size(self) -> int:
        """Give its bytes as they lie there; 0 where nobody knows."""
        return self.path.stat().st_size if self.path else 0

    @property
    def is_packed(self) -> bool:
        return self.name.lower().endswith(PACKED)

    @property
    def format(self) -> str:
        """Tell the format by the name; NDJSON where it says nothing."""
        return FORMATS.get(_ending(self.name), "ndjson")

    def key(self, options: object) -> bytes:
        """Give what a file is known by when it is read again with these options (plain values)."""
        assert self.path
        known = self.path.stat()
        with self.path.open("rb") as file:
            ends = sha256(file.read(ENDS))
            file.seek(max(0, known.st_size - ENDS))
            ends.update(file.read(ENDS))
        return digest([self.name, known.st_size, known.st_mtime_ns, ends.hexdigest(), options])


def sources(names: Iterable[str]) -> list[Source]:
    """List what these names mean; `-` is standard input. Raises Invalid for a folder without any file of events."""
    return [source for name in names for source in _of(name)]


def _of(name: str) -> list[Source]:
    if name == "-":
        return [Source(None, "stdin")]
    path = Path(name)
    if not path.is_dir():
        return [Source(path, path.name)]
    found = [Source(each, each.relative_to(path).as_posix()) for each in _below(path)]
    if not found:
        raise Invalid(f"There is no file of events in {name}", field="files", fix=f"Its names end {', '.join(FORMATS)}")
    return sorted(found, key=lambda source: source.name)


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        yield from (Path(root, name) for name in names if _ending(name) in FORMATS and not name.startswith("."))


def _ending(name: str) -> str:
    """Give the ending that tells the format, without that of packing."""
    return Path(name.lower().removesuffix(PACKED)).suffix
