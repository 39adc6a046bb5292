"""The console's lists of terms: found, filtered, with history, leading to their pages; nothing is written there."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Contract, Metric, MetricVersion, Product, RateCard, RateCardVersion
from tests import deals
from tests.make import World, signed_in

LISTS = {
    "metric": (Metric, "first_seen_at__isempty=1", "Llm tokens", "llm"),
    "metricversion": (MetricVersion, "status__exact=APPROVED", "Llm tokens v1", "tokens"),
    "product": (Product, "tax_category=standard", "Model inference", "inference"),
    "ratecard": (RateCard, "", "List prices", "list"),
    "ratecardversion": (RateCardVersion, "status__exact=APPROVED", "List prices v1", "list"),
    "contract": (Contract, "status__exact=APPROVED", "Acme Robotics GmbH 2026", "acme"),
}


@pytest.fixture
def terms(world: World) -> None:
    version = deals.list_prices(world)
    deals.contract(world, world.acme, version.rate_card)
    deals.draft_contract(world, world.globex, version.rate_card)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_searched_filtered_and_bounded(world: World, terms, name: str) -> None:
    model, only, word, search = LISTS[name]
    client, path = signed_in(world.audra), reverse(f"console:catalog_{name}_changelist")
    with CaptureQueriesContext(connection) as queries:
        page = client.get(path)
    assert page.status_code == 200
    assert word in page.content.decode()
    assert len(queries) <= 20
    assert word in client.get(path, {"q": search}).content.decode()
    assert word not in client.get(path, {"q": "no such thing"}).content.decode()
    assert word in client.get(f"{path}?{only}").content.decode()
    row = model.objects.order_by("pk").first()
    history = client.get(reverse(f"console:catalog_{name}_history", args=[row.pk]))
    assert history.status_code == 200
    for action in ("add", "delete"):
        address = reverse(f"console:catalog_{name}_{action}", args=[] if action == "add" else [row.pk])
        assert client.get(address).status_code == 403
        assert client.post(address, {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_a_list_shows_only_its_environment_and_the_accounts_one_sees(world: World, terms) -> None:
    contracts = reverse("console:catalog_contract_changelist")
    seen = signed_in(world.sal).get(contracts).content.decode()
    assert "Acme Robotics GmbH 2026" in seen
    assert "Globex KK 2026" not in seen
    client = signed_in(world.chen)
    client.post(reverse("console:environment"), {"environment": "sandbox"})
    for name, (_, _, word, _) in LISTS.items():
        page = client.get(reverse(f"console:catalog_{name}_changelist"))
        assert page.status_code == 200
        assert word not in page.content.decode()


def test_governed_rows_have_no_form(world: World, terms) -> None:
    client = signed_in(world.chen)
    for name, (model, _, _, _) in LISTS.items():
        if name == "product":
            continue
        row = model.objects.order_by("pk").first()
        before = model.objects.filter(pk=row.pk).values().get()
        client.post(reverse(f"console:catalog_{name}_change", args=[row.pk]), {"name": "Taken over", "status": "DRAFT"})
        assert model.objects.filter(pk=row.pk).values().get() == before
