"""The background work of who by a real worker and beat over a real broker."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from monetization.celery import app
from monetization.foundation.actions import approvals, audit, endpoints, outbox
from monetization.foundation.models import AuditEntry, AuditLink, ChangeRequest, Delivery
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import Item, Verdict
from tests.make import World
from tests.processes import Worker, eventually

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker(world: World, tmp_path: Path) -> Iterator[Worker]:
    """A worker that may send webhooks to this machine, not started yet."""
    app.control.purge()
    own = Worker(tmp_path, {"WEBHOOKS_TO_PRIVATE": "1"})
    yield own
    own.stop()


def test_what_rows_ask_for_is_done_within_seconds(world: World, worker: Worker, receiver, settings) -> None:
    settings.WEBHOOKS_TO_PRIVATE = True
    here, now = receiver(500, 200), timezone.now()
    endpoints.create_endpoint(environment=world.live, name="Books", url=here.url, topics=[], by=world.eli, at=now)
    outbox.publish(environment=world.live, topic="invoice.issued", subject="billing.invoice:1", payload={}, at=now)
    item = Item("catalog.rate_card_version:1", "Prices", b"\1" * 32, {})
    request = approvals.open_request(
        environment=world.live, kind="metric", title="x", reason="", items=[item], by=world.mia, at=now,
        effective_at=now + timedelta(seconds=1),
    )  # fmt: skip
    request = approvals.submit(request=request, items=[item], by=world.mia, at=now)
    approvals.decide(request=request, verdict=Verdict.APPROVE, seen=request_digest(request), by=world.chen, at=now)
    approvals.go_live(request=request, by=None, at=now)

    worker.start()
    eventually(lambda: ChangeRequest.objects.get().status == "LIVE")
    eventually(lambda: AuditLink.objects.count() == AuditEntry.objects.count())
    eventually(lambda: Delivery.objects.filter(status="DELIVERED", attempts=2).exists())
    assert len(here.got) == 2
    assert audit.verify(at=timezone.now()).is_whole

    audit.record(environment=None, action="a.b", subject="x:1", by=None, at=timezone.now())
    eventually(lambda: not AuditEntry.objects.filter(link__isnull=True).exists(), seconds=8)


def test_a_killed_worker_loses_nothing(world: World, worker: Worker, receiver, settings) -> None:
    settings.WEBHOOKS_TO_PRIVATE = True
    here, now = receiver(30.0, 200), timezone.now()
    endpoints.create_endpoint(environment=world.live, name="Books", url=here.url, topics=[], by=world.eli, at=now)
    outbox.publish(environment=world.live, topic="invoice.issued", subject="billing.invoice:1", payload={}, at=now)
    worker.start()
    eventually(lambda: here.got)  # the receiver holds the line …
    worker.kill()  # … and the worker dies on it
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts) == ("PENDING", 1)
    Delivery.objects.update(next_attempt_at=timezone.now())  # its claim of a minute runs out
    worker.start()
    eventually(lambda: Delivery.objects.get().status == "DELIVERED")
    assert Delivery.objects.get().attempts == 2
    assert len({headers["webhook-id"] for headers, _ in here.got}) == 1
