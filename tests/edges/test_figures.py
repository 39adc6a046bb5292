"""The bench says each figure in one line that a machine can read."""

import re

from benchmarks.figures import Figure, spread

LINE = re.compile(r"^[a-z]+\.\w+ = \S+ .+?( \(aim .+\))?$")


def test_a_figure_is_one_line() -> None:
    assert Figure("fold_10k", "0.75", "R", "≥ 0.75 R").line("metering") == "metering.fold_10k = 0.75 R (aim ≥ 0.75 R)"
    assert Figure("R", "34000", "events/s").line("metering") == "metering.R = 34000 events/s"


def test_durations_are_told_by_median_and_99_percent() -> None:
    seconds = [number / 1000 for number in range(1, 102)]
    lines = [figure.line("pages") for figure in spread("portal", seconds, "≤ 10 ms")]
    assert lines == ["pages.portal_median = 51.0 ms", "pages.portal_p99 = 100.0 ms (aim ≤ 10 ms)"]
    assert all(LINE.match(line) for line in lines)
