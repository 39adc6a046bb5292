"""Maker never checks, however related: one rule for requests, invoices and whatever else is decided.

Who wrote, edited or submitted a content is a maker of it. A maker doesn't decide; nor does anybody who stands in for
a maker or lets a maker stand in for him, in whatever role; nor does anybody in the name of a maker. No role lifts
this, and being superuser is not even asked about.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from monetization.values.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Tie:
    """A delegation as a relation: `delegate` may decide in the name of `person`."""

    person: int
    delegate: int


def related(makers: Collection[int], ties: Iterable[Tie]) -> frozenset[int]:
    """Return everybody who may not decide: the makers, their delegates, and those they stand in for."""
    listed = list(ties)
    delegates = {tie.delegate for tie in listed if tie.person in makers}
    principals = {tie.person for tie in listed if tie.delegate in makers}
    return frozenset(makers) | delegates | principals


def why_not(
    decider: int, makers: Collection[int], ties: Iterable[Tie] = (), in_name_of: int | None = None
) -> str | None:
    """Return the sentence why somebody may not decide, or None."""
    if decider in makers:
        return "You made this, so somebody else decides."
    if in_name_of is not None and in_name_of in makers:
        return "This was made by the person you stand in for, so you don't decide it in their name."
    listed = list(ties)
    if any(tie.delegate == decider and tie.person in makers for tie in listed):
        return "You stand in for somebody who made this, so somebody else decides."
    if any(tie.person == decider and tie.delegate in makers for tie in listed):
        return "Somebody who stands in for you made this, so somebody else decides."
    return None


def guard_maker(
    *, decider: int, makers: Iterable[int], ties: Iterable[Tie] = (), in_name_of: int | None = None
) -> None:
    """Refuse a decider who is a maker or related to one. Raises NotAllowed."""
    why = why_not(decider, frozenset(makers), ties, in_name_of)
    if why is not None:
        raise NotAllowed(why, fix="Ask a colleague with the role that the policy names.")
