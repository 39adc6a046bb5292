"""The bench says each figure in one line that a machine can read."""

import json
import re
from importlib import import_module

from benchmarks import events
from benchmarks.__main__ import EXTRA, areas
from benchmarks.figures import Figure, spread
from benchmarks.rounds import Rounds

LINE = re.compile(r"^[a-z]+\.\w+ = \S+ .+?( \(aim .+\))?$")


def test_a_figure_is_one_line() -> None:
    assert Figure("fold_10k", "0.75", "R", "≥ 0.75 R").line("metering") == "metering.fold_10k = 0.75 R (aim ≥ 0.75 R)"
    assert Figure("R", "34000", "events/s").line("metering") == "metering.R = 34000 events/s"


def test_durations_are_told_by_median_and_99_percent() -> None:
    seconds = [number / 1000 for number in range(1, 102)]
    lines = [figure.line("pages") for figure in spread("portal", seconds, "≤ 10 ms")]
    assert lines == ["pages.portal_median = 51.0 ms", "pages.portal_p99 = 100.0 ms (aim ≤ 10 ms)"]
    assert all(LINE.match(line) for line in lines)


def test_a_ratio_is_the_median_within_the_rounds_and_the_first_round_only_warms_up() -> None:
    rounds = Rounds({"R": [1.0, 100.0, 200.0, 50.0], "fold": [9.0, 80.0, 100.0, 45.0]})
    rounds.forget_first()
    lines = [each.line("fold") for each in rounds.figures(["fold"], "_x", {"fold": "≥ 0.75 R"})]
    assert lines == ["fold.R_x = 100 events/s", "fold.fold_x = 0.80 R (aim ≥ 0.75 R)", "fold.fold_x_rate = 80 events/s"]


def test_what_takes_turns_is_run_backwards_every_other_round() -> None:
    order: list[str] = []
    rounds = Rounds()
    for _ in range(3):
        rounds.run({name: (1, lambda name=name: order.append(name)) for name in "ab"})  # type: ignore[misc]
    assert "".join(order) == "abbaab"
    assert {name: len(rates) for name, rates in rounds.rates.items()} == {"a": 3, "b": 3}


def test_events_are_new_typical_or_spread_and_of_the_size_that_is_told() -> None:
    for shape in (events.TYPICAL, events.SPREAD):
        made = events.made(2_000, shape)
        sent = json.loads(events.body(made))
        assert len({each["id"] for each in sent}) == 2_000
        assert [each["id"] for each in sent] == sorted(each["id"] for each in sent)
        assert 130 <= sum(len(each.data) for each in made) / 2_000 <= 170
    typical, spread = ({(e.account, e.data[:60]) for e in events.made(2_000, s)} for s in ("typical", "spread"))
    assert len(typical) < len(spread)


def test_areas_are_modules_with_figures() -> None:
    for name in (*areas(None), *EXTRA):
        assert callable(import_module(f"benchmarks.{name}").figures)
    assert areas("metering") == ("fold", "door", "inbox", "rollups", "memory")
