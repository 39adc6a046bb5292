"""A backfill on a real worker that is killed in the middle of a step, while events keep coming and going."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from billing.queries.usage_proof import usage_matches_events
from metering.actions import backfill as actions
from metering.actions import corrections, settle
from metering.actions.ingest import ingest
from metering.models import Backfill, UsageMark
from metering.tasks import run_backfill
from monetization.celery import app
from tests import make, metered
from tests.backfilled import begun, drafted, reference, sums_of
from tests.metered import NOW
from tests.processes import Worker, eventually

pytestmark = pytest.mark.worker
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%metering_usagemark%'
"""


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(WAITING)
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_a_step_while_events_come_and_go(transactional_db, tmp_path):
    world = make.world()
    metered.metric(world, "tokens", metered.LLM)
    first = metered.requests(900, seed=11)
    ingest(environment=world.live, events=first, by=None, at=NOW)
    version = drafted(world)
    row = begun(world, version)
    for _ in range(3):
        assert actions.step(backfill=row, at=NOW, size=100)
    done = Backfill.objects.get().done_seq
    more = [each | {"id": f"m{each['id']}"} for each in metered.requests(300, seed=12)]
    gone = [each for each in first if each["id"] in {f"e{n}" for n in range(0, 900, 9)}]

    def sender(number: int) -> None:
        try:
            mine = more[number::3]
            for start in range(0, len(mine), 10):
                batch = [*mine[start : start + 10], *first[start : start + 5]]
                ingest(environment=world.live, events=batch, by=None, at=NOW)
        finally:
            connections.close_all()

    def corrector() -> None:
        try:
            for start in range(0, len(gone), 10):
                keys = [("api", each["id"]) for each in gone[start : start + 10]]
                corrections.deprecate(environment=world.live, keys=keys, reason="test", by=world.eli, at=NOW)
        finally:
            connections.close_all()

    app.control.purge()
    worker = Worker(tmp_path, {"TASK_SECONDS": "20"})
    worker.start()
    pool = ThreadPoolExecutor(4)
    try:
        with transaction.atomic():  # hold the marks, so that the step can't end before the worker is dead
            list(UsageMark.objects.select_for_update().order_by("pk"))
            run_backfill.delay(row.pk)
            eventually(lambda: waiting() >= 1, 15)
            jobs = [pool.submit(sender, number) for number in range(3)] + [pool.submit(corrector)]
            eventually(lambda: waiting() >= 3, 15)
            worker.kill()
            assert Backfill.objects.get().done_seq == done
        worker.start()
        for job in jobs:
            job.result(60)
        eventually(lambda: Backfill.objects.get().status == "DONE", 40)
    finally:
        worker.stop()
        pool.shutdown()
    out = {each["id"] for each in gone}
    known = [each for each in [*first, *more] if each["id"] not in out]
    assert sums_of(version) == reference(version, known)
    metered.approved(world, version, NOW + timedelta(hours=1))
    settle.settle(backfill=Backfill.objects.get(), at=NOW + timedelta(hours=1))
    assert usage_matches_events(NOW) == []
