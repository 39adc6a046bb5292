"""What looking at a file finds: its preview, and the plan that applying it carries out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.models import Import
from catalog.rules.cards import CardCharge
from catalog.rules.files.previews import Preview
from catalog.rules.files.prices import Rows
from monetization.foundation.models import User

Progress = Callable[[int, int], None]  # is told how many rows are done, of how many


@dataclass(frozen=True, slots=True)
class Looked:
    """A preview with the plan behind it."""

    preview: Preview
    plan: Any = None


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks at which file, when; `progress` hears how far it has come."""

    imported: Import
    by: User
    at: datetime
    progress: Progress = lambda done, count: None


@dataclass(frozen=True, slots=True)
class Known:
    """A charge whose product and metric are there, and the rows of the file behind each of its prices."""

    content: CardCharge
    rows: tuple[Rows, ...]
