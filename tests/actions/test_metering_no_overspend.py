"""No overspend: many clients, really at once and really killed, and a limit that is never passed."""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter as Tally
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from catalog.models import Metric
from metering.actions import holds, settling
from metering.actions.holds import Use
from metering.actions.ingest import ingest
from metering.actions.limits import LimitDraft, set_limit
from metering.models import Breach, Counter, Hold, Limit
from monetization.foundation.models import Account, Environment
from tests import make, quotas
from tests.metered import NOW
from tests.quotas import D, limit, release, reserve, settle, stands, use, work

CAP = 1000
SUM = "SELECT coalesce(sum(amount), 0) FROM metering_hold WHERE status = %s"


def books_are_equal(cap: int) -> str:
    """Compare counters with holds and usage; returns a line of figures. All counters belong to one limit each."""
    amounts = {status: _sum(status) for status in Hold.Status.values}
    spent, held = (sum((getattr(each, name) for each in Counter.objects.all()), D(0)) for name in ("spent", "held"))
    reserved = sum((each.amount for each in Hold.objects.all()), D(0))
    assert reserved == sum(amounts.values())
    assert held == amounts["HELD"]
    assert spent == metered_units()
    assert spent + held <= cap
    return f"{Hold.objects.count()} reservations of {reserved:f} = " + " + ".join(
        f"{amount:f} {status.lower()}" for status, amount in amounts.items()
    )


def _sum(status: str) -> Decimal:
    with connection.cursor() as cursor:
        cursor.execute(SUM, [status])
        return cursor.fetchone()[0]


def metered_units() -> Decimal:
    """Add up all usage."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(quantity), 0) FROM metering_hourlyusage")
        return cursor.fetchone()[0]


# -- real processes, killed


def client(number: int, operations: int, environment_id: int, account_id: int) -> None:
    """Be a client in a process of its own: reserve, then settle and use, release, or forget."""
    for each in connections.all():
        each.connection = None  # its parent's: to close it would be to speak on it
    chance = random.Random(number)
    live = Environment.objects.get(pk=environment_id)
    for turn in range(operations):
        at, key, amount = datetime.now(UTC), f"c{number}-{turn}-{os.getpid()}", D(chance.randint(1, 7))
        what = chance.random()
        seconds = 1 if what > 0.9 else 3600
        answer = holds.reserve(
            environment=live, key=key, use=Use(account_id, "units", amount, {}), seconds=seconds, at=at
        )  # fmt: skip
        if not answer.admitted:
            continue
        if what < 0.2:  # the event is named before it is sent, so that no moment counts both
            event = work(key, chance.randint(0, int(amount)), at=at)
            settling.settle(environment=live, key=key, source="api", event_id=event["id"], at=datetime.now(UTC))
            ingest(environment=live, events=[event], by=None, at=datetime.now(UTC))
        elif what < 0.9:
            settling.release(environment=live, key=key, at=datetime.now(UTC))


def storm(*, clients: int, operations: int, kills: int, seed: int = 5) -> str:
    """Let clients loose, kill some and start others in their place, watch all the while."""
    world = make.world()
    quotas.units(world)
    mine = limit(world, CAP, at=datetime.now(UTC), window="BILLING_PERIOD")
    chance, fork = random.Random(seed), multiprocessing.get_context("fork")
    arguments = (operations, world.live.pk, world.acme.pk)

    def started(number: int):
        child = fork.Process(target=client, args=(number, *arguments), daemon=True)
        child.start()
        return child

    children = [started(number) for number in range(clients)]
    killed = looks = 0
    worst = D(0)
    while any(child.is_alive() for child in children):
        spent, held = stands(mine)
        looks += 1
        worst = max(worst, spent + held) if held >= 0 else D("Infinity")
        alive = [n for n, child in enumerate(children) if child.is_alive()]
        if killed < kills and alive and looks % 3 == 0:
            victim = chance.choice(alive)
            os.kill(children[victim].pid, signal.SIGKILL)
            children[victim].join()
            children[victim] = started(1000 + killed)
            killed += 1
        if looks % 10 == 0:
            holds.expire_holds(at=datetime.now(UTC))
        time.sleep(0.02)
    assert worst <= CAP
    assert killed == kills, f"only {killed} were killed"
    assert {child.exitcode for child in children} == {0}
    line = books_are_equal(CAP)
    holds.expire_holds(at=datetime.now(UTC) + timedelta(hours=2))
    books_are_equal(CAP)
    assert stands(mine)[1] == 0
    counts = Tally(Hold.objects.values_list("status", flat=True))
    assert min(counts[status] for status in ("SETTLED", "RELEASED", "EXPIRED")) > 0
    assert Breach.objects.filter(kind="OVERRUN").count() == 0
    return f"{line}; {killed} clients killed, looked {looks} times, {Breach.objects.count()} refusals"


@pytest.mark.django_db(transaction=True)
def test_clients_killed_in_between_never_pass_the_limit(transactional_db):
    storm(clients=6, operations=25, kills=4)


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_thirty_two_clients_killed_in_between_never_pass_the_limit(transactional_db, record_property):
    record_property("soak", "no overspend, one limit: " + storm(clients=32, operations=400, kills=100))


# -- threads on many limits


def crowd(*, callers: int, limits: int, operations: int) -> str:
    """Let callers reserve and release on several limits at once, each use touching two or three of them."""
    world = make.world()
    quotas.units(world)
    metric = Metric.objects.get(key="units")
    per_account = 10
    accounts = [make.account(world.customers["acme"], f"a{n}") for n in range(limits // per_account)]
    for account in accounts:
        for number in range(per_account - 1):
            content = LimitDraft(f"model {number}", D(40), metric=metric, match={"model": str(number)}, window="DAY")
            set_limit(environment=world.live, account=account, content=content, by=None, at=NOW)
        content = LimitDraft("all", D(100), metric=metric, window="DAY")
        set_limit(environment=world.live, account=account, content=content, by=None, at=NOW)
    assert Limit.objects.count() == limits

    def caller(number: int) -> None:
        chance = random.Random(number)
        try:
            for turn in range(operations):
                account, key = chance.choice(accounts), f"{number}-{turn}"
                dims = {} if chance.random() < 0.1 else {"model": str(chance.randrange(per_account - 1))}
                wanted = Use(account.pk, "units", D(chance.randint(1, 7)), dims)
                answer = holds.reserve(environment=world.live, key=key, use=wanted, seconds=3600, at=NOW)
                if answer.admitted and chance.random() < 0.6:
                    release(world, key)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(caller, range(callers)))
    held: Tally[int] = Tally()
    for hold in Hold.objects.filter(status="HELD"):
        held.update(dict.fromkeys(hold.counters, hold.amount))
    counters = list(Counter.objects.select_related("limit"))
    assert {c.pk: c.held for c in counters if c.held} == {pk: amount for pk, amount in held.items() if amount}
    assert [c for c in counters if c.spent + c.held > c.limit.most] == []
    return f"{callers} callers, {limits} limits: {Hold.objects.count()} admitted, {Breach.objects.count()} refused"


@pytest.mark.django_db(transaction=True)
def test_callers_on_many_limits(transactional_db):
    crowd(callers=10, limits=40, operations=30)


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_fifty_callers_on_a_thousand_limits(transactional_db, record_property):
    record_property("soak", "no overspend, many limits: " + crowd(callers=50, limits=1000, operations=100))


@pytest.mark.django_db(transaction=True)
def test_one_key_at_once_is_one_hold(transactional_db):
    world = make.world()
    quotas.units(world)
    mine = limit(world, CAP)

    def caller(number: int) -> bool:
        try:
            return reserve(world, "same", 5).admitted
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(caller, range(24)))
    assert stands(mine) == (0, 5) and Hold.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_limit_set_while_events_come_counts_each_of_them_once(transactional_db):
    world = make.world()
    quotas.units(world)

    def sender(number: int) -> None:
        try:
            for turn in range(15):
                use(world, work(f"{number}-{turn}", 1), work(f"g{number}-{turn}", 1, subject="globex"))
        finally:
            connections.close_all()

    def setter(number: int) -> list[Limit]:
        try:
            time.sleep(0.05 * number)
            return [limit(world, CAP), limit(world, CAP, account=None)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        senders = pool.map(sender, range(4))
        made = [each for pair in pool.map(setter, range(4)) for each in pair]
        list(senders)
    assert {stands(each, world.acme) for each in made} == {(60, 0)}
    assert {stands(each, world.globex) for each in made if each.account is None} == {(60, 0)}


@pytest.mark.django_db(transaction=True)
def test_settling_while_the_event_is_counted_takes_the_hold_off_once(transactional_db):
    world = make.world()
    quotas.units(world)
    mine = limit(world, CAP)
    keys = [str(number) for number in range(40)]
    for key in keys:
        reserve(world, key, 3)

    def counted(key: str) -> None:
        try:
            use(world, work(key, 2))
        finally:
            connections.close_all()

    def settled(key: str) -> None:
        try:
            settle(world, key, f"w{key}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(act, key) for key in keys for act in (counted, settled)]
        for job in jobs:
            job.result()
    assert stands(mine) == (80, 0)
    assert set(Hold.objects.values_list("status", flat=True)) == {"SETTLED"}


# -- any order


class Quota(RuleBasedStateMachine):
    """Reserve, settle, release, expire and use in any order, beside a model of a few lines."""

    world: make.World
    mine: Limit
    rounds = 0

    def __init__(self) -> None:
        super().__init__()
        Quota.rounds += 1
        self.name, self.now, self.spent = f"r{Quota.rounds}", NOW, D(0)
        self.account: Account = make.account(self.world.customers["acme"], self.name)
        metric = Metric.objects.get(key="units")
        content = LimitDraft("x", D(20), metric=metric, window="BILLING_PERIOD")
        self.mine = set_limit(environment=self.world.live, account=self.account, content=content, by=None, at=NOW)
        self.holds: dict[str, list] = {}  # key → status, amount, expiry, its event or None
        self.events: set[str] = set()
        self.number = 0

    def _held(self) -> Decimal:
        return sum((h[1] for h in self.holds.values() if h[0] == "HELD"), D(0))

    @rule(amount=st.integers(1, 9), seconds=st.integers(1, 60))
    def reserve(self, amount, seconds):
        self.number += 1
        key = f"{self.name}-{self.number}"
        wanted = Use(self.account.pk, "units", D(amount), {})
        alive = sum((h[1] for h in self.holds.values() if h[0] == "HELD" and h[2] > self.now), D(0))
        found = holds.reserve(environment=self.world.live, key=key, use=wanted, seconds=seconds, at=self.now)
        assert found.admitted == (self.spent + alive + amount <= 20)
        if self.spent + self._held() + amount > 20:
            self._expired()
        if found.admitted:
            self.holds[key] = ["HELD", D(amount), self.now + timedelta(seconds=seconds), None]

    @rule(amount=st.integers(0, 5), back=st.integers(1, 4), settled_first=st.booleans())
    @precondition(lambda self: self.holds)
    def settle(self, amount, back, settled_first):
        key = list(self.holds)[-back % len(self.holds)]
        status, _, _, event = self.holds[key]
        if status == "RELEASED" or event is not None:
            return
        if settled_first:
            self._settle(key)
        self._use(f"e{key}", amount)
        if not settled_first:
            self._settle(key)

    @rule(back=st.integers(1, 4))
    @precondition(lambda self: self.holds)
    def settle_early(self, back):
        key = list(self.holds)[-back % len(self.holds)]
        if self.holds[key][0] == "HELD" and self.holds[key][3] is None:
            self._settle(key)

    @rule(amount=st.integers(0, 5))
    def use_unannounced(self, amount):
        self.number += 1
        self._use(f"{self.name}-free-{self.number}", amount)

    @rule(amount=st.integers(0, 5), back=st.integers(1, 6))
    @precondition(lambda self: self.holds)
    def the_event_comes(self, amount, back):
        self._use(f"e{list(self.holds)[-back % len(self.holds)]}", amount)

    @rule(back=st.integers(1, 4))
    @precondition(lambda self: self.holds)
    def release(self, back):
        key = list(self.holds)[-back % len(self.holds)]
        if self.holds[key][3] is None and self.holds[key][0] != "SETTLED":
            settling.release(environment=self.world.live, key=key, at=self.now)
            if self.holds[key][0] == "HELD":
                self.holds[key][0] = "RELEASED"

    @rule(seconds=st.integers(1, 30), swept=st.booleans())
    def time_passes(self, seconds, swept):
        self.now += timedelta(seconds=seconds)
        if swept:
            holds.expire_holds(at=self.now)
            self._expired()

    def _expired(self):
        for hold in self.holds.values():
            if hold[0] == "HELD" and hold[2] <= self.now:
                hold[0] = "EXPIRED"

    def _settle(self, key):
        settling.settle(environment=self.world.live, key=key, source="api", event_id=f"e{key}", at=self.now)
        if self.holds[key][0] == "HELD":
            self.holds[key][3] = f"e{key}"
            if f"e{key}" in self.events:
                self.holds[key][0] = "SETTLED"

    def _use(self, event, amount):
        sent = work(0, amount, at=self.now, subject=self.name) | {"id": event}
        if ingest(environment=self.world.live, events=[sent], by=None, at=self.now).accepted:
            self.spent += amount
            self.events.add(event)
            for hold in self.holds.values():
                if hold[0] == "HELD" and hold[3] == event:
                    hold[0] = "SETTLED"

    @invariant()
    def the_books_are_equal(self):
        assert stands(self.mine) == (self.spent, self._held())
        stored = dict(Hold.objects.filter(account=self.account).values_list("key", "status"))
        assert stored == {key: hold[0] for key, hold in self.holds.items()}


@pytest.mark.django_db
def test_any_order_keeps_the_books(world):
    quotas.units(world)
    Quota.world = world
    sample = {} if os.environ.get("SOAK") == "1" else {"max_examples": 5, "stateful_step_count": 20}
    checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    run_state_machine_as_test(Quota, settings=settings(deadline=None, suppress_health_check=checks, **sample))
