"""Commits in forms, and balances on pages: as one thing, as of a day; what can't be read is said at its field."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Commit, Contract
from tests import agreements, deals, priced
from tests.make import World, signed_in

FIELDS = {"key": "annual", "name": "Annual", "kind": "PREPAID", "number": "1", "priority": "0"}


@pytest.fixture
def rosa(world: World) -> Client:
    return signed_in(world.rosa)


@pytest.fixture
def draft(world: World) -> Contract:
    card = priced.list_card(world)
    days = {"start_date": agreements.FIRST, "end_date": agreements.FIRST + timedelta(364)}
    return deals.draft_contract(world, world.acme, card, key="deal", **days)


def test_a_form_writes_schedules_out_or_makes_them(rosa: Client, draft: Contract) -> None:
    address = reverse("console:contract_part_new", args=[draft.pk, "commit"])
    assert rosa.get(address).status_code == 200
    said = FIELDS | {"access": "2026-10-01 2027-03-31: 100, 2027-04-01: 140", "equal": "200", "number": "2",
                     "apart": "QUARTERLY", "tags": "llm, gpu"}  # fmt: skip
    assert rosa.post(address, said).status_code == 302
    commit = Commit.objects.get()
    assert [one.amount for one in commit.items.order_by("pk")] == [Decimal(100), Decimal(140)]
    assert [(one.amount, str(one.date)) for one in commit.purchases.all()] == [
        (Decimal(100), "2026-10-01"), (Decimal(100), "2027-01-01"),
    ]  # fmt: skip
    page = rosa.get(reverse("console:contract", args=[draft.pk]), follow=True).content.decode()
    assert "240, billed 100 on" in page
    remove = reverse("console:contract_part_remove", args=[draft.pk, "commit", "annual"])
    assert rosa.post(remove).status_code == 302
    assert not Commit.objects.exists()


WRONG = {
    "no amount": ({"access": "2026-10-01 2027-03-31"}, "is no day and amount"),
    "no day": ({"access": "soon: 5"}, "soon"),
    "outside": ({"access": "2026-10-01: 5, 2026-09-01: 5"}, "Item 2: the contract doesn&#x27;t serve"),
    "both": ({"access": "2026-10-01: 5", "spread": "5"}, "written out or made"),
    "no invoice": ({"access": "2026-10-01: 5"}, "costs something"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_stands_beside_its_field(rosa: Client, draft: Contract, wrong: str) -> None:
    change, text = WRONG[wrong]
    answer = rosa.post(reverse("console:contract_part_new", args=[draft.pk, "commit"]), FIELDS | change)
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not Commit.objects.exists()


def test_balances_as_of_a_day(rosa: Client, world: World) -> None:
    contract = agreements.contract(world, agreements.credit("50"), agreements.monthly("5", "free"))
    priced.use(world, priced.october())
    priced.issued(world, contract)
    pages = {
        reverse("console:account_balances", args=[world.acme.pk]): rosa,
        reverse("portal:balances", args=[world.acme.pk]): signed_in(world.pat),
    }
    for address, client in pages.items():
        before = client.get(address, {"as_of": "2026-10-20"}).content.decode()
        after = client.get(address, {"as_of": "2026-11-01"}).content.decode()
        assert "<td>Granted</td>" in before
        assert "Drawn" not in before
        assert "Drawn" in after
        wrong = client.get(address, {"as_of": "yesterday"})
        assert wrong.status_code == 422
        assert "as_of-error" in wrong.content.decode()
    assert signed_in(world.pat).get(next(iter(pages))).status_code in (302, 403, 404)
