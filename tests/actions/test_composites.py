"""Composites of contracts: a percentage of other lines on drafts, by days where one begins or ends inside."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from pypdf import PdfReader

from billing.actions import documents
from billing.models import Invoice
from catalog.actions import agreed
from catalog.actions.composites import add_composite
from catalog.models import AgreedComposite, Contract, Product, RateCard
from catalog.queries.content import content_digest
from monetization.values.errors import DomainError
from tests import agreements, amending, deals, priced
from tests.dues import booked, clean, issue
from tests.make import AT, World, portal
from tests.priced import NOVEMBER_5

D = Decimal


def support(percent: str = "10", **more: Any) -> tuple[Any, dict[str, Any]]:
    said = {"key": "support", "name": "Support", "product": Product.objects.get(key="support"), "percent": D(percent)}
    return add_composite, said | more


@pytest.fixture
def selling(world: World) -> World:
    priced.list_card(world)
    deals.product(world, "support")
    priced.use(world, priced.october())
    return world


def composite_of(contract: Contract, at: Any = NOVEMBER_5) -> tuple[Invoice, list[Decimal]]:
    invoice = priced.draft(contract, at)
    return invoice, list(invoice.lines.filter(kind="composite").values_list("amount", flat=True))


def test_a_percentage_of_other_lines_is_billed_under_its_own_product(selling: World) -> None:
    inference = Product.objects.get(key="inference")
    once = (
        agreed.add_one_time,
        {"key": "setup", "name": "Setup", "product": Product.objects.get(key="support"), "unit_price": D(1000)},
    )
    contract = agreements.contract(selling, support(products=[inference]), once)
    invoice, found = composite_of(contract)
    assert found == [D("10.85")]  # 10 % of 77.50 + 31.00, none of the 1,000 of another product
    assert invoice.net == D("1119.35")
    line = invoice.lines.get(kind="composite")
    assert (line.description, line.source["agreed"]["contract"]) == ("Support", "acme-deal")


@pytest.mark.pdf
def test_its_line_is_issued_booked_and_printed(selling: World, pango: None) -> None:
    contract = agreements.contract(selling, support())
    invoice = issue(selling, priced.draft(contract), NOVEMBER_5)
    assert (invoice.net, invoice.tax) == (D("119.35"), D("22.68"))  # 108.50 + 10.85; 19 % of it, rounded once
    assert booked(invoice)["revenue:support"] == "-10.85"
    documents.make(invoice.documents.get().pk, NOVEMBER_5)
    document = invoice.documents.get()
    assert document.status == "READY"
    pages = "".join(page.extract_text() for page in PdfReader(BytesIO(document.file.read())).pages)
    assert "Support" in pages
    assert "10.85" in pages
    clean(NOVEMBER_5)


def test_without_a_scope_it_counts_every_line_but_composites(selling: World) -> None:
    twice = support("50", key="more", name="More")
    contract = agreements.contract(selling, support(), twice)
    assert composite_of(contract)[1] == [D("10.85"), D("54.25")]


def test_it_takes_its_share_of_the_days_on_which_it_stands(selling: World) -> None:
    contract = agreements.contract(selling, support(start_date=date(2026, 10, 17)))
    assert composite_of(contract)[1] == [D("5.25")]  # 108.50 × 10 % × 15 ÷ 31


def test_an_amendment_adds_and_another_ends_one(selling: World) -> None:
    contract = agreements.contract(selling, support("20"))
    _, said = support("10", key="late", name="Late", start_date=date(2026, 10, 17))
    amending.amended(
        selling, contract, date(2026, 10, 17), at=NOVEMBER_5, adds=[("composite", said)],
        ends=[{"part": "composite", "key": "support", "last_date": date(2026, 10, 16)}],
    )  # fmt: skip
    assert composite_of(contract)[1] == [D("11.20"), D("5.25")]  # 108.50 × 20 % × 16 ÷ 31, and as above


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("percent", {"percent": D(0)}),
        ("percent", {"percent": D(1001)}),
        ("end_date", {"start_date": date(2026, 11, 1), "end_date": date(2026, 10, 31)}),
        ("start_date", {"start_date": date(2025, 1, 1)}),
        ("key", {"key": "No Key"}),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(selling: World, field: str, said: dict[str, Any]) -> None:
    draft = deals.draft_contract(selling, selling.acme, RateCard.objects.get(key="list"))
    add, given = support()
    with pytest.raises(DomainError) as refused:
        add(contract=draft, by=selling.chen, at=AT, **(given | said))
    assert refused.value.field == field
    assert not AgreedComposite.objects.exists()


def test_it_is_in_the_digest_and_frozen_with_its_contract(selling: World) -> None:
    contract = agreements.contract(selling, support(tags=["ai"]))
    before = content_digest(contract)
    for change in (
        lambda: AgreedComposite.objects.update(percent=D(99)),
        lambda: AgreedComposite.objects.get().products.add(Product.objects.get(key="inference")),
        lambda: AgreedComposite.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="is frozen|belongs to something frozen"), transaction.atomic():
            change()
    assert content_digest(contract) == before
    assert AgreedComposite.objects.get().percent == D(10)


def test_a_customer_sees_the_composites_of_its_own_contracts(selling: World) -> None:
    agreements.contract(selling, support())
    with portal(selling.acme):
        assert AgreedComposite.objects.count() == 1
    with portal(selling.globex):
        assert AgreedComposite.objects.count() == 0
