"""What a page has seen of the feed, and where another page starts: as numbers in an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from django.http import Http404

from metering.queries.feed import Arrived, Feed, Place


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page has of the feed: its highest numbers, and a checksum of its rows."""

    seq: int
    aside: int
    rows: int

    @classmethod
    def of(cls, rows: Sequence[Arrived]) -> "Seen":
        """Sum up the rows of a page."""
        seq = max((each.number for each in rows if each.event), default=0)
        aside = max((each.number for each in rows if each.aside), default=0)
        told = [(bool(each.event), each.number, bool(each.removal)) for each in rows]
        return cls(seq, aside, crc32(repr(told).encode()))

    @classmethod
    def read(cls, text: str) -> "Seen | None":
        """Read it back; None for what isn't one."""
        numbers = _numbers(text)
        return cls(*numbers) if len(numbers) == 3 else None

    def __str__(self) -> str:
        return f"{self.seq}.{self.aside}.{self.rows}"

    def lacks(self, each: Arrived) -> bool:
        """Say whether an arrival is newer than the page."""
        return each.number > (self.seq if each.event else self.aside)


def place_in(text: str) -> Place | None:
    """Read where a page starts; nonsense is no place. Raises Http404."""
    if not text:
        return None
    numbers = _numbers(text)
    if len(numbers) != 2 or not any(numbers):
        raise Http404("This is not the end of a page")
    return Place(numbers[0] or None, numbers[1] or None)


def below(found: Feed) -> str:
    """Write where the next page starts, as a part of its address."""
    return f"below={found.next.seq or 0}.{found.next.aside or 0}" if found.next else ""


def _numbers(text: str) -> list[int]:
    """Read numbers with dots between; none of them where one isn't a number that the database holds."""
    parts = text.split(".")
    sound = all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts)
    return [int(part) for part in parts] if sound else []
