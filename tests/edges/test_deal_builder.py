"""The contract builder: every section saves by itself, parts are added in place, the panel tells what it comes to."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.actions import agreed, instruments
from catalog.models import Contract
from tests import deals, make, priced

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def terms(world: make.World) -> Iterator[priced.Priced]:
    """Acme has a contract until the end of 2026 and October's usage."""
    with time_machine.travel(NOW):
        made = priced.priced(world, end_date=date(2026, 12, 31))
        priced.use(world, priced.october())
        yield made


@pytest.fixture
def chen(world: make.World) -> Client:
    return make.signed_in(world.chen)


def draft(world: make.World, terms: priced.Priced, **more: Any) -> Contract:
    given = {"key": "acme-2027", "start_date": date(2027, 1, 1), "anchor": "first"} | more
    return deals.draft_contract(world, world.acme, terms.card, at=NOW, **given)


def post(client: Client, address: str, /, *args: Any, htmx: bool = True, **typed: Any) -> Any:
    return client.post(reverse(f"console:{address}", args=args), typed, headers=HTMX if htmx else {})


def panel(client: Client, contract: Contract, **query: str) -> str:
    answer = client.get(reverse("console:contract_outlook", args=[contract.pk]), query, headers=HTMX)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_blank_deal_starts_as_the_account_is_used_to(world: make.World, terms: priced.Priced, chen: Client) -> None:
    answer = post(chen, "contract_new", htmx=False, account=world.acme.pk, start="", start_date="2027-01-01")
    made = Contract.objects.get(key="acme-2027")
    assert answer.url == reverse("console:contract_edit", args=[made.pk])
    assert (made.name, made.currency, made.anchor, made.status) == ("Acme Robotics GmbH 2027", "EUR", "first", "DRAFT")


def test_a_deal_starts_from_an_earlier_one(world: make.World, terms: priced.Priced, chen: Client) -> None:
    start = f"contract:{terms.acme.pk}"
    post(chen, "contract_new", htmx=False, account=world.acme.pk, start=start, start_date="2027-01-01", name="Again")
    made = Contract.objects.get(key="acme-2027")
    assert (made.name, made.start_date, made.end_date) == ("Again", date(2027, 1, 1), date(2027, 4, 30))


def test_what_is_typed_before_a_deal_can_start_stays(world: make.World, terms: priced.Priced, chen: Client) -> None:
    answer = post(chen, "contract_new", htmx=False, account="", start="", start_date="2027-02-30", name="Kept")
    assert answer.status_code == 422
    assert "Nothing is chosen here" in answer.content.decode()
    assert 'value="Kept"' in answer.content.decode()


def test_a_section_saves_what_differs_and_says_what_is_wrong_beside_it(
    world: make.World, terms: priced.Priced, chen: Client
) -> None:
    contract = draft(world, terms)
    typed = {"section": "billing", "cadence": "MONTHLY", "anchor": "first", "net_days": "45", "purchase_order": "7"}
    answer = post(chen, "contract_edit", contract.pk, **typed)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "deal-changed")
    contract.refresh_from_db()
    assert (contract.net_days, contract.purchase_order) == (45, "7")
    assert "HX-Trigger" not in post(chen, "contract_edit", contract.pk, **typed).headers
    answer = post(chen, "contract_edit", contract.pk, **typed | {"net_days": "soon", "purchase_order": "8"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "“soon” is not a whole number here" in text.partition('id="said-net_days"')[2].partition("</div>")[0]
    contract.refresh_from_db()
    assert (contract.net_days, contract.purchase_order) == (45, "8")
    answer = post(chen, "contract_edit", contract.pk, section="deal", start_date="2027-01-01", end_date="2026-01-01",
                  name="N", legal_entity=contract.legal_entity_id, currency="EUR")  # fmt: skip
    assert "The last day lies before the first" in answer.content.decode()


def test_a_part_is_added_in_place_with_name_and_key_of_its_own(
    world: make.World, terms: priced.Priced, chen: Client
) -> None:
    contract = draft(world, terms)
    for _ in range(2):
        answer = post(chen, "contract_part_new", contract.pk, "bound", preset="cap", amount="30000")
        assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "deal-changed")
    assert list(contract.bounds.values_list("key", "kind", "amount")) == [
        ("cap-per-period", "MAXIMUM", 30000), ("cap-per-period-2", "MAXIMUM", 30000),
    ]  # fmt: skip
    answer = post(chen, "contract_part_new", contract.pk, "bound", preset="cap", amount="lots", name="Typed")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "“lots” is not a number" in text
    assert 'value="lots"' in text
    assert 'value="Typed"' in text
    answer = post(chen, "contract_part_remove", contract.pk, "bound", "cap-per-period-2")
    assert (answer.status_code, contract.bounds.count()) == (200, 1)


def test_a_percentage_off_is_a_factor_of_the_chosen_price(
    world: make.World, terms: priced.Priced, chen: Client
) -> None:
    contract = draft(world, terms)
    typed = {"preset": "off", "of": "inference|model=gpt-4o|token_type=input", "percent": "18"}
    assert post(chen, "contract_part_new", contract.pk, "multiplier", **typed).status_code == 200
    made = contract.multipliers.get()
    assert (made.factor, made.match) == (Decimal("0.82"), {"model": "gpt-4o", "token_type": "input"})
    assert [each.key for each in made.products.all()] == ["inference"]
    text = post(chen, "contract_part_new", contract.pk, "multiplier", **typed | {"percent": "lots"}).content.decode()
    assert "“lots” is not a number" in text.partition('id="off-percent"')[2].partition("</div>")[0]
    prices = panel(chen, contract).partition('id="effective-title"')[2]
    assert "2.05" in prices
    assert "18 %" in prices


def test_a_commit_is_said_by_years_and_written_out(world: make.World, terms: priced.Priced, chen: Client) -> None:
    contract = draft(world, terms, end_date=date(2028, 6, 30))
    typed = {"preset": "prepaid", "year_1": "120000", "year_2": "100.01", "often": "2"}
    assert post(chen, "contract_part_new", contract.pk, "commit", **typed).status_code == 200
    made = contract.commits.get()
    assert list(made.items.order_by("start_date").values_list("start_date", "end_date", "amount")) == [
        (date(2027, 1, 1), date(2027, 12, 31), 120_000), (date(2028, 1, 1), date(2028, 6, 30), Decimal("100.01")),
    ]  # fmt: skip
    assert list(made.purchases.order_by("date").values_list("date", "amount")) == [
        (date(2027, 1, 1), 60_000), (date(2027, 7, 1), 60_000), (date(2028, 1, 1), Decimal("100.01")),
    ]  # fmt: skip
    text = post(chen, "contract_part_new", contract.pk, "commit", **typed | {"year_1": "much"}).content.decode()
    assert 'value="much"' in text
    assert "field-error" in text.partition('id="prepaid-year_1"')[2].partition("</div>")[0]


def test_the_first_invoices_are_those_of_last_month_on_the_deal(
    world: make.World, terms: priced.Priced, chen: Client
) -> None:
    """October: 31 million in at 2.50, 3.1 million out at 10: 77.50 + 31.00, 10 % off, capped at 90, 19 % tax."""
    contract = draft(world, terms, discount_percent=Decimal(10))
    by: dict[str, Any] = {"contract": contract, "by": world.chen, "at": NOW}
    agreed.add_bound(key="cap", name="Cap", kind="MAXIMUM", amount=Decimal(90), **by)
    instruments.add(key="pre", name="Prepaid", kind="PREPAID", amount=Decimal(150), invoiced=Decimal(100), **by)
    text = panel(chen, contract)
    assert "1–31 Jan 2027" in text
    assert "Prepaid" in text
    assert "119.00" in text  # 100 and its tax
    assert "69.75" in text
    assert "27.90" in text
    assert text.count("1–31 Oct 2026") == 1


def test_quantities_are_typed_for_a_customer_without_usage(
    world: make.World, terms: priced.Priced, chen: Client
) -> None:
    contract = deals.draft_contract(world, world.acme_us, terms.card, at=NOW, start_date=date(2027, 1, 1))
    assert "Nothing is due" in panel(chen, contract)
    text = panel(chen, contract, by="hand", **{"used:inference|gpt-4o|input": "4"})
    assert "10.00" in text
    assert "is not a number" in panel(chen, contract, by="hand", **{"used:inference|gpt-4o|input": "four"})


def test_the_panel_names_who_must_approve_and_who_could(world: make.World, terms: priced.Priced, chen: Client) -> None:
    text = panel(chen, draft(world, terms))
    asked = text.partition('id="approval-title"')[2].partition("</section>")[0]
    assert "Finn" in asked or "Rosa" in asked
    assert "Chen" not in asked


def test_what_stands_against_a_deal_is_told_kindly(world: make.World, terms: priced.Priced, chen: Client) -> None:
    text = panel(chen, draft(world, terms, currency="GBP"))
    assert "has no price in GBP for every product" in text
    assert "covers some of these days already" in panel(
        chen, draft(world, terms, key="x", start_date=date(2026, 12, 1))
    )


def test_a_submitted_deal_is_read_not_edited(world: make.World, terms: priced.Priced, chen: Client) -> None:
    contract = draft(world, terms, net_days=45)
    here, edit = (reverse(f"console:{name}", args=[contract.pk]) for name in ("contract", "contract_edit"))
    assert chen.get(here).url == edit
    assert post(chen, "contract_submit", contract.pk, htmx=False, reason="Renewal").url == here
    assert chen.get(edit).url == here
    text = chen.get(here).content.decode()
    assert "Against what they have now" in text
    assert "Net days" in text
    assert "4 prices unchanged" in text
    assert post(chen, "contract_edit", contract.pk, section="billing", net_days="9").status_code == 409


def test_the_panel_asks_as_often_for_many_parts_as_for_few(
    world: make.World, terms: priced.Priced, chen: Client
) -> None:
    contract = draft(world, terms)
    by: dict[str, Any] = {"contract": contract, "by": world.chen, "at": NOW}
    agreed.add_bound(key="cap", name="Cap", kind="MAXIMUM", amount=Decimal(90), **by)
    agreed.add_discount(key="off", name="Off", percent=Decimal(1), **by)
    panel(chen, contract)
    with CaptureQueriesContext(connection) as few:
        panel(chen, contract)
    for number in range(20):
        agreed.add_bound(key=f"cap-{number}", name="Cap", kind="MAXIMUM", amount=Decimal(90), **by)
        agreed.add_discount(key=f"off-{number}", name="Off", percent=Decimal(1), **by)
    with CaptureQueriesContext(connection) as many:
        panel(chen, contract)
    assert len(many) == len(few)
    assert len(few) <= 110
