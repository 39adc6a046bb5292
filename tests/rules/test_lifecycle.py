"""Every pair of statuses: allowed exactly where there is an arrow."""

from itertools import product

import pytest

from billing.rules.lifecycle import ARROWS, Kind, Status, can, guard
from monetization.values.errors import WrongState

ALLOWED = {
    ("DRAFT", "IN_REVIEW"),
    ("IN_REVIEW", "DRAFT"),
    ("IN_REVIEW", "APPROVED"),
    ("APPROVED", "DRAFT"),
    ("APPROVED", "ISSUED"),
    ("ISSUED", "PAID"),
}


@pytest.mark.parametrize(("start", "goal"), list(product(Status, Status)))
def test_every_pair(start: Status, goal: Status) -> None:
    allowed = (start.value, goal.value) in ALLOWED
    assert can(start, goal) is allowed
    if allowed:
        guard(start, goal)
    else:
        with pytest.raises(WrongState) as refusal:
            guard(start.value, goal.value)
        assert refusal.value.field == "status"


def test_nothing_issued_goes_back() -> None:
    before_issue = {Status.DRAFT, Status.IN_REVIEW, Status.APPROVED}
    seen, todo = set[Status](), {Status.ISSUED}
    while todo:
        seen |= todo
        todo = {goal for status in todo for goal in ARROWS[status]} - seen
    assert not seen & before_issue


def test_a_refusal_names_the_ways_that_are_open() -> None:
    with pytest.raises(WrongState) as refusal:
        guard("IN_REVIEW", "PAID")
    assert refusal.value.message == "An invoice can't go from in review to paid"
    assert refusal.value.fix == "From here it can become draft or approved"


def test_words_for_people() -> None:
    assert [kind.label for kind in Kind] == ["Usage", "Advance", "Commit", "Threshold", "One-off"]
    assert Status.IN_REVIEW.label == "In review"
