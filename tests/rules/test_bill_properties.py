"""What holds for every bill: properties over random bargains, and a contract's life as a state machine."""

from __future__ import annotations

import json
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from billing.rules.quotes.answer import answer_of
from billing.rules.quotes.bodies import decoder
from billing.rules.quotes.quote import quote
from tests.bargains import bargain
from tests.golden.quoting import TODAY

Body = dict[str, Any]
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 1_000_000)


def rated(body: Body) -> Body:
    asked = decoder.decode(json.dumps(body))
    return answer_of(quote(asked, TODAY), asked.currency, asked.booked)


def money(answer: Body) -> tuple[str, str]:
    return answer["net"], answer["tax"]


@EXAMPLES
@given(seeds, st.randoms(use_true_random=False))
def test_order_batching_and_repeats_of_usage_change_nothing(seed: int, chance: Any) -> None:
    body = bargain(seed)
    events = [event | {"id": event.get("id", f"n{number}")} for number, event in enumerate(body.get("usage", []))]
    places = {(event.get("at"), event.get("charge")) for event in events}
    assume(len(places) == len({(event.get("source", "api"), event["id"]) for event in events}))
    mixed = [*events, *chance.sample(events, len(events) // 2)]
    chance.shuffle(mixed)
    assert rated(body | {"usage": mixed}) == rated(body | {"usage": events})


@EXAMPLES
@given(seeds, st.integers(0, 27), st.integers(0, 23))
def test_a_cut_without_new_terms_changes_nothing(seed: int, day: int, hour: int) -> None:
    body = bargain(seed)
    first = (body.get("period") or body.get("cycle"))["start_date"]
    at = f"{date.fromisoformat(first) + timedelta(days=day)}T{hour:02}:17:00Z"
    cut = {"id": "nothing", "kind": "credit", "balance": "0", "starts_on": at}
    plain, with_cut = rated(body), rated(body | {"instruments": [*body.get("instruments", []), cut]})
    assert [each["lines"] for each in with_cut["invoices"]] == [each["lines"] for each in plain["invoices"]]


@EXAMPLES
@given(seeds)
def test_nothing_is_covered_twice_and_no_balance_is_overdrawn(seed: int) -> None:
    for invoice in rated(bargain(seed))["invoices"]:
        for each in invoice["instruments"]:
            before, drawn, expired, after = (Fraction(each[name]) for name in ("before", "drawn", "expired", "after"))
            assert before == drawn + expired + after
            assert min(drawn, expired, after) >= 0
        lines = invoice["lines"]
        for number, line in enumerate(lines):
            taken = sum((Fraction(each["amount"]) for each in lines if each["of"] == number), Fraction(0))
            assert min(Fraction(0), Fraction(line["amount"])) <= Fraction(line["amount"]) + taken
        assert Fraction(invoice["net"]) == sum((Fraction(line["amount"]) for line in lines), Fraction(0))


@EXAMPLES
@given(seeds)
def test_steps_share_the_amount_of_their_line(seed: int) -> None:
    for invoice in rated(bargain(seed))["invoices"]:
        for line in invoice["lines"]:
            if line["steps"] and line["kind"] in ("usage", "recurring", "one_time"):
                assert sum(Fraction(step["amount"]) for step in line["steps"]) == Fraction(line["amount"])


@EXAMPLES
@given(seeds, st.integers(0, 5_000), st.integers(0, 5_000))
def test_a_minimum_and_a_cap_hold(seed: int, low: int, more: int) -> None:
    body = {name: value for name, value in bargain(seed).items() if name not in ("instruments", "kind")}
    body["charges"] = [{n: v for n, v in each.items() if n not in ("minimum", "maximum")} for each in body["charges"]]
    held = body | {"minimums": [{"amount": str(low), "prorate": False}], "maximums": []}
    held["discounts"] = [{**each, "counts_for_minimum": False} for each in body.get("discounts", [])]
    assert all(Fraction(each["net"]) >= low for each in rated(held)["invoices"])
    capped = held | {"minimums": [], "maximums": [{"amount": str(more), "prorate": False}]}
    assert all(Fraction(each["net"]) <= more for each in rated(capped)["invoices"])


@EXAMPLES
@given(seeds)
def test_what_was_booked_and_the_difference_are_the_whole(seed: int) -> None:
    body = bargain(seed)
    early = rated(body | {"usage": body.get("usage", [])[::2], "booked": "0"})
    late = rated(body | {"booked": early["net"]})
    assert Fraction(early["net"]) + Fraction(late["difference"]) == Fraction(rated(body)["net"])


@EXAMPLES
@given(seeds, st.integers(1, 500))
def test_a_credit_never_raises_what_is_due(seed: int, balance: int) -> None:
    body = bargain(seed)
    credit = {"id": "gift", "kind": "credit", "balance": str(balance), "priority": 9}
    given_one = rated(body | {"instruments": [*body.get("instruments", []), credit]})
    plain = Fraction(rated(body)["net"])
    assert plain - balance <= Fraction(given_one["net"]) <= plain


def test_a_balance_in_a_pricing_unit_pays_at_its_rate() -> None:
    units = [{"key": "token", "rate": "0.25"}]
    tokens = {"id": "t", "kind": "prepaid", "balance": "10", "pricing_unit": "token"}
    usage = [{"charge": "api", "quantity": "7"}]
    charges = [{"key": "api", "prices": [{"unit_price": "1"}]}]
    answer = rated(
        {"currency": "USD", "charges": charges, "usage": usage, "pricing_units": units, "instruments": [tokens]}
    )
    assert answer["net"] == "4.50"  # 10 tokens are worth 2.50
    assert answer["invoices"][0]["instruments"][0] == {
        "id": "t", "before": "10", "drawn": "10", "expired": "0", "after": "0",
    }  # fmt: skip


def test_what_a_commit_prices_is_kept_for_it() -> None:
    own = {"id": "c", "kind": "prepaid", "balance": "10", "prices": [{"charge": "b", "unit_price": "1"}]}
    charges = [{"key": name, "prices": [{"unit_price": "2"}]} for name in ("a", "b")]
    usage = [{"charge": "a", "quantity": "4"}, {"charge": "b", "quantity": "7"}]
    (invoice,) = rated({"currency": "USD", "charges": charges, "usage": usage, "instruments": [own]})["invoices"]
    covered = {line["of"]: line["amount"] for line in invoice["lines"] if line["kind"] == "drawdown"}
    assert covered == {0: "-3.00", 1: "-7.00"}  # 7 units at 1 first, the other 3.00 on what is left


def running(life: ContractLife) -> bool:
    """Say whether the contract still serves."""
    return life.end is None or life.today <= life.end


class ContractLife(RuleBasedStateMachine):
    """A contract is amended, used, granted commits that expire, cancelled and renewed; what is past never changes."""

    @initialize()
    def sign(self) -> None:
        self.start = date(2026, 1, 31)
        self.end: date | None = None
        self.today = self.start
        self.months = 1
        self.frozen: list[Body] = []
        self.body: Body = {
            "currency": "USD", "charges": [
                {"key": "api", "prices": [{"unit_price": "0.10"}], "free_units": "5"},
                {"key": "fee", "kind": "recurring", "unit_price": "31"},
            ], "usage": [], "instruments": [],
        }  # fmt: skip

    def answer(self) -> Body:
        cycle = {"start_date": str(self.start), "anchor": "31", "until": str(self.today)}
        end = {"end_date": str(self.end)} if self.end is not None else {}
        return rated(self.body | {"cycle": cycle | end})

    @precondition(running)
    @rule(days=st.integers(0, 60))
    def cancel(self, days: int) -> None:
        self.end = self.today + timedelta(days=days)

    @precondition(running)
    @rule(days=st.integers(1, 90))
    def renew(self, days: int) -> None:
        self.end = self.end + timedelta(days=days) if self.end is not None else None

    @precondition(running)
    @rule(quantity=st.decimals(0, 200, places=2), hour=st.integers(0, 23))
    def use(self, quantity: Any, hour: int) -> None:
        at = f"{self.today}T{hour:02}:00:00Z"
        self.body["usage"].append(
            {"charge": "api", "quantity": str(quantity), "at": at, "id": str(len(self.body["usage"]))}
        )

    @precondition(running)
    @rule(price=st.decimals(0, 2, places=3))
    def amend(self, price: Any) -> None:
        self.body["charges"][0]["prices"].append({"unit_price": str(price), "starts_on": str(self.today)})

    @precondition(running)
    @rule(seats=st.integers(0, 9))
    def change_seats(self, seats: int) -> None:
        self.body["charges"][1].setdefault("quantities", []).append({"date": str(self.today), "quantity": str(seats)})

    @precondition(running)
    @rule(balance=st.integers(1, 60), days=st.integers(0, 70), prepaid=st.booleans())
    def grant(self, balance: int, days: int, prepaid: bool) -> None:
        kind = "prepaid" if prepaid else "credit"
        until = self.today + timedelta(days=days)
        self.body["instruments"].append({
            "id": f"{kind}-{len(self.body['instruments'])}", "kind": kind, "balance": str(balance),
            "starts_on": str(self.today), "ends_on": str(until),
        })  # fmt: skip

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.today += timedelta(days=days)
        done = self.answer()["invoices"][:-1]
        self.frozen += done[len(self.frozen) :]

    @invariant()
    def the_past_stays(self) -> None:
        found = self.answer()["invoices"]
        for old, new in zip(self.frozen, found, strict=False):
            assert (old["lines"], old["net"]) == (new["lines"], new["net"])

    @invariant()
    def balances_hold(self) -> None:
        left: dict[str, Fraction] = {}
        for invoice in self.answer()["invoices"]:
            for each in invoice["instruments"]:
                before, after = Fraction(each["before"]), Fraction(each["after"])
                assert before == left.get(each["id"], before)
                assert 0 <= after <= before
                left[each["id"]] = after

    @invariant()
    def nothing_is_negative(self) -> None:
        for invoice in self.answer()["invoices"]:
            assert Fraction(invoice["net"]) >= 0
            assert not invoice["unpriced"]


TestContractLife = ContractLife.TestCase
TestContractLife.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
