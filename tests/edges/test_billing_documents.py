"""The document: what stands on it, that it fetches nothing, that it is the same again, and how it is retried."""

from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from billing.actions import documents
from billing.documents.page import html_of
from billing.documents.pdf import OwnFiles, pdf_of
from billing.models import Document, Invoice
from billing.queries import invoice_document
from monetization.values.errors import NotAllowed, WrongState
from tests.make import World
from tests.priced import NOVEMBER_5, draft, issued, october, priced, use
from tests.rules.test_printed import PLAIN, TIERED, document, line, step

pytestmark = [pytest.mark.pdf, pytest.mark.usefixtures("pango")]


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


@pytest.fixture
def invoice(world: World, settings: Any, tmp_path: Path) -> Invoice:
    settings.MEDIA_ROOT = tmp_path
    terms = priced(world)
    use(world, october())
    return issued(world, terms.acme)


def test_the_page_says_all_and_escapes_it() -> None:
    page = html_of(document(PLAIN, TIERED))
    assert "Acme &lt;Robotics&gt; &amp; Co" in page
    assert "<Robotics>" not in page
    said = ["TG-2026-000001", "1–31 October 2026", "5 December 2026", "gpt-4o · input", "first 10", "0.000000075 + 3"]
    for words in [*said, "VAT 19\N{THIN SPACE}% on 10.00", "DE02 1203 0000 0000 2020 51"]:
        assert words in page, words
    assert "watermark" not in page


def test_a_preview_says_that_it_is_none() -> None:
    page = html_of(document(PLAIN, number=None))
    assert 'class="watermark"' in page
    assert "How to pay" not in page


def test_the_same_content_makes_the_same_bytes() -> None:
    first, again = pdf_of(document(PLAIN, TIERED)), pdf_of(document(PLAIN, TIERED))
    assert first == again
    assert first != pdf_of(document(PLAIN))
    assert "TG-2026-000001" in text_of(first)


def test_a_long_invoice_says_what_it_leaves_to_the_annex() -> None:
    many = [line(n, f"model-{n}", step("1", "1", "1.00")) for n in range(1, 321)]
    pdf = text_of(pdf_of(document(*many)))
    assert "20 more rows are part of this invoice" in " ".join(pdf.split())
    assert "model-300" in pdf
    assert "model-301" not in pdf
    assert "320.00" in pdf


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/x.png", "https://example.com/x.css", "file:///etc/passwd", "ftp://example.com/x",
     "static:unfold/fonts/../../../settings.py", "static:admin/css/base.css", "/etc/passwd"],
)  # fmt: skip
def test_nothing_from_outside_is_fetched(url: str) -> None:
    with pytest.raises(ValueError, match="disallowed|not a font|Not an absolute"):
        OwnFiles().fetch(url)


def test_data_and_own_fonts_are_given() -> None:
    assert OwnFiles().fetch("data:text/plain,hello").read() == b"hello"
    assert len(OwnFiles().fetch("static:unfold/fonts/inter/Inter-Regular.woff2").read()) > 100_000


def test_making_twice_makes_once(invoice: Invoice) -> None:
    order = invoice.documents.get()
    made = documents.make(order.pk, NOVEMBER_5)
    assert made is not None
    assert (made.status, made.attempts, made.ready_at) == ("READY", 1, NOVEMBER_5)
    written = Path(made.file.path).read_bytes()
    assert written == pdf_of(invoice_document(invoice))
    assert documents.make(order.pk, NOVEMBER_5 + timedelta(hours=1)) is None
    assert [path.name for path in Path(made.file.path).parent.iterdir()] == [f"{invoice.pk}-TG-2026-000001.pdf"]


def test_it_is_tried_five_times_then_parked_until_somebody_looks(
    world: World, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, at, waits = invoice.documents.get(), NOVEMBER_5, []

    def no_space(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("os.replace", no_space)
        for _ in range(5):
            tried = documents.make(order.pk, at)
            assert tried is not None
            assert documents.make(order.pk, at) is None  # not yet
            waits.append((tried.next_attempt_at - at).total_seconds())
            at = tried.next_attempt_at
    assert waits == [10, 20, 40, 80, 160]
    order.refresh_from_db()
    assert (order.status, order.last_error) == ("PARKED", "OSError: [Errno 28] No space left on device")
    assert [
        path for path in Path(order.invoice.documents.get().file.storage.location).rglob("*") if path.is_file()
    ] == []
    assert documents.due(at) == []
    with pytest.raises(NotAllowed):
        documents.retry(document=order, by=world.mia, at=at)
    documents.retry(document=order, by=world.rosa, at=at)
    assert documents.due(at) == [order.pk]
    ready = documents.make(order.pk, at)
    assert ready is not None and ready.status == Document.Status.READY
    with pytest.raises(WrongState):
        documents.retry(document=order, by=world.rosa, at=at)


def test_a_draft_has_a_preview_of_the_same_figures(world: World, invoice: Invoice) -> None:
    use(world, october("globex", 2))
    made = invoice_document(draft(world.globex.contracts.get()))
    assert (made.number, made.total, made.taxes[0].category) == (None, Decimal(7), "O")
    assert "Not issued" in text_of(pdf_of(made))
