"""Policies as values: when they apply, whom they ask in which order, when a step is overdue, who may never decide."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monetization.foundation.rules import deadlines, deciding
from monetization.foundation.rules.conditions import Condition, Operator
from monetization.foundation.rules.deciding import Acting, Hat
from monetization.foundation.rules.facts import facts_in, read, stored
from monetization.foundation.rules.makers import Tie, related, why_not
from monetization.foundation.rules.needed import need
from monetization.foundation.rules.notices import digest_day, mentioned
from monetization.foundation.rules.policies import Asked, PolicyRule, Requirement, requirements
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Invalid

HEAD, FINANCE, REVOPS, PRODUCT = Role.HEAD, Role.FINANCE, Role.REVOPS, Role.PRODUCT
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def rule(name: str, *asked: Asked, when: tuple[Condition, ...] = (), **more: object) -> PolicyRule:
    return PolicyRule(name, asked, when, **more)  # type: ignore[arg-type]


def above(fact: str, bound: int) -> Condition:
    return Condition(fact, Operator.ABOVE, Decimal(bound))


@pytest.mark.parametrize(
    ("operator", "below", "same", "over"),
    [
        (Operator.ABOVE, False, False, True),
        (Operator.AT_LEAST, False, True, True),
        (Operator.BELOW, True, False, False),
        (Operator.AT_MOST, True, True, False),
    ],
)
def test_numbers_are_compared_as_their_words_say(operator: Operator, below: bool, same: bool, over: bool) -> None:
    condition = Condition("discount_percent", operator, Decimal(20))
    found = [condition.judge({"discount_percent": Decimal(n)}).holds for n in ("19.999", "20.000", "20.001")]
    assert found == [below, same, over]


def test_words_are_compared_as_sets() -> None:
    any_of, none_of = (Condition("currency", one, words=("EUR", "USD")) for one in (Operator.ANY_OF, Operator.NONE_OF))
    for words, holds in ((["EUR", "JPY"], True), (["JPY"], False), ([], False)):
        assert any_of.judge({"currency": frozenset(words)}).holds is holds
        assert none_of.judge({"currency": frozenset(words)}).holds is not holds


@pytest.mark.parametrize("facts", [{}, {"margin_percent": frozenset({"EUR"})}])
@pytest.mark.parametrize("operator", list(Operator))
def test_an_unknown_fact_applies_and_says_so(operator: Operator, facts: dict[str, frozenset[str]]) -> None:
    condition = Condition("margin_percent", operator, Decimal(30), ("x",))
    if operator.is_words and facts:
        return
    finding = condition.judge(facts)
    assert (finding.holds, finding.is_known, finding.why) == (True, False, "margin percent is not known")


def test_all_conditions_must_hold_and_the_first_that_fails_is_the_reason() -> None:
    deep = rule("Deep", Asked(HEAD), when=(above("discount_percent", 20), above("length_months", 24)))
    facts = {"discount_percent": Decimal(30), "length_months": Decimal(12)}
    assert requirements([deep], facts) == ()
    assert deep.judge(facts).why == "length months is 12 (not above 24)"
    (asked,) = requirements([deep], facts | {"length_months": Decimal(36)})
    assert asked.why == "discount percent is 30 (above 20); length months is 36 (above 24)"
    (unsure,) = requirements([deep], {"discount_percent": Decimal(30)})
    assert unsure.why == "discount percent is 30 (above 20); length months is not known"


def asks(policy: str, role: Role, how_many: int = 1, step: int = 1, **more: object) -> Requirement:
    return Requirement(policy, "always", role, how_many, step, **more)  # type: ignore[arg-type]


def test_steps_come_one_after_the_other() -> None:
    needed = [asks("A", FINANCE, 2), asks("A", PRODUCT), asks("A", HEAD, step=2)]
    assert deciding.in_turn(needed, []) == ((FINANCE, 2), (PRODUCT, 1))
    assert deciding.in_turn(needed, [FINANCE, PRODUCT]) == ((FINANCE, 1),)
    assert deciding.in_turn(needed, [FINANCE, FINANCE, PRODUCT]) == ((HEAD, 1),)
    assert deciding.in_turn(needed, [FINANCE, FINANCE, PRODUCT, HEAD]) == ()


def test_a_role_waits_for_every_policy_that_puts_somebody_before_it() -> None:
    needed = [asks("A", FINANCE), asks("A", HEAD, step=2), asks("B", HEAD)]
    assert deciding.in_turn(needed, []) == ((FINANCE, 1),)


def test_policies_that_order_the_same_roles_against_each_other_ask_both_at_once() -> None:
    needed = [asks("A", FINANCE), asks("A", HEAD, step=2), asks("B", HEAD), asks("B", FINANCE, step=2)]
    assert deciding.in_turn(needed, []) == ((FINANCE, 1), (HEAD, 1))


ROLES = st.sampled_from([HEAD, FINANCE, REVOPS, PRODUCT])
ASKED = st.builds(asks, st.sampled_from("ABC"), ROLES, st.integers(1, 3), st.integers(1, 3))


@given(st.lists(ASKED, max_size=8))
def test_whatever_policies_ask_somebody_is_in_turn_until_nobody_is_missing(needed: list[Requirement]) -> None:
    given_: list[Role] = []
    for _ in range(13):
        turn = deciding.in_turn(needed, given_)
        assert set(turn) <= set(deciding.outstanding(needed, given_))
        if not turn:
            break
        given_.append(turn[0][0])
    assert deciding.outstanding(needed, given_) == ()


def test_own_roles_come_before_those_of_others_and_before_overdue_ones() -> None:
    turn, instead = ((FINANCE, 1), (HEAD, 1)), {FINANCE: {HEAD}}
    assert deciding.acting_as(turn, [Hat(HEAD)], instead) == Acting(HEAD, HEAD)
    assert deciding.acting_as(turn, [Hat(HEAD), Hat(FINANCE, 7)], instead) == Acting(FINANCE, FINANCE, 7)
    assert deciding.acting_as(turn, [Hat(FINANCE, 7)], instead, taken={7}) is None
    assert deciding.acting_as(turn[:1], [Hat(HEAD)], instead) == Acting(FINANCE, HEAD)
    assert deciding.acting_as(turn[:1], [Hat(HEAD)], {}) is None
    assert deciding.as_head([Hat(HEAD, 7)]) is None


def test_a_step_is_overdue_after_its_own_hours() -> None:
    needed = [asks("A", FINANCE, deadline_hours=24), asks("A", HEAD, step=2, deadline_hours=24, escalate_to=REVOPS)]
    day = timedelta(hours=24)

    def late(given_: list[tuple[Role, datetime]], at: datetime) -> list[tuple[Role, datetime]]:
        return [(one.requirement.role, one.since) for one in deadlines.overdue(needed, given_, AT, at)]

    assert late([], AT + day) == []
    assert late([], AT + day + timedelta(microseconds=1)) == [(FINANCE, AT + day)]
    agreed = [(FINANCE, AT + timedelta(hours=20))]
    assert late(agreed, AT + timedelta(hours=43)) == []
    assert late(agreed, AT + timedelta(hours=45)) == [(HEAD, AT + timedelta(hours=44))]
    assert late([*agreed, (HEAD, AT + timedelta(hours=45))], AT + 9 * day) == []


# -- maker never checks

MAKER, OTHER, DECIDER, ABSENT = 1, 2, 3, 4
TIES = {
    "none": (),
    "decider stands in for a maker": (Tie(MAKER, DECIDER),),
    "a maker stands in for the decider": (Tie(DECIDER, MAKER),),
    "decider stands in for somebody else": (Tie(OTHER, DECIDER),),
    "somebody else stands in for a maker": (Tie(MAKER, OTHER),),
}


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("is_maker", [True, False])
@pytest.mark.parametrize("in_name_of", [None, MAKER, ABSENT])
def test_nobody_related_to_a_maker_decides(ties: str, is_maker: bool, in_name_of: int | None) -> None:
    """The whole table: made it himself or not × tied to a maker or not × in whose name."""
    makers = {MAKER, DECIDER} if is_maker else {MAKER}
    refused = why_not(DECIDER, makers, TIES[ties], in_name_of)
    tied = ties in {"decider stands in for a maker", "a maker stands in for the decider"}
    assert (refused is not None) == (is_maker or tied or in_name_of == MAKER)


@given(st.sets(st.integers(1, 6)), st.sets(st.tuples(st.integers(1, 6), st.integers(1, 6))), st.integers(1, 6))
def test_the_people_barred_are_those_who_are_refused(makers: set[int], pairs: set[tuple[int, int]], who: int) -> None:
    ties = [Tie(*pair) for pair in pairs]
    assert (who in related(makers, ties)) == (why_not(who, makers, ties) is not None)


# -- what approval would it need


def test_the_need_says_who_in_which_order_and_why() -> None:
    rules = [
        rule("Every contract", Asked(REVOPS)),
        rule("Deep", Asked(FINANCE, 2), Asked(HEAD, step=2), when=(above("discount_percent", 20),)),
        rule("Yen", Asked(HEAD), when=(Condition("currency", Operator.ANY_OF, words=("JPY",)),)),
    ]
    found = need(rules, [{"discount_percent": Decimal(25), "currency": frozenset({"EUR"})}])
    assert found.sentence == "Needs 1 × RevOps and 2 × Finance, then 1 × Head of monetization."
    assert [(c.rule.name, c.finding.holds, c.finding.is_known) for c in found.considered] == [
        ("Every contract", True, True), ("Deep", True, True), ("Yen", False, True),
    ]  # fmt: skip
    assert [each.policy for each in found.steps[-1].because] == ["Deep"]
    assert need(rules, [{}]).unknown[-1].rule.name == "Yen"
    assert need([], [{}]).sentence == "No policy says who approves this, so nobody can."


def test_things_decided_together_need_what_each_of_them_needs() -> None:
    rules = [rule("Deep", Asked(HEAD), when=(above("discount_percent", 20),)), rule("Any", Asked(FINANCE))]
    for several in permutations([{"discount_percent": Decimal(1)}, {"discount_percent": Decimal(30)}]):
        assert {one.role for one in need(rules, several).steps} == {HEAD, FINANCE}


# -- facts and notices


def test_facts_are_read_as_they_were_kept() -> None:
    facts = {"total": Decimal("12.50"), "currency": frozenset({"USD", "EUR"})}
    assert stored(facts)["currency"] == ["EUR", "USD"]
    assert read({"total": "12.5", "currency": ["EUR", "USD"]}) == facts


@pytest.mark.parametrize("value", [True, None, "", "NaN", "abc", {"a": 1}, [1], "9" * 70])
def test_what_is_no_fact_is_named(value: object) -> None:
    with pytest.raises(Invalid) as error:
        facts_in({"total": value})
    assert error.value.field == "facts.total"


def test_a_name_means_whom_it_means_alone() -> None:
    people = {"chen@example.com": 1, "mia@example.com": 2, "mia@lumen.example": 3}
    said = {
        "@chen please": (1,), "(@chen.)": (1,), "@CHEN and @mia@example.com": (1, 2), "@mia": (), "x@chen.com": (),
        "@nobody": (), "mail chen@example.com": (),
    }  # fmt: skip
    assert {text: mentioned(text, people) for text in said} == said


@pytest.mark.parametrize(("hour", "last", "due"), [(7, None, False), (8, None, True), (23, 0, False), (23, 1, True)])
def test_a_digest_is_due_once_a_day_from_eight_on(hour: int, last: int | None, due: bool) -> None:
    at = datetime(2026, 1, 5, hour - 1, 30, tzinfo=UTC)  # Berlin is an hour ahead
    before = None if last is None else at.date() - timedelta(days=last)
    assert (digest_day(at, "Europe/Berlin", before) is not None) is due


def test_every_operator_is_said() -> None:
    for operator, name in product(Operator, ("total", "currency")):
        assert Condition(name, operator, Decimal(1), ("a",)).sentence.startswith(f"{name} is ")
