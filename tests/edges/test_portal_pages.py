"""What the portal's pages say, in exact figures that can be added up by hand (see `tests/statements.py`)."""

import csv
import html
import io
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from billing.actions import payments
from metering.actions.ingest import ingest
from metering.models import HourlyUsage
from monetization.foundation.actions import customers
from tests import make, statements
from tests.statements import NOW, Filled

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def made(world: make.World) -> Iterator[Filled]:
    with time_machine.travel(NOW, tick=False):
        yield statements.filled(world)


def text(made: Filled, name: str, query: str = "", person: str = "pat", account: str = "acme", **parts: int) -> str:
    """Give what a page says, without its tags and with single spaces."""
    address = reverse(f"portal:{name}", kwargs={"account_id": made.world.accounts[account].pk, **parts})
    answer = make.signed_in(made.world.people[person]).get(address + query)
    assert answer.status_code == 200, address
    body = re.sub(r"<title>[^<]*</title></g>", "", answer.content.decode())
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", body).split()))


def test_three_figures(made: Filled) -> None:
    """4 + 1.000001 M tokens in at 2.50 (12.50), 0.2 M out at 10, 0.5 M in at 3, 0.04 M out at 15: 16.60."""
    page = text(made, "home")
    assert "1–30 Nov 2026 · day 20 of 30" in page
    assert "So far EUR 16.60 usage counted at 20 Nov 2026 13:00" in page
    # 16.60 ÷ 469 × 720 = 25.4840…; the hours since midnight of 1 November in Berlin
    assert "Expected by 30 Nov 2026 EUR 25.48 at the pace so far: 16.60 ÷ 469 × 720 hours" in page
    assert "Open invoices EUR 10.71 1 open, with tax, next due 5 Dec 2026" in page


def test_days_are_those_of_the_account_and_sum_to_the_figure(made: Filled) -> None:
    page = text(made, "home")
    assert "1 Nov 2026 0.00 2 Nov 2026 14.50 3 Nov 2026 0.00" in page
    assert "18 Nov 2026 0.00 19 Nov 2026 2.10 20 Nov 2026 0.00 So far 16.60" in page


def test_each_line_says_how_it_is_worked_out(made: Filled) -> None:
    page = text(made, "cost")
    assert "Model inference gpt-4o · input 5.000001 × 1M tokens EUR 12.50" in page
    assert "all 5.000001 2.50 12.5000025 12.5000025, rounded once to EUR 12.50 . Price list: list version 1." in page
    assert "So far, net 16.60" in page


def test_an_ended_period_is_seen_before_and_after_its_invoice(made: Filled) -> None:
    invoiced = text(made, "cost", "?period=2026-10-01")
    assert f"This period was invoiced: what you owe is on {made.invoices['acme'].number}" in invoiced
    assert "Total, net 9.00" in invoiced
    sent = statements.event("u1", "acme-us", "2026-10-20T12:00:00Z", "claude", 2_000_000, None)
    world = made.world
    contract = statements.deals.contract(world, world.acme_us, made.contracts["acme"].rate_card)
    ingest(environment=world.live, events=[sent], by=None, at=NOW)
    assert "1–31 Oct 2026 before tax Being prepared EUR 6.00" in text(made, "home", account="acme-us")
    waiting = text(made, "cost", "?period=2026-10-01", account="acme-us")
    assert "its invoice is being prepared" in waiting and "Total, net 6.00" in waiting
    statements.issued(world, contract)
    assert "Being prepared" not in text(made, "home", account="acme-us")


def test_usage_by_day_and_dimension_is_the_same_in_table_and_file(made: Filled) -> None:
    page = text(made, "usage", "?by=model&period=2026-11-01")
    assert "Day gpt-4o claude Total 1 Nov 0.000000 0.000000 0.000000 2 Nov 5.200001 0.000000 5.200001" in page
    assert "19 Nov 0.000000 0.540000 0.540000 20 Nov 0.000000 0.000000 0.000000" in page
    assert "Total 5.200001 0.540000 5.740001" in page
    rows = downloaded(made, "?by=model&period=2026-11-01&format=csv")
    assert rows[0] == ["date", "gpt-4o (1M tokens)", "claude (1M tokens)"]
    assert [row for row in rows[1:] if row[1:] != ["0", "0"]] == [
        ["2026-11-02", "5.200001", "0"],
        ["2026-11-19", "0", "0.54"],
    ]
    assert len(rows) == 31


def downloaded(made: Filled, query: str) -> list[list[str]]:
    address = reverse("portal:usage", args=[made.world.acme.pk])
    answer = make.signed_in(made.world.pat).get(address + query)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.content.decode())))


def test_a_file_runs_nothing_in_a_spreadsheet(made: Filled) -> None:
    sent = statements.event("x1", "acme", "2026-11-03T12:00:00Z", '=HYPERLINK("https://evil.example")', 5, None)
    ingest(environment=made.world.live, events=[sent], by=None, at=NOW)
    heads = downloaded(made, "?by=model&format=csv")[0]
    assert '\'=HYPERLINK("https://evil.example") (1M tokens)' in heads
    page = text(made, "home")
    assert "Some usage has no price in your contract yet" in page and "So far EUR 16.60" in page


def test_from_a_line_to_its_hours_to_its_events(made: Filled) -> None:
    line = made.invoices["acme"].lines.get(match={"model": "gpt-4o", "token_type": "input"})
    hours = text(made, "line_usage", "?period=2026-11-01", price_id=line.price_id, metric_id=line.metric_version_id)
    assert "gpt-4o · input · 1–30 Nov 2026 · 5.000001 × 1M tokens for EUR 12.50" in hours
    assert "2 Nov 2026 09:00 gpt-4o · input 5,000,001 2 1 hour in all 5,000,001 2" in hours
    assert "1,000,000 counted are one 1M tokens" in hours
    bucket = HourlyUsage.objects.get(account=made.world.acme, events=2)
    page = text(made, "events", bucket_id=bucket.pk)
    assert "5,000,001 counted from 2 events in this hour" in page
    assert "09:00:00.000000 a3 api llm.request 4,000,000" in page
    assert "09:20:00.000000 a4 api llm.request 1,000,001" in page
    assert '"output_tokens": 200000' in page


def test_events_come_page_by_page(made: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.portal.events.A_PAGE", 1)
    bucket = HourlyUsage.objects.get(account=made.world.acme, events=2)
    client, address = make.signed_in(made.world.pat), reverse("portal:events", args=[made.world.acme.pk, bucket.pk])
    first = client.get(address).content.decode()
    following = html.unescape(re.search(r'href="(\?after=[^"]*)"', first)[1])  # type: ignore[index]
    second = client.get(address + following).content.decode()
    assert (">a3<" in first, ">a4<" in first, ">a3<" in second, ">a4<" in second) == (True, False, False, True)
    assert "after=" not in second
    assert client.get(address + "?after=[1]").status_code == 404


def test_an_invoice_shows_what_was_issued_and_what_was_paid(made: Filled, finn: make.User) -> None:
    """2 M in at 2.50, 0.1 M out at 10, 1 M in at 3; 19 % of 9.00 is 1.71."""
    invoice = made.invoices["acme"]
    page = text(made, "invoice", invoice_id=invoice.pk)
    assert "Total, with tax EUR 10.71 9.00 net and 1.71 tax" in page
    assert "Due 5 Dec 2026 issued 5 Nov 2026, 30 days net" in page
    assert "Net 9.00 Tax 19 % on 9.00 1.71 Total EUR 10.71" in page
    assert "Still open EUR 10.71 nothing received yet" in page and "Open" in page
    payments.record(
        invoice=invoice, amount=D("10.71"), currency="EUR", received_date=date(2026, 11, 19), reference="SEPA 77",
        by=finn, at=NOW,
    )  # fmt: skip
    paid = text(made, "invoice", invoice_id=invoice.pk)
    assert "Still open EUR 0.00 10.71 received" in paid and "19 Nov 2026 SEPA 77 10.71" in paid
    assert "Open invoices EUR 0.00 nothing to pay" in text(made, "home")


def test_an_issued_invoice_keeps_what_it_said(made: Filled) -> None:
    """A later name, address or usage changes the page of the invoice as little as its paper."""
    invoice, world = made.invoices["acme"], made.world
    before = text(made, "invoice", invoice_id=invoice.pk)
    customers.change_account(account=world.acme, changes={"city": "Potsdam"}, by=world.rosa, at=NOW)
    late = statements.event("late", "acme", "2026-10-05T10:30:00Z", "gpt-4o", 3_000_000, None)
    ingest(environment=world.live, events=[late], by=None, at=NOW)
    assert text(made, "invoice", invoice_id=invoice.pk) == before
    assert "Potsdam" in text(made, "settings")
    line = invoice.lines.get(match={"model": "gpt-4o", "token_type": "input"})
    hours = text(made, "invoice_line", invoice_id=invoice.pk, position=line.position)
    assert "2 × 1M tokens for EUR 5.00" in hours and "Usage that arrived for these hours later" in hours


def test_the_pdf_is_handed_out_once_it_is_made(made: Filled, pango: None) -> None:
    invoice = made.invoices["acme"]
    address = reverse("portal:invoice_pdf", args=[made.world.acme.pk, invoice.pk])
    pat = make.signed_in(made.world.pat)
    assert "The PDF is being made" in text(made, "invoice", invoice_id=invoice.pk)
    assert pat.get(address).status_code == 404
    statements.with_pdf(invoice)
    answer = pat.get(address)
    assert b"".join(answer.streaming_content)[:5] == b"%PDF-"  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_empty_pages_say_what_comes_next(made: Filled) -> None:
    world = made.world
    assert "No contract is in force" in text(made, "home", account="acme-us")
    assert "Nothing is metered yet" in text(made, "usage", account="acme-us")
    assert "No contract is in force" in text(made, "cost", account="acme-us")
    assert "No invoices yet" in text(made, "invoices", account="acme-us")
    statements.deals.contract(world, world.acme_us, made.contracts["acme"].rate_card, start_date=date(2026, 12, 1))
    assert "It starts on 1 Dec 2026" in text(made, "home", account="acme-us")


def test_usage_without_events_says_how_to_send_them(made: Filled) -> None:
    world = made.world
    statements.deals.contract(world, world.acme_us, made.contracts["acme"].rate_card, start_date=date(2026, 11, 1))
    for name in ("home", "usage", "cost"):
        page = text(made, name, account="acme-us")
        assert "No usage yet" in page and "How to send events" in page and '"subject": "acme-us"' in page
    assert "The first invoice comes after 30 Nov 2026" in text(made, "home", account="acme-us")


def test_overdue_is_said(made: Filled) -> None:
    with time_machine.travel("2026-12-06T12:00:00Z", tick=False):
        assert "1 open, with tax, overdue since 5 Dec 2026" in text(made, "home")
        assert "Overdue" in text(made, "invoices")


def test_pages_ask_a_bounded_number_of_queries(made: Filled, django_assert_max_num_queries: Any) -> None:
    client = make.signed_in(made.world.pat)
    for name, most in (("home", 50), ("usage", 30), ("cost", 35), ("invoices", 20)):
        with django_assert_max_num_queries(most):
            assert client.get(reverse(f"portal:{name}", args=[made.world.acme.pk])).status_code == 200
