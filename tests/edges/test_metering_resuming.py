"""`manage.py ingest` when it is stopped and run again: it goes on where it was; folders, broken files, stdin."""

import gzip
import json
import threading
from io import BytesIO, StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from metering.actions import files as actions
from metering.files import Source, ahead, parts
from metering.models import Event, FileReading
from metering.rules.rows import RowMap
from monetization.management import reading
from monetization.values.errors import Conflict, Invalid
from tests import make, metered
from tests.edges.test_metering_files import run


def note(number: int) -> str:
    return "line\nbreak é" if number % 7 == 0 else "x"


ROWS = [
    "id,time,model,input_tokens,output_tokens,note",
    *(f'{n},2026-03-05 10:00:00,"m{n % 3}",{n},1,"{note(n)}"' for n in range(90)),
]
LINES = [json.dumps(metered.request(n, data={"model": "é"})) for n in range(90)]


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


def said(*files, **options) -> list[str]:
    out = StringIO()
    call_command("ingest", *map(str, files), stdout=out, stderr=StringIO(), **options)
    return out.getvalue().splitlines()


class Killed(BaseException):
    """What a test's run dies of."""


def killed_after(monkeypatch, batches: int) -> None:
    """Let a run die when it has taken so many parts."""
    taken = iter(range(batches))

    def take_part(**given):
        if next(taken, None) is None:
            raise Killed
        return actions.take_part(**given)

    monkeypatch.setattr(reading, "actions", SimpleNamespace(begin=actions.begin, end=actions.end, take_part=take_part))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.ndjson", "a.jsonl.gz"])
@pytest.mark.parametrize("batches", [0, 1, 8])
def test_a_killed_run_goes_on_with_the_next_part(world, tokens, tmp_path, monkeypatch, name, batches):
    mark = b"\xef\xbb\xbf" if ".csv" in name else b""
    text = mark + "\n".join(ROWS if ".csv" in name else LINES).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    given = {"account": "acme", "type": "llm.request"}
    with monkeypatch.context() as patch, pytest.raises(Killed):
        killed_after(patch, batches)
        run(path, **given, batch=10)
    assert Event.objects.count() == 10 * batches
    assert run(path, **given, batch=7) == {"accepted": 90 - 10 * batches}
    row = FileReading.objects.get()
    assert (row.accepted, row.duplicates, row.rows, row.offset) == (90, 0, 90, len(text))
    (again,) = said(path, **given)
    assert "read to its end" in again and "--restart" in again
    assert run(path, **given, restart=True) == {"duplicate": 90}
    if ".csv" in name:
        assert sorted(Event.objects.values_list("data__input_tokens", flat=True)) == list(range(90))
        assert Event.objects.get(event_id="77").data["note"] == "line\nbreak é"


def test_another_content_or_another_meaning_is_another_file(world, tokens, tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text("\n".join(LINES[:10]))
    assert run(path) == {"accepted": 10}
    path.write_text("\n".join(LINES[5:15]))
    assert run(path) == {"accepted": 5, "duplicate": 5}
    assert run(path, set=["region=eu"]) == {"conflict (CONFLICT: id)": 10}
    assert FileReading.objects.count() == 3


def test_two_runs_of_one_file_do_not_both_take_a_part(world, tokens, tmp_path):
    source = Source(tmp_path / "a.ndjson", "a.ndjson")
    source.path.write_text("\n".join(LINES))
    given = {"environment": world.live, "key": source.key({}), "name": "a", "size": source.size, "at": metered.NOW}
    one, other = actions.begin(**given), actions.begin(**given)
    (part,) = parts(source, RowMap(), kind="ndjson", size=100)
    place = {"offset": part.place.offset, "rows": part.place.rows, "at": metered.NOW}
    assert actions.take_part(reading=one, events=part.events, **place).accepted == 90
    with pytest.raises(Conflict, match="being read by another run"):
        actions.take_part(reading=other, events=part.events, **place)
    assert FileReading.objects.get().accepted == 90


def test_a_folder_is_read_in_the_order_of_names(world, tokens, tmp_path):
    (tmp_path / "2026" / "02").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    for name, lines in (("2026/02/b.jsonl", LINES[10:30]), ("2026/a.ndjson", LINES[:15]), (".hidden/c.ndjson", ["{}"]),
                        ("2026/notes.txt", ["none"]), ("z.csv", ROWS[:4])):  # fmt: skip
        (tmp_path / name).write_text("\n".join(lines))
    given = {"account": "acme", "type": "llm.request"}
    told = said(tmp_path, **given)
    assert told[:3] == ["2026/02/b.jsonl: 20 accepted", "2026/a.ndjson: 10 accepted, 5 duplicate", "z.csv: 3 accepted"]
    assert [line.split() for line in told[3:]] == [["33", "accepted"], ["5", "duplicate"]]
    (tmp_path / "2026/zz.ndjson").write_text("\n".join(LINES[30:32]))
    told = said(tmp_path, **given)
    assert told[2] == "2026/zz.ndjson: 2 accepted" and all("read to its end" in told[n] for n in (0, 1, 3))


def test_one_broken_file_of_a_folder_is_told_and_the_others_are_taken(world, tokens, tmp_path):
    whole = gzip.compress("\n".join(LINES).encode())
    (tmp_path / "a.ndjson.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "b.csv").write_bytes(b"id,time,model\n1,2026-03-05 10:00:00,\xff\xfe\n")
    (tmp_path / "c.ndjson").write_text(LINES[0])
    with pytest.raises(CommandError) as told:
        run(tmp_path)
    assert "a.ndjson.gz can't be unpacked: Compressed file ended" in str(told.value)
    assert "b.csv is not UTF-8" in str(told.value)
    assert Event.objects.get().event_id == "e0"
    (tmp_path / "a.ndjson.gz").write_bytes(whole)
    assert run(tmp_path / "a.ndjson.gz") == {"accepted": 89, "duplicate": 1}


def test_an_empty_folder_is_told(world, tokens, tmp_path):
    with pytest.raises(CommandError, match="There is no file of events in"):
        run(tmp_path)


def test_standard_input_is_read_to_its_end(world, tokens, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=BytesIO("\n".join(LINES).encode())))
    assert run("-", batch=40) == {"accepted": 90}
    assert not FileReading.objects.exists()


def test_an_old_macs_lines_are_lines(world, tokens, tmp_path):
    (tmp_path / "mac.csv").write_bytes("\r".join(line.replace("\n", " ") for line in ROWS[:4]).encode())
    assert run(tmp_path / "mac.csv", account="acme", type="llm.request") == {"accepted": 3}


def test_what_reads_ahead_keeps_order_and_errors_and_ends():
    def numbers():
        yield from range(50)
        raise Invalid("broken", field="file")

    found = []
    with pytest.raises(Invalid, match="broken"):
        for number in ahead(numbers()):
            found.append(number)
    assert found == list(range(50))
    before = threading.active_count()
    endless = ahead(iter(int, 1))
    assert next(endless) == 0
    endless.close()
    assert threading.active_count() == before
