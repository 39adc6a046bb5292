"""What people are told and how: kinds of notices, mail at once or as a digest, who is meant by `@name`."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum

from monetization.values.periods import local_date, zone_of

DIGEST_HOUR = 8  # of the reader's own day
MENTION = re.compile(r"(?<![\w.])@([\w.+-]+(?:@[\w-]+(?:\.[\w-]+)+)?)")


class Telling(Enum):
    """Why somebody is told."""

    WAITS = "WAITS"
    OVERDUE = "OVERDUE"
    DECIDED = "DECIDED"
    MENTIONED = "MENTIONED"

    @property
    def label(self) -> str:
        """Return the words for people."""
        return {"WAITS": "Waits for you", "OVERDUE": "Overdue", "DECIDED": "Decided", "MENTIONED": "Mentioned"}[
            self.value
        ]


class By(Enum):
    """How notices come by mail."""

    AT_ONCE = "AT_ONCE"
    DAILY = "DAILY"
    NEVER = "NEVER"

    @property
    def label(self) -> str:
        """Return the words for people."""
        return {"AT_ONCE": "At once", "DAILY": "Once a day, in the morning", "NEVER": "Not by mail"}[self.value]


def mentioned(text: str, people: Mapping[str, int]) -> tuple[int, ...]:
    """Return whom a text names by e-mail or by what stands before its @; a short name of several means none of them."""
    short: dict[str, set[int]] = {}
    for email, pk in people.items():
        short.setdefault(email.partition("@")[0], set()).add(pk)
    found: dict[int, None] = {}
    for name in (one.rstrip(".").lower() for one in MENTION.findall(text)):
        meant = {people[name]} if name in people else short.get(name, set())
        if len(meant) == 1:
            found |= dict.fromkeys(meant)
    return tuple(found)


def digest_day(at: datetime, zone: str, last: date | None) -> date | None:
    """Return the local day whose digest is due: from eight in the morning on, once a day, however late."""
    today = local_date(at, zone)
    if at.astimezone(zone_of(zone)).hour < DIGEST_HOUR or (last is not None and last >= today):
        return None
    return today
