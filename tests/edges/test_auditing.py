"""What auditors are given: a log that a stranger can check, who makes and who checks, everybody's way in."""

import csv
import json
from datetime import timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monetization.foundation.actions import access, audit, people
from monetization.foundation.models import AuditAnchor, AuditEntry, AuditLink
from monetization.foundation.queries import access_review, audit_log
from monetization.foundation.rules.duties import DUTIES, Side, both_sides, matrix, side_of
from monetization.foundation.rules.roles import ABILITIES, ALL_ABILITIES, READ, Role
from tests import priced
from tests.make import AT, Api, World, signed_in, token

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path: Path) -> None:
    """Keep this test's anchors apart."""
    settings.VAR_DIR = tmp_path


def text_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def test_a_stranger_checks_the_export_with_nothing_but_json_and_sha256(world: World) -> None:
    audit.chain(at=LATER)
    answer = signed_in(world.audra).get("/console/audit/?format=jsonl&where=all")
    previous, lines = bytes(32).hex(), text_of(answer).splitlines()
    assert len(lines) == AuditEntry.objects.count() > 40
    for number, line in enumerate(map(json.loads, lines), start=1):
        entry = json.dumps(line["entry"], sort_keys=True, separators=(",", ":"))
        assert (line["number"], line["previous_hash"]) == (number, previous)
        assert sha256(bytes.fromhex(previous) + entry.encode()).hexdigest() == line["hash"]
        previous = line["hash"]
    assert audit_log.chain_state().head_hash == previous


def test_the_page_shows_head_anchor_and_open_tail(world: World) -> None:
    state = audit_log.chain_state()
    assert (state.head, state.anchor, state.tail) == (None, None, AuditEntry.objects.count())
    anchor = audit.anchor(at=LATER)
    assert anchor is not None
    audit.record(environment=world.live, action="thing.done", subject="x:1", by=world.mia, at=LATER)
    audit.record(environment=world.live, action="thing.done", subject="x:2", by=world.mia, at=LATER)
    state = audit_log.chain_state()
    assert (state.head.number if state.head else 0, state.unlinked, state.tail) == (anchor.link_id, 2, 2)
    audit.chain(at=LATER)
    state = audit_log.chain_state()
    assert (state.unlinked, state.tail) == (0, 2)
    shown = signed_in(world.audra).get("/console/audit/").content.decode()
    assert state.head_hash[:16] in shown
    assert "audit.jsonl" in shown
    body = Api(token(world.audra, world.live, "audit:read")).get("/audit-chain").json()
    found = body["anchored_number"], body["tail"], body["anchored_in"]
    assert found == (anchor.link_id, 3, "file:audit.jsonl")  # the key that asks was made since


def test_a_filter_is_the_same_for_page_file_and_api(world: World) -> None:
    audit.record(
        environment=world.live, action="thing.done", subject="x:1", by=world.mia, at=LATER, reason="Costs rose",
        before={"price": "1"}, after={"price": "2"},
    )  # fmt: skip
    audit.record(environment=world.sandbox, action="thing.done", subject="x:2", by=world.mia, at=LATER)
    client, api = signed_in(world.audra), Api(token(world.audra, world.live, "audit:read"))
    for query, found in (
        ("action=thing.", {"x:1"}), ("action=thing.&where=all", {"x:1", "x:2"}), ("subject=x:1", {"x:1"}),
        ("text=costs ROSE", {"x:1"}), ("text=price&action=thing", {"x:1"}), ("actor=mia&action=thing", {"x:1"}),
        ("actor=chen&action=thing", set()), ("action=thing&from=2026-01-01&until=2026-01-01", {"x:1"}),
        ("action=thing&from=2026-01-02", set()), ("action=thing&until=2025-12-31", set()),
    ):  # fmt: skip
        rows = table(text_of(client.get(f"/console/audit/?format=csv&{query}")))
        assert {row["subject"] for row in rows} == found, query
        shown = client.get(f"/console/audit/?{query}").content.decode()
        assert all(f">{subject}<" in shown for subject in found), query
    lines = text_of(api.get("/audit-entries/file", text="Costs", action="thing")).splitlines()
    assert [json.loads(line)["entry"]["subject"] for line in lines] == ["x:1"]
    assert api.get("/audit-entries/file", form="xml").status_code == 422
    assert api.get("/audit-entries/file", **{"from": "soon"}).json()["errors"][0]["field"] == "from"
    assert "is not a day" in client.get("/console/audit/?from=soon").content.decode()


def test_cells_of_the_files_are_no_formulas(world: World) -> None:
    audit.record(environment=world.live, action="thing.done", subject="x:1", by=world.mia, at=LATER, reason="=1+1")
    (row,) = table(text_of(signed_in(world.audra).get("/console/audit/?format=csv&action=thing")))
    assert row["reason"] == "'=1+1"
    people.create_user(
        email="eve@example.com", name="=cmd()", password="long enough words", is_staff=True, by=None, at=AT
    )
    rows = table(signed_in(world.audra).get("/console/access-review/?format=csv").content.decode())
    assert [row["who"] for row in rows if row["email"] == "eve@example.com"] == ["'=cmd()"]


def test_the_log_is_paged_and_one_entry_is_shown_whole(world: World) -> None:
    audit.record_all(
        audit.entry(environment=world.live, action="thing.done", subject=f"x:{n}", by=None, at=LATER, after={"n": n})
        for n in range(150)
    )
    client = signed_in(world.audra)
    with CaptureQueriesContext(connection) as asked:
        first = client.get("/console/audit/?action=thing").content.decode()
    assert len(asked) <= 16
    assert ">x:149<" in first and ">x:49<" not in first
    oldest = AuditEntry.objects.get(subject="x:50").pk
    assert f"action=thing&amp;before={oldest}" in first
    assert ">x:49<" in client.get(f"/console/audit/?action=thing&before={oldest}").content.decode()
    audit.chain(at=LATER)
    entry = AuditEntry.objects.get(subject="x:7")
    assert bytes(entry.link.hash).hex() in client.get(f"/console/audit/{entry.pk}/").content.decode()
    assert client.get(f"/console/audit/{10**9}/").status_code == 404


def test_only_auditors_and_admins_get_in(world: World) -> None:
    for name, role_pages in (("audra", 200), ("chen", 200), ("finn", 200), ("mia", 403), ("eli", 403), ("noel", 403)):
        client = signed_in(getattr(world, name))
        for address in ("audit/", "duties/", "access-review/", "audit/?format=csv", "duties/?format=csv"):
            assert client.get(f"/console/{address}").status_code == role_pages, (name, address)
    api, narrow = Api(token(world.mia, world.live)), Api(token(world.audra, world.live, "catalog:read"))
    for address in ("/audit-entries/file", "/audit-chain", "/duties", "/access-review"):
        assert api.get(address).status_code == 403
        assert narrow.get(address).status_code == 403


def test_the_matrix_says_what_the_tables_of_permissions_say(world: World) -> None:
    table_of = matrix()
    assert set(table_of) == ALL_ABILITIES
    for ability, cells in table_of.items():
        assert {role for role, has in cells.items() if has} == {role for role in Role if ability in ABILITIES[role]}
        for role in Role:  # and what the product grants
            holder = next((each for each in world.people.values() if _only(each, role)), None)
            if holder is not None:
                assert holder.has_perm(ability) == cells[role], (ability, role)
    assert {name for name in table_of if side_of(name) is Side.READS} == READ | {"foundation.read_audit"}
    assert {"foundation.decide", "billing.approve_invoice"} <= {n for n in table_of if side_of(n) is Side.CHECKS}


def _only(user: Any, role: Role) -> bool:
    return list(user.role_grants.values_list("role", flat=True)) == [role.value]


def test_both_sides_follow_from_abilities_and_policies(world: World) -> None:
    asked = access_review.asked_roles(world.live)
    for duty in DUTIES:
        for role in Role:
            makes, able = bool(ABILITIES[role] & duty.makes), bool(ABILITIES[role] & duty.checks)
            named = role is Role.HEAD or any(role in asked.get(kind, ()) for kind in duty.kinds)
            assert (role in duty.makers()) == makes
            assert (role in duty.checkers(asked)) == (able and (named or not duty.kinds))
            assert (duty in both_sides([role], asked)) == (makes and role in duty.checkers(asked))
    assert both_sides([], asked) == []
    shown = signed_in(world.audra).get("/console/duties/").content.decode()
    assert "makes and checks" in shown
    assert "Rosa" in shown  # finance drafts and approves invoices
    body = Api(token(world.audra, world.live, "audit:read")).get("/duties").json()
    invoices = next(each for each in body["duties"] if each["name"] == "Invoices")
    assert "FINANCE" in invoices["both"]
    assert {each["ability"] for each in body["abilities"]} == ALL_ABILITIES


def test_the_review_lists_everybodys_way_in(world: World) -> None:
    _, secret = access.issue_key(
        environment=world.live, owner=world.eli, name="ci", scopes=("events:write",), expires_at=LATER, by=None, at=AT
    )
    people.grant_role(user=world.noel, role=Role.SUPPORT, by=world.chen, at=LATER)
    text = signed_in(world.chen).get("/console/access-review/?format=csv").content.decode()
    rows = table(text)
    assert secret not in text
    held = {(row["email"], row["holds"], row["granted_by"]) for row in rows if row["kind"] == "role"}
    assert ("noel@example.com", "SUPPORT", "Chen") in held
    assert ("rosa@example.com", "FINANCE", "Meterstone") in held
    (key,) = [row for row in rows if row["kind"] == "key"]
    assert (key["email"], key["holds"], key["state"]) == ("eli@example.com", "events:write", "expired")
    assert {row["holds"] for row in rows if row["email"] == "pat@example.com"} == {"CUSTOMER_ADMIN of acme"}
    with CaptureQueriesContext(connection) as asked:
        access_review.access_review(world.live, LATER)
    assert len(asked) <= 9
    body = Api(token(world.audra, world.live, "audit:read")).get("/access-review").json()
    assert len(body["access"]) == len(rows) + 1  # this key too


def test_a_run_of_invoices_is_anchored(world: World, django_capture_on_commit_callbacks) -> None:
    priced.priced(world)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("bill", "--at", "2026-11-05T00:00:00Z", stdout=StringIO())
    anchor = AuditAnchor.objects.get()
    assert anchor.link_id == AuditLink.objects.order_by("-number")[0].number
    assert audit.verify(at=LATER).is_whole
    with django_capture_on_commit_callbacks(execute=True):
        call_command("bill", "--at", "2026-11-05T00:00:00Z", stdout=StringIO())
    assert AuditAnchor.objects.count() == 1  # nothing was drafted
