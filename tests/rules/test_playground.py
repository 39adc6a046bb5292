"""Events tried in the playground: what becomes of each, and the steps to a quantity, as at the door and in billing."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from catalog.rules.terms import Again, Aggregation, Filter, FilterOp, MetricTerms, Rounding, Window
from metering.queries import admission
from metering.rules import playground
from metering.rules.aggregate import usage
from metering.rules.pasted import MOST_EVENTS, pasted
from metering.rules.playground import event_of, opened, play
from metering.rules.quantities import converted
from metering.rules.states import total
from metering.rules.tried import Owner, Played, Verdict
from monetization.values.errors import Invalid
from tests.rules.build import PLAIN, TOKENS

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


def line(number: object, units: object, time: str = "2026-10-02T00:00:00Z", more: str = "", kind: str = "work") -> str:
    data = f'{{"units": {units}{more}}}'
    return f'{{"id": "{number}", "type": "{kind}", "subject": "acme", "time": "{time}", "data": {data}}}'


def played(metric: MetricTerms, *lines: str, days: playground.Days | None = OCTOBER) -> Played:
    return play(metric, opened(pasted("\n".join(lines)), NOW), {}, zone="UTC", at=NOW, days=days)


def test_each_event_says_what_became_of_it() -> None:
    metric = replace(PLAIN, filters=(Filter("status", FilterOp.IN, ("ok",)),))
    ok = ', "status": "ok"'
    found = played(
        metric, line(1, 1, more=ok), line(1, "1.0", more=ok), line(1, 2, more=ok), line(2, 1, kind="other"),
        line(3, 1), line(4, '"many"', more=ok), line(5, 1, "2026-10-05T13:00:00Z", ok),
        line(6, 1, "2026-09-30T23:59:59Z", ok), "nonsense", '{"id": "7"}', line(8, "true", more=ok),
    )  # fmt: skip
    V = Verdict
    assert [each.verdict for each in found.tried] == [
        V.COUNTED, V.DUPLICATE, V.CONFLICT, V.OTHER, V.FILTERED, V.REFUSED, V.REFUSED, V.OUTSIDE, V.REFUSED, V.REFUSED,
        V.REFUSED,
    ]  # fmt: skip
    assert [each.field for each in found.tried] == [
        "", "", "id", "", "data.status", "data.units", "time", "", "event", "type", "data.units",
    ]  # fmt: skip
    assert all(each.why for each in found.tried[1:])
    (only,) = found.totals
    assert (only.quantity, only.events, found.counted) == (1, 1, 1)


def test_it_looks_as_far_ahead_as_the_door() -> None:
    assert playground.AHEAD == admission.AHEAD


def test_steps_lead_from_the_sum_to_the_rounded_quantity() -> None:
    metric = replace(PLAIN, divisor=Decimal(1000), rounding=Rounding.UP, digits=1)
    (total_,) = played(metric, line(1, 1200), line(2, 1)).totals
    assert [(step.words, step.value) for step in total_.steps] == [
        ("Sum", 1201), ("÷ 1,000", Fraction(1201, 1000)), ("rounded up to 1 decimals", Fraction(13, 10)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("SUM", {}, 42), ("COUNT", {"measures": ()}, 3), ("MAX", {}, 30), ("MIN", {}, 2), ("LATEST", {}, 10),
        ("UNIQUE", {}, 3), ("AVERAGE", {}, 14),
        ("TIME_WEIGHTED", {"of_level": True}, Fraction(30 * 1 + 2 * 1 + 10 * 28, 31)),
        ("TIME_WEIGHTED", {}, Fraction(30 * 30 + 2 * 29 + 10 * 28, 31)),
        pytest.param("SUM", {"window": Window.DAY, "again": Again.MAX}, Fraction(30), ),
        pytest.param("TIME_WEIGHTED", {"of_level": True, "window": Window.HOUR, "again": Again.AVERAGE},
                     Fraction(30 * 1 + 2 * 1 + 10 * 28, 30), ),
    ],
)  # fmt: skip
def test_every_aggregation_comes_to_its_quantity(kind: str, more: dict[str, object], expected: Fraction) -> None:
    metric = replace(PLAIN, aggregation=Aggregation(kind), **more)  # type: ignore[arg-type]
    found = played(
        metric, line(3, 10, "2026-10-04T00:00:00Z"), line(1, 30), line(2, 2, "2026-10-03T00:00:00Z")
    )  # fmt: skip
    (only,) = found.totals
    assert only.quantity == expected
    events = [event_of(each.event, each.time) for each in found.tried if each.event]
    states = [(dims, state) for (_, dims), state in usage(metric, events, [only.period]).items()]
    length = (only.period.ends_at or NOW) - only.period.starts_at
    assert only.quantity == converted(metric, total(metric, states, length))


def test_earlier_events_set_what_a_period_starts_from() -> None:
    level = replace(PLAIN, aggregation=Aggregation.TIME_WEIGHTED, of_level=True)
    found = played(level, line(1, 10, "2026-09-01T00:00:00Z"), line(2, 41))
    assert [each.verdict for each in found.tried] == [Verdict.EARLIER, Verdict.COUNTED]
    assert found.totals[0].quantity == Fraction(10 * 1 + 41 * 30, 31)


def test_values_stand_apart_and_all_together() -> None:
    tokens = '{"id": "%s", "type": "completion", "subject": "acme", "time": "2026-10-02T00:00:00Z", "data": %s}'
    found = played(TOKENS, tokens % (1, '{"model": "a", "input_tokens": 1000000, "output_tokens": 500000}'),
                   tokens % (2, '{"model": "b", "input_tokens": 250000}'))  # fmt: skip
    assert [(one.dims, one.quantity, one.events) for one in found.totals] == [
        ((("model", "a"), ("token_type", "input")), 1, 1),
        ((("model", "a"), ("token_type", "output")), Fraction(1, 2), 1),
        ((("model", "b"), ("token_type", "input")), Fraction(1, 4), 1),
        (None, Fraction(7, 4), 2),
    ]


def test_days_are_those_of_the_account_and_the_month_that_of_its_latest_event() -> None:
    found = opened(pasted(line(1, 5, "2026-09-30T22:30:00Z")), NOW)
    owners = {("acme", found[0].time): Owner("acme", "Europe/Berlin")}
    (only,) = play(PLAIN, found, owners, zone="UTC", at=NOW).totals
    assert only.period.starts_at == datetime(2026, 9, 30, 22, tzinfo=UTC)
    (utc,) = play(PLAIN, found, {}, zone="UTC", at=NOW).totals
    assert utc.period.starts_at == datetime(2026, 9, 1, tzinfo=UTC)


def test_pasted_text_may_be_an_array_lines_or_one_event() -> None:
    one = line(1, "0.1")
    assert pasted(f"[{one}, {one}]") == pasted(f"{one}\n\n{one}") == pasted(one) * 2
    assert pasted(one)[0]["data"]["units"] == Decimal("0.1")
    assert pasted("  ") == []
    for wrong in ("[{]", "x" * 1_000_001, "\n".join(["{}"] * (MOST_EVENTS + 1)), "[" * 100_000):
        with pytest.raises(Invalid):
            pasted(wrong)
