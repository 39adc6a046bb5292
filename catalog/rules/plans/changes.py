"""What a package changes against another one, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.rules.plans.words import Said


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing before and after; "" where it isn't there."""

    section: str
    key: str
    what: str
    old: str
    new: str

    @property
    def kind(self) -> str:
        """Say whether it was added, removed, changed, or stays."""
        if self.old == self.new:
            return "same"
        return "changed" if self.old and self.new else "added" if self.new else "removed"


def changes(old: Sequence[Said], new: Sequence[Said]) -> list[Changed]:
    """Lay two packages side by side, in the order of the new one; what only the old one had comes last."""
    before = {(each.section, each.key): each for each in old}
    after = {(each.section, each.key): each for each in new}
    keys = [*after, *(key for key in before if key not in after)]
    return [_changed(before.get(key), after.get(key)) for key in keys]


def _changed(old: Said | None, new: Said | None) -> Changed:
    known = new or old
    assert known is not None
    renamed = bool(old and new and old.what != new.what)
    return Changed(known.section, known.key, known.what, _words(old, renamed), _words(new, renamed))


def _words(said: Said | None, with_name: bool) -> str:
    if said is None:
        return ""
    return f"“{said.what}”: {said.words}" if with_name else said.words
