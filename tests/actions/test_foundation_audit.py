"""The audit chain: it links what was written, and finds what anybody changed afterwards, whoever they are."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from monetization.foundation.actions import audit
from monetization.foundation.connectors import anchors
from monetization.foundation.models import AuditEntry, AuditLink
from monetization.foundation.queries import Report, chain_content
from monetization.foundation.rules.audit import START, link_hash, plain
from tests.make import AT, World

LATER = AT + timedelta(hours=1)
LINK = "foundation_auditlink"
NAMES = {
    "{entry}": "foundation_auditentry",
    "{anchor}": "foundation_auditanchor",
    "{link}": LINK,
    "{user}": "(SELECT max(id) FROM foundation_user)",
    "{first}": f"(SELECT entry_id FROM {LINK} WHERE number = 1)",
    "{seventh}": f"(SELECT entry_id FROM {LINK} WHERE number = 7)",
    "{inone}": f"(SELECT min(id) FROM foundation_auditentry JOIN {LINK} ON entry_id = id WHERE environment_id > 0)",
    "{last}": f"(SELECT max(entry_id) FROM {LINK})",
}
SWAP = """
WITH e AS (SELECT number, entry_id FROM {link} WHERE number IN (5, 6))
UPDATE {link} l SET entry_id = -e.entry_id FROM e WHERE e.number = 11 - l.number;
UPDATE {link} SET entry_id = -entry_id WHERE entry_id < 0
"""

# An entry that never was, in the seventh place; everything later moves up by one and is left as it was.
INSERTED = """
UPDATE {link} SET number = number + 1000 WHERE number >= 7;
UPDATE {link} SET number = number - 999 WHERE number > 1000;
INSERT INTO {entry} (id, at, action, subject, reason) VALUES (888888, '2026-01-01', 'thing.done', 'x:1', '');
INSERT INTO {link} (number, entry_id, previous_hash, hash)
  SELECT 7, 888888, hash, sha256('any'::bytea) FROM {link} WHERE number = 6
"""
# An entry is written into the past, and never linked.
HIDDEN = "INSERT INTO {entry} (id, at, action, subject, reason) VALUES (0, '2026-01-01', 'thing.done', 'x:1', '')"


def test_entries_are_linked_once_and_in_order(world: World) -> None:
    written = AuditEntry.objects.count()
    assert audit.chain(at=AT) == written > 40
    assert audit.chain(at=AT) == 0
    links = list(AuditLink.objects.order_by("number").select_related("entry"))
    assert [link.number for link in links] == list(range(1, written + 1))
    assert bytes(links[0].previous_hash) == START
    assert bytes(links[0].hash) == link_hash(START, chain_content(links[0].entry))
    report = audit.verify(at=LATER)
    assert (report.links, report.is_whole, report.head) == (written, True, bytes(links[-1].hash))


def test_new_entries_continue_the_chain(world: World) -> None:
    audit.chain(at=AT)
    head = AuditLink.objects.latest("number")
    entry = audit.record(environment=world.live, action="thing.done", subject=world.acme, by=world.mia, at=AT)
    assert entry.subject == f"foundation.account:{world.acme.pk}"
    assert audit.chain(at=AT) == 1
    assert bytes(AuditLink.objects.latest("number").previous_hash) == bytes(head.hash)


def test_values_are_kept_plain(world: World) -> None:
    told = {"price": Decimal("0.0750"), "at": AT, "date": AT.date(), "hash": b"\xff", "who": {"a": (1, None, True)}}
    assert plain(told) == {
        "price": "0.075", "at": "2026-01-01T00:00:00.000000+00:00", "date": "2026-01-01", "hash": "ff",
        "who": {"a": [1, None, True]},
    }  # fmt: skip
    entry = audit.record(environment=None, action="a.b", subject="x:1", by=None, at=AT, after=told)
    entry.refresh_from_db()
    assert entry.after == plain(told)


@pytest.mark.django_db(transaction=True)
class TestTampering:
    """Somebody with every right on the database changes the past; the owner with triggers off is as strong as any."""

    @pytest.fixture
    def whole(self, world: World) -> Report:
        audit.chain(at=AT)
        assert audit.anchor(at=AT) is not None
        report = audit.verify(at=LATER)
        assert report.is_whole
        return report

    @pytest.fixture
    def tamper(self, test_database) -> Callable[[str], None]:
        def change(sql: str) -> None:
            owner: psycopg.Connection = test_database.owner
            for name, meant in NAMES.items():
                sql = sql.replace(name, meant)
            with owner.transaction():
                owner.execute("SET LOCAL session_replication_role = replica")
                owner.execute(sql)  # type: ignore[call-overload]

        return change

    @pytest.mark.parametrize(
        ("sql", "found"),
        [
            ("UPDATE {entry} SET reason = 'x' WHERE id = {seventh}", "link 7: entry"),
            ("UPDATE {entry} SET at = at + interval '1 microsecond' WHERE id = {seventh}", "link 7: entry"),
            ("UPDATE {entry} SET actor_id = {user} WHERE id = {seventh}", "link 7: entry"),
            ("UPDATE {entry} SET after = '{\"kind\": \"SANDBOX\"}' WHERE id = {first}", "link 1: entry"),
            ("UPDATE {link} SET hash = previous_hash WHERE number = 7", "link 7: entry"),
            ("DELETE FROM {link} WHERE number = 7", "link 8: follows 6, so 1 are missing"),
            ("DELETE FROM {link} WHERE number > 40", "is gone"),
            ("DELETE FROM {link} WHERE number = (SELECT max(number) FROM {link})", "has no link"),
            ("UPDATE {link} SET number = number + 1000 WHERE number > 30", "link 1031: follows 30"),
            (SWAP, "link 5: entry"),
            ("UPDATE {entry} SET action = 'nothing.done' WHERE id = {seventh}", "link 7: entry"),
            ("UPDATE {entry} SET subject = 'x:1' WHERE id = {seventh}", "link 7: entry"),
            ("UPDATE {entry} SET actor_id = {user} WHERE id = {last}", "is not what was linked"),
            ("UPDATE {entry} SET environment_id = NULL WHERE id = {inone}", "is not what was linked"),
            ("UPDATE {entry} SET before = '{}' WHERE id = {seventh}", "link 7: entry"),
            ("UPDATE {entry} SET after = NULL WHERE id = {first}", "link 1: entry"),
            ("UPDATE {entry} SET id = 99999 WHERE id = {seventh}; UPDATE {link} SET entry_id = 99999 WHERE number = 7",
             "link 7: entry"),
            ("DELETE FROM {entry} WHERE id = {seventh}", "link 8: follows 6"),
            ("DELETE FROM {link} WHERE number = 7; DELETE FROM {entry} WHERE id NOT IN (SELECT entry_id FROM {link})",
             "link 8: follows 6"),
            ("DELETE FROM {link} WHERE number = 1; DELETE FROM {entry} WHERE id NOT IN (SELECT entry_id FROM {link})",
             "link 2: follows 0"),
            ("DELETE FROM {link} WHERE number = 7; UPDATE {link} SET number = number - 1000 WHERE number > 7;"
             "UPDATE {link} SET number = number + 999 WHERE number < 0", "link 7: does not continue"),
            ("DELETE FROM {link}", "is gone"),
            ("TRUNCATE {link}, {anchor}, {entry}", "is gone"),
            ("UPDATE {link} SET previous_hash = hash WHERE number = 7", "link 7: does not continue the link before it"),
            (INSERTED, "link 8: does not continue the link before it"),
            (HIDDEN, "has no link"),
        ],
    )  # fmt: skip
    def test_is_found(self, whole: Report, tamper: Callable[[str], None], sql: str, found: str) -> None:
        tamper(sql)
        report = audit.verify(at=LATER)
        assert not report.is_whole
        assert any(found in problem for problem in report.problems), report.problems

    def test_a_whole_new_chain_is_found_by_its_anchor(self, whole: Report, tamper: Callable[[str], None]) -> None:
        tamper("UPDATE {entry} SET reason = 'never happened' WHERE id = {first}")
        tamper("DELETE FROM {anchor}; DELETE FROM {link}")
        assert audit.chain(at=LATER) == whole.links
        report = audit.verify(at=LATER)
        assert report.problems == (f"link {whole.links}: is not the one that was anchored outside",)

    def test_a_chain_rewritten_from_the_middle_is_found_by_its_anchor(
        self, whole: Report, tamper: Callable[[str], None]
    ) -> None:
        tamper("UPDATE {entry} SET reason = 'never happened' WHERE id = {seventh}")
        tamper("DELETE FROM {anchor}; DELETE FROM {link} WHERE number >= 7")
        assert audit.chain(at=LATER, thorough=True) == whole.links - 6
        report = audit.verify(at=LATER)
        assert report.problems == (f"link {whole.links}: is not the one that was anchored outside",)

    def test_a_longer_chain_over_a_rewritten_past_is_found_too(
        self, world: World, whole: Report, tamper: Callable[[str], None]
    ) -> None:
        tamper("UPDATE {entry} SET environment_id = NULL WHERE id = {inone}")
        tamper("DELETE FROM {anchor}; DELETE FROM {link}")
        audit.record(environment=world.live, action="thing.done", subject=world.acme, by=world.mia, at=AT)
        assert audit.chain(at=LATER, thorough=True) == whole.links + 1
        report = audit.verify(at=LATER)
        assert report.problems == (f"link {whole.links}: is not the one that was anchored outside",)

    def test_the_command_says_so(self, whole: Report, tamper: Callable[[str], None], capsys) -> None:
        call_command("audit", "verify")
        assert f"whole: {whole.links} links" in capsys.readouterr().out
        tamper("UPDATE {entry} SET subject = 'x:1' WHERE id = {last}")
        with pytest.raises(CommandError, match="not whole"):
            call_command("audit", "verify")


def test_anchors_are_written_once_a_head(world: World) -> None:
    first = audit.anchor(at=AT)
    assert first is not None and first.link.number == AuditEntry.objects.count()
    assert audit.anchor(at=LATER) is None
    audit.record(environment=None, action="a.b", subject="x:1", by=None, at=AT)
    second = audit.anchor(at=LATER)
    assert second is not None and list(anchors.read()) == [
        (first.link.number, bytes(first.link.hash)), (second.link.number, bytes(second.link.hash)),
    ]  # fmt: skip


def test_an_entry_that_was_never_linked_is_found(world: World) -> None:
    now: datetime = timezone.now()
    audit.chain(at=now)
    entry = audit.record(environment=None, action="a.b", subject="x:1", by=None, at=now - timedelta(minutes=6))
    assert audit.verify(at=now).problems == (f"entry {entry.pk}: has no link",)
