"""The life of an uploaded file, as data."""

from enum import Enum

from monetization.values.errors import WrongState


class ImportStatus(Enum):
    """Where a file stands."""

    WAITING = "WAITING"
    READY = "READY"
    FAULTY = "FAULTY"
    APPLYING = "APPLYING"
    APPLIED = "APPLIED"

    @property
    def label(self) -> str:
        """Return the words for people."""
        return LABELS[self]


S = ImportStatus
LABELS = {
    S.WAITING: "Being read",
    S.READY: "Ready to apply",
    S.FAULTY: "To be mended",
    S.APPLYING: "Being applied",
    S.APPLIED: "Applied",
}
ARROWS: dict[ImportStatus, frozenset[ImportStatus]] = {
    S.WAITING: frozenset({S.READY, S.FAULTY}),
    S.READY: frozenset({S.WAITING, S.FAULTY, S.APPLYING, S.APPLIED}),
    S.FAULTY: frozenset({S.WAITING, S.READY}),
    S.APPLYING: frozenset({S.READY, S.FAULTY, S.APPLIED}),
    S.APPLIED: frozenset(),
}


def guard(now: ImportStatus, then: ImportStatus) -> None:
    """Refuse a change of state that the table does not know. Raises WrongState."""
    if then not in ARROWS[now]:
        fix = "Upload the mended file." if now is S.FAULTY else None
        raise WrongState(f"A file that is {now.label.lower()} can't become {then.label.lower()}.", fix=fix)
