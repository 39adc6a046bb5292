"""`manage.py ingest`: real traces and their seeded twin, as files; running again changes nothing."""

import csv
import gzip
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from metering.models import Event, HourlyUsage, Quarantined
from tests import make, metered

TRACES = Path(__file__).resolve().parents[2].parent / "shared" / "data"
MAP = "time=TIMESTAMP,input_tokens=ContextTokens,output_tokens=GeneratedTokens"


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


def run(*files, **options) -> dict[str, int]:
    out = StringIO()
    call_command("ingest", *map(str, files), stdout=out, stderr=StringIO(), **options)
    lines = [line.split(maxsplit=1) for line in out.getvalue().splitlines()]
    return {words: int(count.replace(",", "")) for count, words in lines}


def twin(path: Path, rows: int) -> Path:
    """Write a file of the traces' shape: seven decimals, several rows of one instant, an empty last line."""
    chance, time = random.Random(5), datetime(2023, 11, 16, 18, 15, 46, tzinfo=UTC)
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    for _ in range(rows):
        time += timedelta(microseconds=chance.choice((0, 1, 900_000, 7_000_000)))
        digits = f"{time:%Y-%m-%d %H:%M:%S.%f}{chance.randrange(10)}"
        lines.append(f"{digits},{chance.randrange(1, 7500)},{chance.randrange(1, 1100)}")
    path.write_bytes("\r\n".join(lines).encode() + b"\r\n")
    return path


def sums_of(path: Path) -> dict[str, int]:
    """Add up a trace without the product's code."""
    with path.open() as file:
        rows = [row for row in csv.DictReader(file) if row["TIMESTAMP"]]
    return {"events": len(rows), "input": sum(int(r["ContextTokens"]) for r in rows),
            "output": sum(int(r["GeneratedTokens"]) for r in rows)}  # fmt: skip


def stored(account) -> dict[str, int]:
    found = Counter({"events": Event.objects.filter(account=account).count()})
    for row in HourlyUsage.objects.filter(account=account).select_related("dimensions"):
        found[row.dimensions.values["token_type"]] += row.quantity
    return dict(found)


def options(account: str, model: str) -> dict:
    return {"map": MAP, "account": account, "type": "llm.request", "set": [f"model={model}"], "id_from_row": True}


def test_a_trace_is_counted_once_however_often_it_is_read(world, tokens, tmp_path):
    path = twin(tmp_path / "trace.csv", 400)
    assert run(path, **options("acme", "gpt-4o"), batch=97) == {"accepted": 400}
    assert stored(world.acme) == sums_of(path)
    assert run(path, **options("acme", "gpt-4o"), batch=33, restart=True) == {"duplicate": 400}
    assert stored(world.acme) == sums_of(path)
    first = Event.objects.get(event_id="trace.csv:1")
    with path.open() as file:
        row = next(csv.DictReader(file))
    assert f"{first.time:%Y-%m-%d %H:%M:%S.%f}" == row["TIMESTAMP"][:-1]
    tokens_of = {"input_tokens": int(row["ContextTokens"]), "output_tokens": int(row["GeneratedTokens"])}
    assert first.data == {"model": "gpt-4o"} | tokens_of


def test_an_interrupted_run_is_run_again(world, tokens, tmp_path):
    path = twin(tmp_path / "trace.csv", 60)
    part = tmp_path / "part" / "trace.csv"
    part.parent.mkdir()
    part.write_bytes(b"\n".join(path.read_bytes().splitlines()[:31]))
    assert run(part, **options("acme", "gpt-4o")) == {"accepted": 30}
    assert run(path, **options("acme", "gpt-4o")) == {"accepted": 30, "duplicate": 30}


def test_lines_plain_and_packed(world, tokens, tmp_path):
    events = [metered.request(n) for n in range(5)]
    text = "\n".join(map(json.dumps, events)) + "\n{broken\n\n7\n" + json.dumps(metered.request(9, tiem="x"))
    plain, packed = tmp_path / "a.ndjson", tmp_path / "b.jsonl.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    assert run(plain) == {"accepted": 6, "rejected (invalid: event)": 2}
    assert run(packed) == {"duplicate": 6, "rejected (invalid: event)": 2}


def test_cells_keep_their_meaning(world, tokens, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(
        "id,account,type,time,model,input_tokens,output_tokens,note\n"
        "1,acme,llm.request,2026-03-05 10:00:00,007,1.50,2e1,\n"
        "2,acme,llm.request,2026-03-05T12:00:00+02:00,m,1,,x\n"
        "3,nobody,llm.request,2026-03-05 10:00:00,m,1,1,\n"
    )
    assert run(path) == {"accepted": 2, "quarantined (UNKNOWN_ACCOUNT: subject)": 1}
    one, two = Event.objects.order_by("event_id")
    assert (one.data, two.data) == (
        {"model": "007", "input_tokens": metered.Decimal("1.5"), "output_tokens": 20},
        {"model": "m", "input_tokens": 1, "note": "x"},
    )
    assert one.time == two.time == datetime(2026, 3, 5, 10, tzinfo=UTC)
    assert Quarantined.objects.get().subject == "nobody"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"map": "time=WHEN"}, "There is no column “WHEN”"),
        ({"map": "time"}, "is not name=value"),
        ({"environment": "mars"}, "There is no environment"),
        ({"batch": 0}, "--batch"),
    ],
)
def test_wrong_options_are_named_and_nothing_is_taken(world, tokens, tmp_path, change, words):
    path = twin(tmp_path / "trace.csv", 3)
    with pytest.raises(CommandError, match=words):
        run(path, **options("acme", "m") | change)
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "none.csv")
    assert not Event.objects.exists()


@pytest.mark.skipif(not TRACES.exists(), reason="the traces are not part of the project")
@pytest.mark.parametrize(("name", "account", "rows"), [("code", "acme", 8819), ("conv", "globex", 19366)])
def test_the_real_traces(world, tokens, name, account, rows):
    path = TRACES / f"azure_llm_trace_{name}.csv"
    expected = sums_of(path)
    assert expected["events"] in (rows, rows - 1)
    assert run(path, **options(account, "gpt-4o")) == {"accepted": expected["events"]}
    assert stored(world.accounts[account]) == expected
    assert run(path, **options(account, "gpt-4o"), batch=777, restart=True) == {"duplicate": expected["events"]}
    assert stored(world.accounts[account]) == expected
