"""A policy in words: when it applies, whom it asks in which order, until when; and what a version changed."""

from dataclasses import dataclass

from monetization.foundation.models import PolicyVersion
from monetization.foundation.rules.facts import KINDS


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a version says: when, who in order, and what happens when they are late (empty: nothing)."""

    when: str
    who: str
    late: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """One part of a version that differs from the one before."""

    what: str
    old: str
    new: str


def kind_words(kind: str) -> str:
    """Return how people call a kind."""
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


def sentence_of(version: PolicyVersion) -> Sentence:
    """Say what a version asks."""
    if not version.applies:
        return Sentence("Never: the policy has ended", "nobody")
    when = " and ".join(row.as_rule().sentence for row in version.conditions.all()) or "Always"
    return Sentence(f"{when[0].upper()}{when[1:]}", _who(version), _late(version))


def changes(old: PolicyVersion | None, new: PolicyVersion) -> list[Changed]:
    """List what differs between two versions."""
    if old is None:
        return []
    before, after = sentence_of(old), sentence_of(new)
    parts = (("When", before.when, after.when), ("Who", before.who, after.who), ("Late", before.late, after.late))
    return [Changed(what, was or "–", now or "–") for what, was, now in parts if was != now]


def _who(version: PolicyVersion) -> str:
    steps: dict[int, list[str]] = {}
    for row in version.roles.all():
        steps.setdefault(row.step, []).append(str(row))
    return ", then ".join(" and ".join(words) for words in steps.values())


def _late(version: PolicyVersion) -> str:
    if version.deadline_hours is None:
        return ""
    hours = f"{version.deadline_hours} hour{'' if version.deadline_hours == 1 else 's'} for each step"
    return f"{hours}; then {version.get_escalate_to_display()} may decide instead" if version.escalate_to else hours
