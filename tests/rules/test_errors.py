"""Refusals carry what an edge needs: message, field, fix, and several at once."""

import pytest

from monetization.values.errors import (
    Conflict,
    DomainError,
    Invalid,
    Invalids,
    NotAllowed,
    NotFound,
    WrongState,
    refuse_if,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Invalid, "invalid"),
        (NotAllowed, "not_allowed"),
        (WrongState, "wrong_state"),
        (Conflict, "conflict"),
        (NotFound, "not_found"),
    ],
)
def test_each_kind_has_its_code(kind: type[DomainError], code: str) -> None:
    error = kind("No", field="status", fix="Do this")
    assert (error.message, error.field, error.fix, error.code) == ("No", "status", "Do this", code)
    assert kind("No", code="special").code == "special"
    assert error.errors == (error,)
    assert str(error) == "No"


def test_several_at_once_stay_flat_and_show_the_first() -> None:
    a, b, c = Invalid("A", field="a"), Invalid("B", field="b"), Conflict("C")
    several = Invalids([a, Invalids([b, c])])
    assert several.errors == (a, b, c)
    assert (several.message, several.field) == ("A", "a")
    assert str(several) == "a: A; b: B; C"
    with pytest.raises(ValueError, match="at least one"):
        Invalids([])


def test_refuses_only_if_there_is_something() -> None:
    refuse_if([])
    alone = WrongState("Late")
    with pytest.raises(WrongState) as refusal:
        refuse_if([alone])
    assert refusal.value is alone
    with pytest.raises(Invalids) as both:
        refuse_if([alone, Invalid("B")])
    assert len(both.value.errors) == 2
