"""The proofs bite: each of these planted faults of the core is seen by comparing a small file with the reference."""

import inspect
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from random import Random
from types import ModuleType
from typing import Any

import pytest
from django.utils import timezone

from metering.actions import days, fold, set_aside, sweep
from metering.actions.ingest import ingest
from metering.queries import gathering, rollups
from metering.rules import buckets, envelope, readers, spans
from metering.stores import asked
from metering.stores import known as probes
from metering.stores import rollups as kept
from monetization.foundation.queries import people
from tests import traffic
from tests.house import STATUSES, House, compare, stream
from tests.traffic import Line

# Module, name (of a text, a function or a class), what is replaced, by what.
Fault = tuple[ModuleType, str, str, str]
FAULTS: dict[str, Fault] = {
    "a repeat in another month is let in": (probes, "KNOWN", "OFFSET 0", "LIMIT 0"),
    "the window is a day": (probes, "elsewhere", "REPEAT_DAYS", "REPEAT_DAYS / 35"),
    "a time that is left out is compared": (
        envelope, "Kept", "event.time if self.is_time_given and event.time else self.time", "event.time or self.time",
    ),
    "usage of another hour": (buckets, "Buckets", "time.replace(minute=0", "(time + HOUR).replace(minute=0"),
    "what is taken out is added": (fold, "unfold", "-1", "1"),
    "an extreme is not computed again": (fold, "_change", "rebuild(keys=again", "rebuild(keys=set()"),
    "a built day is not followed": (fold, "_change", "follow(buckets", "dict(buckets"),
    "the latest is the last to arrive": (kept, "HOW", "u.events = 0 OR", "true OR"),
    "the largest is the last to arrive": (kept, "HOW", "greatest(u.quantity, excluded.quantity)", "excluded.quantity"),
    "the sweep finds nothing": (sweep, "REPEATED", "k.seq < e.seq", "k.seq < 0"),
    "the sweep leaves usage as it is": (sweep, "_remove", "take_out(", "dict("),
    "the sweep drops a conflict": (sweep, "_remove", "if not each.is_same", "if each.is_same"),
    "an alias holds a moment too long": (people, "Named", "at < ends_at", "at <= ends_at"),
    "a filter is turned round": (readers, "Reader", "if not test(data)", "if test(data)"),
    "a threshold belongs to the range above": (readers, "Reader", "(bounds, value)", "(bounds, value + 1)"),
    "a cut leaves out its first instant": (gathering, "Gathering", "start <= event.time <", "start < event.time <"),
    "a cut hour is read whole": (rollups, "whole_hours", "start + HOUR", "start"),
    "what was taken out is in cut hours": (asked, "COUNTED", "NOT EXISTS", "true OR NOT EXISTS"),
    "evidence is sorted by source": (asked, "ORDER", 'e.time, e.source COLLATE "C"', 'e.source COLLATE "C", e.time'),
    "a level starts from nothing": (spans, "level_after", "sum_of(piece.state.quantity for piece in pieces)", "ZERO"),
    "a value is not carried": (spans, "_state", "and before", "and not before"),
    "dimension values by name": (rollups, "_Reading", "asked.metric.order", "()"),
    "repeats of a bad event are not counted": (set_aside, "KEEP", "excluded.repeats + 1", "excluded.repeats"),
}  # fmt: skip


def plant(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """Put a fault into the running code; whoever imported the name gets it too."""
    module, name, old, new = fault
    before = getattr(module, name)
    if isinstance(before, str):
        assert old in before
        after: Any = before.replace(old, new)
    elif isinstance(before, dict):
        after = {key: text.replace(old, new) for key, text in before.items()}
        assert after != before
    else:
        source = inspect.getsource(before)
        assert old in source
        scope = module.__dict__ | {}
        exec(compile(source.replace(old, new), module.__file__ or "", "exec"), scope)
        after = scope[name]
    for each in [known for key, known in sys.modules.items() if key.startswith(("metering.", "monetization."))]:
        if each.__dict__.get(name) is before:
            monkeypatch.setattr(each, name, after)


def send(house: House, lines: Sequence[Line], chance: Random) -> None:
    """Send the file in one thread, in batches; days are built when half of it is in."""
    now, is_built = timezone.now(), False
    for batch in batches(lines, chance):
        if not (batch[0].chain or is_built):  # all that came at an instant of its own is in: the clock is now's
            while days.build(at=now):
                is_built = True
        items = [json.loads(each.text, parse_float=Decimal) for each in batch]
        receipt = ingest(environment=house.environment, events=items, by=None, at=batch[0].at or now)
        house.statuses += Counter({name: getattr(receipt, name) for name in STATUSES})
    sweep.sweep(at=now)


def batches(lines: Sequence[Line], chance: Random) -> Iterator[Sequence[Line]]:
    """Chains come first, line by line, so that the door and the sweep each find what is theirs."""
    start = 0
    while start < len(lines):
        size = 1 if lines[start].chain else chance.randrange(1, 60)
        yield lines[start : start + size]
        start += size


def prove(world: Any) -> None:
    found = traffic.lines(3_000, seed=1)
    lines = [*(line for line in found if line.chain), *(line for line in found[:400] if not line.chain)]
    house, chance = House.build(world, 0), Random(1)
    send(house, lines, chance)
    expected = stream(lines, house.metrics, timezone.now())
    assert (house.statuses, house.removed()) == (expected.statuses, expected.removed)
    compare(house, expected, chance)


def test_without_a_fault_all_is_equal(world):
    prove(world)


@pytest.mark.soak
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen(world, monkeypatch, name):
    plant(monkeypatch, FAULTS[name])
    with pytest.raises(AssertionError):
        prove(world)
