"""One run of `manage.py ingest` over its files: each from where it was left, its next part read while one is taken."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from metering.actions import files as actions
from metering.actions.ingest import Receipt, ingest
from metering.files import Part, Place, Source, ahead, parts
from metering.models import FileReading
from metering.rules.rows import RowMap, cell, pairs
from monetization.foundation.models import Environment
from monetization.management.progress import Progress

MEANING = ("map", "set", "account", "type", "source", "id_from_row", "format")  # options that say what a row means


class Run:
    """One run over all files; `before` are the bytes of the files that are done, `note` why a file wasn't read."""

    def __init__(self, environment: Environment, batch: int, options: dict[str, Any], progress: Progress) -> None:
        self.environment, self.batch, self.options, self.progress = environment, batch, options, progress
        self.before, self.note = 0, ""

    def receipts(self, source: Source) -> Iterator[Receipt]:
        """Take a file's events, from where it was left."""
        self.note = ""
        reading = self._reading(source) if source.path else None
        if reading is not None and reading.ended_at is not None:
            self.note = (
                f"read to its end on {reading.ended_at:%d %B %Y}, {reading.rows:,} rows; --restart reads it again"
            )
            self.progress.skip(reading.size)
            return
        first = True
        for part in ahead(self._parts(source, reading)):
            if first and reading is not None and reading.rows:
                self.progress.skip(part.read_bytes)
            first = False
            yield self._take(part, reading)
            self.progress.show(len(part.events), self.before + part.read_bytes)
        if reading is not None:
            actions.end(reading=reading, at=timezone.now())

    def _reading(self, source: Source) -> FileReading:
        meaning = {name: self.options[name] for name in MEANING}
        return actions.begin(
            environment=self.environment, key=source.key(meaning), name=source.name, size=source.size,
            at=timezone.now(), restart=self.options["restart"],
        )  # fmt: skip

    def _parts(self, source: Source, reading: FileReading | None) -> Iterator[Part]:
        after = Place(reading.offset, reading.rows) if reading else Place()
        kind = self.options["format"] or source.format
        return parts(source, row_map(source, self.options), kind=kind, size=self.batch, after=after)

    def _take(self, part: Part, reading: FileReading | None) -> Receipt:
        at, place = timezone.now(), part.place
        if reading is None:
            return ingest(environment=self.environment, events=part.events, by=None, at=at)
        return actions.take_part(reading=reading, events=part.events, offset=place.offset, rows=place.rows, at=at)


def row_map(source: Source, options: dict[str, Any]) -> RowMap:
    """Read the options that say what a row means."""
    constants = {name: cell(value) for text in options["set"] for name, value in pairs(text).items()}
    return RowMap(
        columns=pairs(options["map"]), constants=constants, account=options["account"], type=options["type"],
        source=options["source"], ids=source.name if options["id_from_row"] else "",
    )  # fmt: skip
