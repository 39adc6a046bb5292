"""Cases that our rules decide otherwise, and cases that a quote can't say yet.

``DECIDED`` tells which by what a case says, where that can be told, and quotes the rule that stands against it: as
the rules say it, and as a page of the documentation does. ``OPEN`` are no contradictions.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from tests.golden import spans
from tests.golden.members import Body, Unknown, text

Predicate = Callable[[Body], bool]


class Decided(NamedTuple):
    """Cases that contradict a rule. ``page`` is how the documentation words it."""

    name: str
    matches: Predicate
    rule: str
    page: str
    why: str


class Open(NamedTuple):
    """Cases that can't be asked, or whose answer waits for a decision."""

    name: str
    matches: Predicate
    why: str


def named(*names: str) -> Predicate:
    """Cases of prose, which nothing but a name tells apart."""
    return lambda case: case["id"] in names


def _time_in_key(case: Body) -> bool:
    return case["kind"] == "dedup" and "timestamp" in case["config"]["dedup_key"]


def _no_money_but_transactions(case: Body) -> bool:
    if case.get("model") != "percentage" or "running_totals" not in case["usage"]:
        return False
    return Fraction(case["usage"]["units"]) == 0 and Fraction(case["usage"]["count"]) > 0


def _seat_events(case: Body) -> list[Body]:
    tiered = case["kind"] == "proration" and case.get("model") == "graduated"
    return list(case["usage"]["events"]) if tiered else []


def _below_zero(case: Body) -> bool:
    level, levels = Fraction(0), []
    for event in _seat_events(case):
        level += Fraction(event["units"])
        levels.append(level)
    return any(level < 0 for level in levels)


def _out_of_order(case: Body) -> bool:
    left = [Fraction(event["prorated_units"]) / Fraction(event["units"]) for event in _seat_events(case)]
    return any(later > earlier for earlier, later in zip(left, left[1:], strict=False))


def _shares_of_cents(case: Body) -> bool:
    coupons = case["config"].get("coupons", []) if case["kind"] == "coupon" else []
    return any(isinstance(one, dict) and one["applies_to"] != "all" for one in coupons)


def _inside_a_day(case: Body) -> bool:
    grant = case["kind"] == "proration" and case.get("model") == "credit_grants"
    return grant and not case["usage"]["at"].endswith("T00:00:00Z")


def _months_of_30(case: Body) -> bool:
    """Whether a count by months of thirty differs from the calendar's."""
    if "fixed_days_in_month" not in (case.get("config") or {}):
        return False
    first, end = spans.day_of(case["usage"]["from"]), spans.day_of(case["usage"]["to"])
    return (end - first).days != _by_30(end) - _by_30(first)


def _by_30(day: date) -> int:
    return day.year * 360 + day.month * 30 + min(day.day, 30)


def _factor_without_inverse(case: Body) -> bool:
    config = case.get("config") or {}
    if config.get("operation") != "multiply":
        return False
    try:
        text(1 / Fraction(config["factor"]))
    except Unknown:
        return True
    return False


def _exact_true_up(case: Body) -> bool:
    """A minimum whose share of the period doesn't end."""
    config = case.get("config") or {}
    if case.get("model") != "charge_minimum":
        return False
    share = Fraction(config["min_amount_cents"]) * config["days"] / config["days_in_period"]
    return any(key.startswith("precise_") for key in case["expected"]) and share.denominator != 1


DECIDED = [
    Decided(
        "a key of an event with its time",
        _time_in_key,
        "**Exactly once** per (environment, source, id), for ever.",
        "An event is counted **once** for an (environment, source, id).",
        "They count an id again that comes with another time; here it is a conflict, and the first stays.",
    ),
    Decided(
        "transactions of no money",
        _no_money_but_transactions,
        "the free zone ends at whichever allowance is used first; the crossing transaction pays on the excess plus its"
        " whole fixed fee",
        "each transaction: percent of its amount plus fixed fee, clamped",
        "They bill nothing where the amounts sum to zero; here transactions beyond the free ones pay their fixed fee.",
    ),
    Decided(
        "more units given back than there were",
        _below_zero,
        "A negative position prices as minus the price of its absolute value, without flats; units given back leave the"
        " latest parts first; a negative total becomes a credit note.",
        "A negative position costs minus the price of its absolute value, without flat fees.",
        "They stop at zero.",
    ),
    Decided(
        "seats in an order that time can't have",
        _out_of_order,
        "An event belongs to the period of its `time`, whenever it arrives and in whatever order.",
        "`quantities` (`[{\"date\", \"quantity\"}]`: from that day)",
        "A later change has more of the period left than an earlier one; they price each in the order of the list.",
    ),
    Decided(
        "parts of cents off a line",
        _shares_of_cents,
        "fixed discounts on the rounded lines (never below zero; largest remainder, ties to the earlier line; narrow"
        " scope first, then start, then id)",
        "A rounded amount is split by largest remainder, ties to the earlier part, and nothing is lost",
        "They keep fractions of cents on each line and tax those.",
    ),
    Decided(
        "half a day of a grant",
        _inside_a_day,
        "Proration of recurring charges and grants by days of the account's calendar",
        "amount × days of the span ÷ days of the full period",
        "They prorate by seconds; here the day counts in full.",
    ),
    Decided(
        "rounding to whole dollars",
        named("M35"),
        "Amounts stay exact (rational where a fraction never ends, such as 1/31) until the **line**, which is rounded"
        " once to the currency's minor unit",
        "The line is rounded once, to the minor unit of ISO 4217, half away from zero, below zero too.",
        "They may round to other digits than the currency's.",
    ),
    Decided(
        "volume on a threshold invoice",
        named("S08"),
        "A THRESHOLD invoice bills the period so far through steps 1–4 without minimums, true-ups and volume charges,"
        " minus earlier ones; the period's invoice bills the whole less those.",
        "the period so far, without minimums, true-ups and volume charges",
        "They bill volume prices at a threshold and owe money back as soon as the next tier is entered.",
    ),
    Decided(
        "a minimum that is paid back",
        named("T02"),
        "A minimum adds a true-up line",
        "`minimums`, `maximums`: `amount`, `scope`, `pricing_unit`, `prorate` (default true).",
        "They return what was not used of a minimum billed ahead; here it stays due, as a minimum is.",
    ),
]  # fmt: skip

OPEN = [
    Open("recharge", named("M18"), "whether to buy again is decided from a balance, and is no part of a quote"),
]


def decided(case: Body) -> Decided | None:
    """The rule that a case contradicts."""
    return next((one for one in DECIDED if one.matches(case)), None)


def unasked(case: Body) -> Open | None:
    """Why a case can't be asked or answered yet."""
    return next((one for one in OPEN if one.matches(case)), None)
