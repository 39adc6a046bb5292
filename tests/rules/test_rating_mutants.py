"""The agreement bites: each of these planted faults of rating, proration and drawdown is seen on random bargains."""

from __future__ import annotations

import inspect
import json
import sys
import textwrap
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from billing.rules import (
    breadths,
    caps,
    composites,
    costs,
    counters,
    coverable,
    drawdown,
    evened,
    fees,
    fixed,
    free,
    instruments,
    owned,
    percentages,
    pools,
    shortfalls,
    taxing,
    whole,
)
from billing.rules.quotes import events, prices, recurring, usage
from billing.rules.quotes.answer import answer_of
from billing.rules.quotes.bodies import decoder
from catalog.rules import charges, coupons, overrides, precedence, spans, transactions, volumes, walks
from tests.bargains import bargain
from tests.golden.quoting import TODAY
from tests.rater import rate
from tests.rules.test_agreement import _balances, _lines

SEEDS = range(1, 10_000, 13)
OURS = ("billing.", "catalog.", "metering.", "monetization.")

# Module, function or Class.method, what is replaced, by what.
Fault = tuple[ModuleType, str, str, str]
FAULTS: dict[str, Fault] = {
    "the free zone ends a step early": (transactions, "FreeZone.charged", "amount > left", "amount * 2 > left"),
    "a minimum fee is a maximum": (transactions, "_clamped", "max(amount", "min(amount"),
    "the fixed fee is left out": (transactions, "charged_events", "+ Fraction(rule.fixed_fee)", "+ 0"),
    "a volume's flat fee at nothing": (volumes, "whole_cost", "units > 0 or", "units >= 0 or"),
    "the fee of the tier before stays": (volumes, "fee_moves", "-old.tier.flat_fee", "old.tier.flat_fee * 0"),
    "a begun block is left out": (charges, "Step.blocks", "ceil(blocks)", "floor(blocks)"),
    "a bound belongs to the tier above": (charges, "Step.entered", "position > self.over", "position >= self.over"),
    "a volume looks at where it began": (volumes, "whole_cost", "step_at(price, position)", "step_at(price, base)"),
    "the position is forgotten": (counters, "Counter._slice", ".position)", ".position * 0)"),
    "time is shared wrongly": (counters, "Counter._shared", "quantity * here", "quantity * passed"),
    "a cut starts a new line": (counters, "Counter._first", "while self._same(", "while not self and self._same("),
    "free units without end": (free, "_Given.take", "min(left, above)", "above"),
    "free units move tiers": (costs, "_legs", "piece.free + piece.inside", "piece.inside"),
    "windows count units as money": (free, "commit_windows", "taken * inside", "taken"),
    "all windows are owed": (free, "commit_windows", "used if windowed.used_only else", "used if False else"),
    "a charge sinks below zero": (evened, "lift", "if lack <= 0 or quantity < 0", "if True"),
    "a commit's price without end": (owned, "_units", "min(quantity, balance / price)", "quantity"),
    "the cheapest metric is billed": (pools, "dearest", "max(found", "min(found"),
    "discounts add up": (percentages, "percent_off", "exact *= 1 - ", "exact -= "),
    "advance is arrears": (fees, "_seen", "is Timing.ADVANCE", "is not Timing.ADVANCE"),
    "composites forget discounts": (composites, "composite_line", "line.open for", "line.amount for"),
    "every stub prorates at its end": (spans, "Span.share", 'if stubs in ("last", "first_and_last")', "if True"),
    "no stub prorates at its start": (spans, "Span.share", 'if stubs in ("first", "first_and_last")', "if False"),
    "months of thirty days have 31": (spans, "days_of_30", "min(end.day, 30)", "end.day"),
    "a quantity starts a day late": (recurring, "_quantity", "since <= day", "since < day"),
    "wide discounts first": (fixed, "fixed_discounts", "(breadth(", "(-breadth("),
    "discounts never count as spend": (whole, "true_ups", "line.kept_in(when) for", "Fraction(0) for"),
    "caps take the first line first": (caps, "caps", "reversed(fitting)", "fitting"),
    "a minimum never prorates": (breadths, "exact_of", "if bound.prorates", "if False"),
    "a discount on a stub is whole": (fixed, "_prorated", "Fraction(discount.amount) * share", "discount.amount"),
    "a balance is drawn in money": (drawdown, "_draw", "/ Fraction(balance.instrument.rate)", "/ 1"),
    "scoped credits cover true-ups": (coverable, "_may", "if line.kind is LineKind.TRUE_UP", "if False"),
    "an instrument outlives its last day": (shortfalls, "ends_here", "end <= last", "end < last"),
    "high priority numbers first": (instruments, "_order", "first, each.priority", "first, -each.priority"),
    "rolled over comes last": (instruments, "_order", "0 if each.rolled_over", "3 if each.rolled_over"),
    "no credit lowers the tax": (taxing, "taxes_of", "or line.lowers_tax", "or False"),
    "the latest value takes a new price at once": (usage, "Usage.waits", "not in INCREMENTS", "in ()"),
    "the list wins over the contract": (precedence, "_rank", "return -level, ", "return level, "),
    "a hidden row stays in force": (overrides, "layered", "match <= set(price.match)", "False"),
    "multipliers on the contract's own price": (overrides, "multiplied", "price.level is Level.CONTRACT", "False"),
    "multipliers add up": (overrides, "multiplied", "EXACT.multiply(factor, each.factor)", "factor + each.factor - 1"),
    "flat fees are never multiplied": (overrides, "_tier", "EXACT.multiply(tier.flat_fee, factor)", "tier.flat_fee"),
    "clamps are never multiplied": (overrides, "_transaction", "minimum_fee=scaled(", "minimum_fee=("),
    "the last multiplier comes first": (overrides, "_chosen", "line[0]", "line[-1]"),
    "an override's last day isn't served": (prices, "period_of", "end=True", "end=False"),
    "a coupon stands a period too long": (coupons, "in_period", "number < periods", "number <= periods"),
    "a rest is given again": (coupons, "in_period", "EXACT.subtract(whole, taken)", "whole"),
    "repeats are counted": (events, "_once", "(event.source, event.id) not in seen", "True"),
}  # fmt: skip


@cache
def known(seed: int) -> tuple[dict[str, Any], Any]:
    """A bargain, and what it comes to."""
    body = bargain(seed)
    answer = rate(body)
    return body, (_lines(answer), _balances(answer), [answer["net"], answer["tax"]])


def plant(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """Put a fault into the running code, wherever the function is known."""
    module, name, old, new = fault
    owner, _, method = name.rpartition(".")
    holder: Any = getattr(module, owner) if owner else module
    before = inspect.getattr_static(holder, method)
    is_property = isinstance(before, property)
    source = textwrap.dedent(inspect.getsource(before.fget if is_property else before))
    assert old in source, f"{name} has changed"
    scope = dict(module.__dict__)
    exec(compile(source.replace(old, new), module.__file__ or "", "exec"), scope)
    after = scope[method]
    if owner:
        monkeypatch.setattr(holder, method, after)
        return
    for each in [found for key, found in sys.modules.items() if key.startswith(OURS)]:
        if each.__dict__.get(method) is before:
            monkeypatch.setattr(each, method, after)
    for key in [key for key, value in walks.WALKS.items() if value is before]:
        monkeypatch.setitem(walks.WALKS, key, after)


def is_right(seed: int) -> bool:
    body, expected = known(seed)
    asked = decoder.decode(json.dumps(body))
    answer = answer_of(sys.modules["billing.rules.quotes.quote"].quote(asked, TODAY), asked.currency, asked.booked)
    sums = [answer["net"], answer["tax"]]
    return (_lines(answer), _balances(answer), [type(expected[2][0])(each) for each in sums]) == expected


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_seen(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert is_right(SEEDS[0])
    plant(monkeypatch, FAULTS[name])
    assert not all(is_right(seed) for seed in SEEDS)
