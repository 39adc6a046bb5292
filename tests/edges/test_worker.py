"""The document survives what kills workers and brokers: it is there in the end, and once."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from billing.actions import documents
from billing.documents.pdf import pdf_of
from billing.models import Document, Invoice
from billing.queries import invoice_document
from catalog.rules.drafts import PriceDraft
from monetization.celery import app
from tests import deals, make
from tests.make import World
from tests.priced import OCTOBER, Priced, draft, event, issued, priced, use
from tests.processes import Broker, Worker, eventually

pytestmark = [pytest.mark.worker, pytest.mark.pdf]
MODELS = [f"model-{number:03d}" for number in range(120)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make.world()


@pytest.fixture
def terms(world: World) -> Priced:
    return priced(world)


@pytest.fixture
def worker(transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[Worker]:
    """A worker with a folder for documents of its own, whose tasks may take as long as a page on a busy machine."""
    settings.MEDIA_ROOT = tmp_path / "media"
    app.control.purge()
    started = Worker(tmp_path, {"TASK_SECONDS": "20"})
    started.start()
    yield started
    started.stop()


def long_invoice(world: World, terms: Priced) -> Invoice:
    """Issue an invoice of 240 lines, whose document takes a second or two."""
    rows: tuple[PriceDraft, ...] = deals.prices([(model, "", "3") for model in MODELS], ("EUR", "JPY"))
    rows += deals.prices(currencies=("EUR", "JPY"))
    version = deals.version(world, terms.card, rows=rows, at=OCTOBER, effective_date=date(2026, 10, 2))
    deals.approved(world, version, at=OCTOBER)
    use(world, [event("acme", OCTOBER.replace(day=9), model, input=1_000_000) for model in MODELS])
    return issued(world, terms.acme)


def files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def check_made_once(invoice: Invoice) -> Document:
    """The one file is the document of the frozen copy, byte for byte, and the row knows it."""
    document = Document.objects.get(invoice=invoice)
    (path,) = files()
    made = path.read_bytes()
    assert path == Path(document.file.path)
    assert (sha256(made).digest(), len(made)) == (bytes(document.sha256 or b""), document.size_bytes)
    assert made == pdf_of(invoice_document(invoice))
    return document


def is_ready(invoice: Invoice) -> bool:
    return Document.objects.filter(invoice=invoice, status="READY").exists()


def test_a_document_is_made_within_seconds(world: World, terms: Priced, worker: Worker) -> None:
    use(world, [event("acme", OCTOBER.replace(day=9), input=1_000_000)])
    invoice = issued(world, terms.acme)
    eventually(lambda: is_ready(invoice), 20)
    assert check_made_once(invoice).attempts == 1


def test_a_worker_killed_while_it_makes_a_document(world: World, terms: Priced, worker: Worker) -> None:
    invoice = long_invoice(world, terms)
    eventually(lambda: Document.objects.filter(invoice=invoice, attempts=1).exists(), 20)
    worker.kill()
    assert not is_ready(invoice)
    assert files() == []
    worker.start()
    eventually(lambda: is_ready(invoice), 60)
    assert check_made_once(invoice).attempts == 2


def test_a_broker_killed_between_issue_and_document(
    world: World, terms: Priced, broker: Broker, worker: Worker
) -> None:
    use(world, [event("acme", OCTOBER.replace(day=9), input=1_000_000)])
    broker.kill()
    invoice = issued(world, terms.acme)
    assert (invoice.status, is_ready(invoice)) == ("ISSUED", False)
    broker.start()
    eventually(lambda: is_ready(invoice), 60)
    assert check_made_once(invoice).attempts == 1


def test_the_sweep_finds_a_document_whose_message_was_lost(
    world: World, terms: Priced, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "wake", lambda document_id: None)
    use(world, [event("acme", OCTOBER.replace(day=9), input=1_000_000)])
    invoice = issued(world, terms.acme)
    eventually(lambda: is_ready(invoice), 30)
    check_made_once(invoice)


def test_a_draft_follows_usage_by_itself(world: World, terms: Priced, worker: Worker) -> None:
    invoice = draft(terms.acme)
    use(world, [event("acme", OCTOBER.replace(day=9), input=4_000_000)])
    eventually(lambda: Invoice.objects.get(pk=invoice.pk).net == 10, 20)
