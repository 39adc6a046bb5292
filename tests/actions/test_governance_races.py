"""Approvals, edits, submissions and last words on one request, at the same time: real threads, real PostgreSQL.

However they fall, nothing is decided about another content than the one seen, nobody decides what he made or is tied
to, and a request ends once. A failing race prints its seed; SOAK=1 runs all two hundred.
"""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from monetization.foundation.actions import approvals, delegations
from monetization.foundation.models import AuditEntry, ChangeRequest, Decision, Notice, User
from monetization.foundation.queries import case_of, request_digest, subject_of
from monetization.foundation.rules.approvals import Item, Verdict
from monetization.foundation.rules.makers import Tie, related
from monetization.foundation.rules.policies import Asked
from monetization.foundation.rules.roles import Role
from monetization.values.errors import DomainError
from tests.conftest import SOAK
from tests.governing import DAY, content, put
from tests.make import AT, World, person

pytestmark = pytest.mark.django_db(transaction=True)
RACES, MOST = (200, 32) if SOAK else (20, 32)
KINDS = ("yes", "edit", "submit", "no", "veto", "light", "withdraw")
ODDS = (60, 12, 8, 6, 4, 4, 2)
FINAL = ("approved", "rejected", "withdrawn")
Call = Callable[[], Any]


class Race:
    """One request, and people who do everything to it at once."""

    def __init__(self, world: World, people: list[User], seed: int) -> None:
        self.world, self.people, self.dice = world, people, random.Random(seed)
        self.seen: dict[bytes, bytes] = {}
        self.request = self._submitted(b"\0" * 32)
        self.first = self._look()

    def _submitted(self, body: bytes) -> ChangeRequest:
        request = approvals.open_request(
            environment=self.world.live, kind="thing", title="Race", reason="", items=[Item("test.thing:1", "Thing")],
            effective_at=None, by=self.world.mia, at=AT,
        )  # fmt: skip
        return approvals.submit(request=request, items=[self._item(body)], by=self.world.mia, at=AT)

    def _item(self, body: bytes) -> Item:
        return Item("test.thing:1", "Thing", body, {}, frozenset({self.world.mia.pk}))

    def _look(self) -> bytes:
        """Read the request as a page does, and remember which content its digest stands for."""
        request = ChangeRequest.objects.get(pk=self.request.pk)
        item, digest = request.items.get(), request_digest(request)
        if digest == request_digest(ChangeRequest.objects.get(pk=request.pk)):  # a page torn by an edit shows neither
            self.seen[digest] = bytes(item.digest or b"")
        return digest

    def decides(self, by: User, verdict: Verdict, *, fresh: bool) -> Call:
        def run() -> Any:
            seen = self._look() if fresh else self.first
            return approvals.decide(request=self.request, verdict=verdict, seen=seen, by=by, at=AT, reason="Because")

        return run

    def edits(self, by: User, body: bytes) -> Call:
        def run() -> Any:
            back = approvals.send_back(request=self.request, by=self.world.mia, at=AT)
            more = {"title": "Race", "reason": body.hex()[:8], "effective_at": None}
            changed = approvals.edit(request=back, by=by, at=AT, **more)
            return approvals.submit(request=changed, items=[self._item(body)], by=by, at=AT)

        return run

    def submits(self, by: User, body: bytes) -> Call:
        return lambda: approvals.submit(request=self.request, items=[self._item(body)], by=by, at=AT)

    def withdraws(self) -> Call:
        return lambda: approvals.withdraw(request=self.request, by=self.world.mia, at=AT)

    def calls(self) -> list[Call]:
        size, dice = self.dice.randint(2, MOST), self.dice
        made: list[Call] = []
        for number in range(size):
            by, body = dice.choice([*self.people, self.world.mia]), bytes([number + 1]) * 32
            kind = dice.choices(KINDS, ODDS)[0]
            verdict = {"no": Verdict.REJECT, "veto": Verdict.VETO, "light": Verdict.GREEN_LIGHT}.get(kind)
            if kind == "edit":
                made.append(self.edits(by, body))
            elif kind == "submit":
                made.append(self.submits(by, body))
            elif kind == "withdraw":
                made.append(self.withdraws())
            else:
                made.append(self.decides(by, verdict or Verdict.APPROVE, fresh=dice.random() < 0.5))
        return made

    def run(self) -> list[Any]:
        calls = self.calls()
        barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

        def one(index: int, call: Call) -> None:
            try:
                barrier.wait()
                results[index] = call()
            except Exception as error:  # told by the main thread
                results[index] = error
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=pair) for pair in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results


def judge(race: Race, results: list[Any], tied: list[Tie]) -> None:
    """Look at what a race left behind."""
    assert [r for r in results if isinstance(r, Exception) and not isinstance(r, DomainError)] == []
    request = ChangeRequest.objects.get(pk=race.request.pk)
    decisions = list(Decision.objects.filter(subject=subject_of(request)))
    for one in decisions:
        assert bytes(one.digest) in race.seen, "a decision about a content that nobody looked at"
        barred = related(one.maker_ids, tied)
        assert one.by_id not in barred and one.in_name_of_id not in one.maker_ids, "a self-approval"
    ends = [
        entry.action.rpartition(".")[2]
        for entry in AuditEntry.objects.filter(subject=subject_of(request)).order_by("pk")
        if entry.action.rpartition(".")[2] in FINAL
    ]
    assert len(ends) == (request.status in {"APPROVED", "REJECTED", "WITHDRAWN"}), ends
    if request.status == "APPROVED":
        case = case_of(request)
        assert case.missing == ()
        assert race.seen[case.digest] == bytes(request.items.get().digest or b"")
        assert set(request.editor_ids) <= {*decisions[-1].maker_ids}
    told = Notice.objects.filter(request=request).values_list("user", "source")
    assert len(told) == len(set(told))


def test_whatever_happens_at_once_one_thing_happens(world: World) -> None:
    put(world, "Things", content(Asked(Role.FINANCE, 2), Asked(Role.HEAD, step=2)))
    people = [person(f"head{n}", [Role.HEAD]) for n in range(3)]
    people += [person(f"fin{n}", [Role.FINANCE]) for n in range(5)]
    stand_in = person("standin")
    for given, held in ((people[0], stand_in), (people[3], world.mia)):
        delegations.delegate(person=given, delegate=held, starts_at=AT, ends_at=AT + DAY, by=given, at=AT)
    people.append(stand_in)
    tied = [Tie(people[0].pk, stand_in.pk), Tie(people[3].pk, world.mia.pk)]
    seeds = [random.SystemRandom().randrange(1 << 32) if SOAK else 7000 + n for n in range(RACES)]
    ended = set()
    for seed in seeds:
        race = Race(world, people, seed)
        results = race.run()
        try:
            judge(race, results, tied)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        ended.add(ChangeRequest.objects.get(pk=race.request.pk).status)
    assert len(ended) > 1, "every race ended alike"
