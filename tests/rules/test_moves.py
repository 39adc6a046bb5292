"""The sentence beside a line says what moved and by how much."""

from decimal import Decimal as D

from billing.rules.moves import Figures, move, percent_of

OCTOBER = Figures(D("100.00"), D("10"), "1M tokens", (D("10"),))


def test_more_units_at_the_same_price() -> None:
    found = move(Figures(D("125.00"), D("12.5"), "1M tokens", (D("10"),)), OCTOBER)
    assert (found.delta, found.percent) == (D("25.00"), D("25.0"))
    assert found.sentence == "+25: 2.5 more 1M tokens."


def test_a_price_that_fell() -> None:
    found = move(Figures(D("90.00"), D("10"), "1M tokens", (D("9"),)), OCTOBER)
    assert found.sentence == "−10: price 10 → 9, same quantity."


def test_new_and_gone() -> None:
    assert move(OCTOBER, None).sentence == "New: 10 1M tokens, none last period."
    assert move(None, OCTOBER).delta == D("-100.00")


def test_percent_of_nothing_is_not_a_number() -> None:
    assert percent_of(D(5), D(0)) is None
    assert percent_of(D("0.05"), D(40)) == D("0.1")
