"""Cases and worked examples of other systems through our quotes, to the last digit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.golden import adapter, vendors
from tests.golden.answers import Desk, Refused
from tests.golden.contradictions import DECIDED, OPEN, decided, unasked
from tests.golden.figures import only_unanswered
from tests.golden.members import Body, Unknown
from tests.golden.quoting import QUOTES

HERE = Path(__file__).parent
PAGES = HERE.parent.parent / "docs"


def read(name: str) -> list[Body]:
    """Read a file of cases."""
    found: list[Body] = json.loads((HERE / name).read_text(encoding="utf-8"))
    return found


PEERS, VENDORS, OWN = read("peers.json"), read("vendors.json"), read("own.json")
CASES = [*PEERS, *VENDORS]
ENGINE = next(iter(QUOTES))


def said_of(case: Body, by: str = ENGINE) -> list[str]:
    """Say where a case and our quotes differ."""
    if "config" not in case and case["id"] not in vendors.EXAMPLES:
        return ["nothing was asked"]
    try:
        if "config" in case:
            return adapter.differences(case, QUOTES[by])
        return vendors.differences(case["id"], Desk(QUOTES[by], "USD"))
    except Refused as error:
        return [f"refused: {error}"]


def named(cases: list[Body]) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in cases]


@pytest.mark.parametrize("by", QUOTES)
@pytest.mark.parametrize("case", named(CASES))
def test_case(case: Body, by: str) -> None:
    said = said_of(case, by)
    rule, waiting = decided(case), unasked(case)
    if by != ENGINE and said and only_unanswered(said):
        return  # the plain rater prints no steps
    if waiting:
        assert said, f"{case['id']} can be asked now: {waiting.why}"
    elif rule:
        assert said, f"{case['id']} is right; “{rule.name}” says too much"
    else:
        assert not said


@pytest.mark.parametrize("by", QUOTES)
@pytest.mark.parametrize("case", named(OWN))
def test_case_of_our_own(case: Body, by: str) -> None:
    """More of the same kinds, worked out by hand."""
    said = said_of(case, by)
    assert not said or (by != ENGINE and only_unanswered(said))


def test_nine_of_ten_pass() -> None:
    said = {case["id"]: said_of(case) for case in CASES}
    unanswered = [name for name, found in said.items() if found and only_unanswered(found)]
    passed = [name for name, found in said.items() if not found]
    assert len(passed) * 10 >= (len(said) - len(unanswered)) * 9


def test_what_is_listed_is_there() -> None:
    for name, matches in [(one.name, one.matches) for one in DECIDED] + [(one.name, one.matches) for one in OPEN]:
        assert any(matches(case) for case in CASES), f"nothing is “{name}”"


def test_contradicted_sentences_stand_in_the_documentation() -> None:
    pages = " ".join(" ".join(page.read_text(encoding="utf-8").split()) for page in sorted(PAGES.glob("*.md")))
    for one in DECIDED:
        assert one.page in pages or one.rule in pages, f"no page says “{one.page}”"


ASKED = [case for case in PEERS if not unasked(case)]


@pytest.mark.parametrize("case", named(ASKED))
def test_an_unknown_member_is_refused(case: Body) -> None:
    with pytest.raises(Unknown):
        adapter.figures({**case, "config": {**case["config"], "surprise": "1"}}, QUOTES[ENGINE])


@pytest.mark.parametrize("case", named(ASKED))
def test_figures_need_no_name_and_no_result(case: Body) -> None:
    asked = {name: value for name, value in case.items() if name not in ("id", "expected", "note", "source")}
    assert adapter.figures(asked, QUOTES[ENGINE])


def test_the_adapter_knows_no_case() -> None:
    shared = {"vendors.py", "commits.py", "contradictions.py"}
    modules = [path for path in HERE.glob("*.py") if path.name not in shared]
    written = "".join(path.read_text(encoding="utf-8") for path in modules)
    assert not [case["id"] for case in PEERS if case["id"] in written]
