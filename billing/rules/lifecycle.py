"""The life of an invoice, as data: actions guard by it, screens draw their buttons from it, tests
try every pair.

DRAFT is recomputed as usage arrives; IN_REVIEW has frozen inputs; APPROVED waits for issue and can
be sent back; ISSUED never changes again; PAID is settled in full.
"""

from __future__ import annotations

from enum import StrEnum

from monetization.values.errors import WrongState


class Kind(StrEnum):
    """What an invoice bills; one invoice per contract, period and kind."""

    USAGE = "USAGE"
    ADVANCE = "ADVANCE"
    COMMIT = "COMMIT"
    THRESHOLD = "THRESHOLD"
    ONE_OFF = "ONE_OFF"

    @property
    def label(self) -> str:
        """The words for people."""
        return self.value.replace("_", "-").capitalize()


class Status(StrEnum):
    """Where an invoice stands."""

    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    APPROVED = "APPROVED"
    ISSUED = "ISSUED"
    PAID = "PAID"

    @property
    def label(self) -> str:
        """The words for people."""
        return self.value.replace("_", " ").capitalize()


ARROWS: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.IN_REVIEW}),
    Status.IN_REVIEW: frozenset({Status.APPROVED, Status.DRAFT}),
    Status.APPROVED: frozenset({Status.ISSUED, Status.DRAFT}),
    Status.ISSUED: frozenset({Status.PAID}),
    Status.PAID: frozenset(),
}


def can(start: Status | str, goal: Status | str) -> bool:
    """Say whether there is an arrow from one status to the other."""
    return Status(goal) in ARROWS[Status(start)]


def guard(start: Status | str, goal: Status | str) -> None:
    """Refuse a move that has no arrow, and name the moves that there are."""
    if can(start, goal):
        return
    reachable = [status.label.lower() for status in Status if status in ARROWS[Status(start)]]
    raise WrongState(
        f"An invoice can't go from {Status(start).label.lower()} to {Status(goal).label.lower()}",
        field="status",
        fix=f"From here it can become {' or '.join(reachable)}" if reachable else "It can't change any more",
    )
