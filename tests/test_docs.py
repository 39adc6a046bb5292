"""What README and docs say is so: links, commands, pictures, states, tests named, and every worked number.

A table after `<!-- asserted: name -->` is computed again by the checker of that name; one without the other fails.
"""

import ast
import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from billing.actions.documents import MOST_ATTEMPTS
from billing.rules import anomalies, lifecycle, tax
from billing.rules.pots import Pot
from billing.rules.rating import rate
from catalog.rules import charges
from catalog.rules.terms import Aggregation
from catalog.rules.thresholds import label_of
from metering.api import body
from metering.queries.admission import AHEAD
from metering.rules import envelope, playground, quotas
from monetization.celery import app
from monetization.demo.company import PASSWORD, PEOPLE
from monetization.foundation import tries
from monetization.foundation.models import Account
from monetization.foundation.rest import idempotency
from monetization.foundation.rules import keys, retries
from monetization.values.money import allocate, plain, round_once
from monetization.values.periods import Cadence, Cycle, local_midnight
from tests.rules import build

ROOT = Path(settings.BASE_DIR)
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
RULES, GUARANTEES = ROOT / "docs" / "rules.md", ROOT / "docs" / "guarantees.md"
MOST_PICTURE_BYTES = 200_000
Rows = list[list[str]]


# -- reading pages


def blocks(page: Path, language: str) -> list[str]:
    """Give the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


def asserted(page: Path) -> Iterator[tuple[str, str]]:
    """Give the name of each marker and the block that follows it."""
    for found in re.finditer(r"<!-- asserted: (\w+) -->\n\n(.*?)(?=\n\n|\Z)", page.read_text(), re.S):
        yield found[1], found[2]


def rows_of(block: str) -> Rows:
    """Give a table's cells, without head and rule."""
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()[2:]]


# -- links, commands, people, states


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        if path.startswith("https://"):
            continue
        there = (page.parent / path) if path else page
        assert there.exists(), target
        headings = re.findall(r"^#+ (.+)$", there.read_text(), re.M) if anchor else []
        known = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
        assert not anchor or anchor in known, target


def test_pictures_are_small_and_used() -> None:
    pictures = sorted((ROOT / "docs" / "images").iterdir())
    assert len(pictures) == 3
    for picture in pictures:
        assert picture.stat().st_size <= MOST_PICTURE_BYTES
        assert f"docs/images/{picture.name}" in README.read_text()


def test_every_command_is_one_and_understands_its_options() -> None:
    lines = [line for block in blocks(README, "sh") for line in block.splitlines() if line.startswith("./run manage")]
    assert len(lines) == 7
    for line in lines:
        _, _, name, *arguments = shlex.split(line)
        command = load_command_class(get_commands()[name], name)
        command.create_parser("manage.py", name).parse_args(arguments)


def test_the_launchers_commands_are_those_it_has() -> None:
    usage = set(re.findall(r"^\./run (\w+)", (ROOT / "run").read_text(), re.M))
    assert set(re.findall(r"\./run (\w+)", README.read_text())) == usage


def test_the_event_to_copy_is_an_event() -> None:
    text = next(block for block in blocks(README, "sh") if "curl" in block)
    events = json.loads(text[text.index("'[") + 1 : text.rindex("'")])
    assert [envelope.read(event).id for event in events] == ["req-1"]


def test_the_demos_people_are_named() -> None:
    named = set(re.findall(r"[\w]+@[\w.]+", README.read_text()))
    assert named == {person.email for person in PEOPLE}
    assert f"`{PASSWORD}`" in README.read_text()


def test_the_picture_of_states_is_the_table() -> None:
    (picture,) = blocks(README, "mermaid")
    drawn = {(start, goal) for start, goal in re.findall(r"(\w+) --> (\w+)", picture)}
    assert drawn == {(start.value, goal.value) for start, goals in lifecycle.ARROWS.items() for goal in goals}


# -- guarantees


def test_every_promise_names_tests_that_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", GUARANTEES.read_text())
    assert len(named) > 30
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text())
        assert name in {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}, f"{path}::{name}"


def test_every_promise_has_a_test() -> None:
    promises = [line for line in GUARANTEES.read_text().splitlines() if line.startswith("| ") and line.count("|") == 4]
    told = [line for line in promises if not line.startswith(("| Promise", "| ---"))]
    assert len(told) > 20
    assert [line for line in told if "::" not in line] == []


def figures(block: str) -> None:
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    every = {name: f"{entry['schedule']:,} s" for name, entry in app.conf.beat_schedule.items()}
    assert tries.SIGN_IN_SECONDS == 300
    assert dict(rows_of(block)) == {
        "Events in a request, at most": f"{body.MOST_EVENTS:,}",
        "Size of a request of events, unpacked, at most": f"{body.MOST_BYTES // 2**20} MB",
        "Size of one event, at most": f"{body.MOST_EVENT_BYTES // 2**10} KB",
        "An event may be ahead of the clock by": f"{AHEAD // timedelta(minutes=1)} minutes",
        "Repeats are seen at the door if their times are apart by at most": f"{envelope.REPEAT_DAYS.days} days",
        "Repeats further apart are found every": every["find repeats of events far apart"],
        "Drafts follow usage and terms every": every["keep drafts up to date"],
        "Late usage is noticed every": every["notice late usage"],
        "Reservations whose time is over are taken off every": every["end reservations whose time is over"],
        "Thresholds of limits are looked at every": every["tell of limits reached"],
        "A reservation holds, at most": f"{quotas.LONGEST_HOLD // 3600} hours",
        "Quota calls a minute and key, at most": f"{_calls(rates['quota']):,}",
        "The audit chain is linked every": every["link new audit entries"],
        "The audit chain is anchored every": every["anchor the audit chain outside"],
        "A PDF is tried, at most": f"{MOST_ATTEMPTS} times",
        "A webhook is tried, at most": f"{len(retries.DELAYS) + 1} times",
        "Answers are kept for repeats": f"{idempotency.KEPT // timedelta(hours=1)} hours",
        "API keys alive under one name, at most": str(keys.ALIVE_PER_NAME),
        "Wrong passwords of an address for an e-mail in 5 minutes, at most": str(tries.SIGN_IN_TRIES),
        "Reads a minute and caller, at most": f"{_calls(rates['read']):,}",
        "Writes a minute and caller, at most": f"{_calls(rates['write']):,}",
        "Requests of events a minute and key, at most": f"{_calls(rates['ingest']):,}",
        "Finding: change against the last period over": f"{anomalies.CHANGE_LIMIT_PERCENT} %",
        "Grace before review without a finding": f"{Account._meta.get_field('grace_days').default} days",
    }


def _calls(rate: str) -> int:
    number, _, span = rate.partition("/")
    assert span == "min"
    return int(number)


# -- worked numbers


def periods(block: str) -> None:
    for start, cadence, anchor, dates in rows_of(block):
        cycle = Cycle(date.fromisoformat(start), "UTC", Cadence(cadence), anchor)
        said = dates.split(", ")
        assert [each.starts_at.date().isoformat() for each in islice(cycle.periods(), len(said))] == said


def hours(block: str) -> None:
    for month, zone, said in rows_of(block):
        first = date.fromisoformat(f"{month}-01")
        until = (first + timedelta(days=31)).replace(day=1)
        assert (local_midnight(until, zone) - local_midnight(first, zone)) / timedelta(hours=1) == int(said)


def roundings(block: str) -> None:
    for exact, currency, printed in rows_of(block):
        assert str(round_once(Fraction(exact), currency)) == printed


def splits(block: str) -> None:
    for amount, currency, weights, parts in rows_of(block):
        found = allocate(Decimal(amount), [Fraction(weight) for weight in weights.split(" : ")], currency)
        assert ", ".join(map(str, found)) == parts


def digest(block: str) -> None:
    (said,) = re.findall(r"`([0-9a-f]{64})`", RULES.read_text())
    sent = json.loads(block.strip("`").removeprefix("json"), parse_float=Decimal)
    for spelt in ("1200.0", "1.2e3"):
        again = sent | {"data": dict(reversed(sent["data"].items())) | {"input_tokens": Decimal(spelt)}}
        event = envelope.read(again)
        assert event.digest(event.time).hex() == said
    assert envelope.read(sent).digest(envelope.instant(sent["time"])).hex() == said


def ranges(block: str) -> None:
    for value, thresholds, said in rows_of(block):
        assert label_of(Decimal(value), [Decimal(each) for each in thresholds.split(", ")]) == said


def tiers(block: str) -> None:
    price = build.graduated(("1000", "0.10"), (None, "0.08", "5"))
    for start, end, said in rows_of(block):
        assert plain(charges.amount(price, int(start), int(end))) == said


def change(block: str) -> None:
    """The lines as they are rated, and as the steps in the table add up."""
    old = build.graduated(("1000", "0.10"), (None, "0.08"))
    new = build.graduated(("1000", "0.12"), (None, "0.09"), version=2)
    terms = build.terms([build.charge(old)], [build.charge(new)])
    lines = rate(terms, [build.used("600"), build.used("900", 1)]).lines
    said = rows_of(block)
    assert [[plain(line.quantity), f"{line.amount}"] for line in lines] == [[units, due] for _, units, _, due in said]
    for line, (_, _, steps, _) in zip(lines, said, strict=True):
        told = [tuple(map(Decimal, part.split(" × "))) for part in steps.split(" + ")]
        assert [(step.quantity, step.unit_price) for step in line.steps] == told


def taxes(block: str) -> None:
    rates = [tax.TaxRate("DE", "standard", Decimal(19), date(2007, 1, 1))]
    for seller, buyer, tax_id, category, percent in rows_of(block):
        profile = tax.TaxProfile(seller, buyer.strip("–"), tax_id.strip("–"))
        found = tax.treatment(profile, "standard", date(2026, 11, 30), rates)
        told = ("parked", "–") if isinstance(found, tax.Missing) else (found.category, f"{found.percent:f}")
        assert told == (category, percent)


def aggregations(block: str) -> None:
    for kind, setting, sent, said, _ in rows_of(block):
        events = [part.split(": ") for part in sent.split(", ")]
        days = [datetime.strptime(f"{day} 2026 +0000", "%d %b %Y %z").isoformat() for day, _ in events]
        items = [
            {"id": str(n), "type": "work", "subject": "acme", "data": {"units": Decimal(value)}, "time": days[n]}
            for n, (_, value) in enumerate(events)
        ]
        metric = replace(build.PLAIN, aggregation=Aggregation(kind), **({} if setting == "–" else {setting: True}))
        now, october = datetime(2026, 11, 1, tzinfo=UTC), (date(2026, 10, 1), date(2026, 10, 31))
        totals = playground.play(metric, playground.opened(items, now), {}, zone="UTC", at=now, days=october).totals
        assert [plain(each.quantity) for each in totals] == ([said] if said != "0" else []), (kind, setting)


def prepaid(block: str) -> None:
    for row in rows_of(block):
        amount, billed, drawn, paid, free, breakage = map(Decimal, row)
        pot = Pot(amount, billed, amount, amount - drawn, "EUR")
        assert (pot.draw(drawn), pot.expire()) == (paid, breakage)
        assert paid + free == drawn
        assert paid + breakage == billed


CHECKERS: dict[str, Callable[[str], None]] = {
    "figures": figures, "periods": periods, "hours": hours, "roundings": roundings, "splits": splits,
    "digest": digest, "ranges": ranges, "tiers": tiers, "change": change, "tax": taxes,
    "aggregations": aggregations, "prepaid": prepaid,
}  # fmt: skip
MARKED = [(name, block) for page in PAGES for name, block in asserted(page)]


@pytest.mark.parametrize(("name", "block"), MARKED, ids=[name for name, _ in MARKED])
def test_worked_numbers(name: str, block: str) -> None:
    CHECKERS[name](block)


def test_every_checker_has_its_table() -> None:
    assert sorted(name for name, _ in MARKED) == sorted(CHECKERS)
    assert all(len(rows_of(block)) > 1 for name, block in MARKED if name != "digest")


def test_numbers_said_in_sentences() -> None:
    page = " ".join(RULES.read_text().split())
    discounted = Fraction("12.50") * (1 - Fraction(5, 100))
    assert f"12.50 less 5 % is {plain(discounted)}, on the line {round_once(discounted, 'EUR')}" in page
    base = sum(Decimal(each) for each in ("0.33", "0.33", "0.33"))
    owed, once = base * Decimal("0.19"), round_once(base * Decimal("0.19"), "EUR")
    each = round_once(Decimal("0.33") * Decimal("0.19"), "EUR")
    assert f"{base} × 19 % = {owed}, so {once}, and not three times {each}" in page
    assert 3 * each != once
    assert f"whose times lie within {envelope.REPEAT_DAYS.days} days" in page
    assert f"more than {AHEAD // timedelta(minutes=1)} minutes ahead" in page
    assert f"more than {anomalies.CHANGE_LIMIT_PERCENT} % against" in page
