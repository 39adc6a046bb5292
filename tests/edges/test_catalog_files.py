"""`manage.py catalog`: exported the same each time, planned by exit code, applied as requests and never as a change."""

from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from catalog.actions import products
from catalog.models import Metric, PlanVersion, PriceRow, Product, RateCard, RateCardVersion
from catalog.queries.listings import listing_of
from catalog.rules.listings.writing import file_of
from monetization.foundation.models import ChangeRequest, Environment, LegalEntity
from tests import deals, planned
from tests.make import AT, Api, World, signed_in, token

pytestmark = pytest.mark.django_db


def run(what: str, path: Path, **options: Any) -> tuple[int, str]:
    """Run the command; gives its exit code and what it said."""
    out = StringIO()
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    try:
        call_command("catalog", what, str(path), *words, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def sold(world: World) -> World:
    """Sell tokens on card `list`, and plan `starter`."""
    planned.starter(world)
    return world


def decide_all(world: World) -> None:
    for request in ChangeRequest.objects.filter(status="SUBMITTED"):
        decided = deals.approve(request, world.chen, at=AT)
        if decided.status == "SUBMITTED":
            deals.approve(decided, world.finn, at=AT)


def sandbox_of(world: World) -> Environment:
    """Give the sandbox the seller that plans name."""
    LegalEntity.objects.create(
        environment=world.sandbox, key=world.seller.key, name="Test", street="1", postal_code="1", city="B",
        country="DE", reporting_currency="EUR", number_prefix="T",
    )  # fmt: skip
    return world.sandbox


def test_an_export_is_the_same_each_time_and_plans_nothing(sold: World, tmp_path: Path) -> None:
    one, two, folder = tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "catalog"
    for path in (one, two, folder):
        run("export", path)
    assert one.read_bytes() == two.read_bytes()
    found = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*.yaml"))
    assert found == ["metrics/llm-tokens.yaml", "plans/starter.yaml", "products.yaml", "rate_cards/list.yaml"]
    for path in (one, folder):
        assert run("plan", path) == (0, "No changes.\n")
    code, said = run("apply", one, by="mia@example.com", reason="Again")
    assert (code, said) == (0, "No changes.\n")


def test_export_apply_export_in_an_empty_sandbox(sold: World, tmp_path: Path) -> None:
    path, sandbox = tmp_path / "catalog.yaml", sandbox_of(sold)
    run("export", path)
    said = {"by": "mia@example.com", "reason": "Try it", "environment": "sandbox"}
    for _ in range(4):
        code, words = run("apply", path, **said)
        assert code == 0
        decide_all(sold)
    assert words == "No changes.\n"
    assert file_of(listing_of(sandbox)) == path.read_text()
    assert RateCardVersion.objects.filter(rate_card__environment=sandbox).count() == 1
    assert PlanVersion.objects.filter(plan__environment=sandbox).count() == 1


def test_a_changed_price_is_planned_and_becomes_a_request(sold: World, tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    run("export", path)
    changed = (
        path.read_text()
        .replace("unit_price: '2.5'", "unit_price: 2.75", 1)
        .replace("effective_date: '2026-01-01'", "effective_date: 2099-03-01", 1)
    )
    path.write_text(changed)
    code, said = run("plan", path)
    assert code == 2
    row = "rate_cards.list · Model inference · model gpt-4o, token_type input · EUR"
    assert f"~ {row}: 2.50 per unit → 2.75 per unit (+10.0 %)" in said
    before = file_of(listing_of(sold.live))
    assert not RateCardVersion.objects.filter(status="SUBMITTED").exists()  # a plan makes nothing

    code, said = run("apply", path, by="mia@example.com", reason="Costs rose")
    request = ChangeRequest.objects.get(status="SUBMITTED")
    assert (code, request.reason, request.created_by) == (0, "Costs rose", sold.mia)
    assert f"Change request {request.pk} waits for decisions" in said
    assert file_of(listing_of(sold.live)) == before  # nothing is in force yet
    drafted = RateCardVersion.objects.get(status="SUBMITTED")
    assert (drafted.effective_date, drafted.based_on.number if drafted.based_on else 0) == (date(2099, 3, 1), 1)

    code, said = run("apply", path, by="mia@example.com", reason="Costs rose")  # by a job that runs twice
    assert "All of it waits for decisions already." in said
    assert ChangeRequest.objects.filter(status="SUBMITTED").count() == 1
    decide_all(sold)
    assert run("plan", path) == (0, "No changes.\n")


def test_it_is_all_or_nothing(sold: World, tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    run("export", path)
    text = path.read_text().replace("name: Model inference", "name: Inference", 1)
    path.write_text(text.replace("anchor_day", "anchor").replace("unit_price: '2.5'", "unit_price: '-1'", 1))
    with pytest.raises(
        CommandError, match=r"rate_cards\.list\.effective_date: Its effective time has passed \(line \d+\)"
    ):
        run("plan", path)
    later = path.read_text().replace("effective_date: '2026-01-01'", "effective_date: '2030-01-01'", 1)
    path.write_text(later)
    with pytest.raises(CommandError, match=r"rate_cards\.list\.charges\[0\]\.prices\[0\]\S*: .*line \d+"):
        run("apply", path, by="mia@example.com", reason="Both")
    assert Product.objects.get().name == "Model inference"
    assert RateCardVersion.objects.count() == 1


@pytest.mark.parametrize("name", ["uma", "sal", "noel", "audra"])
def test_only_who_may_draft_applies(sold: World, tmp_path: Path, name: str) -> None:
    path = tmp_path / "catalog.yaml"
    run("export", path)
    text = path.read_text().replace("'2.5'", "'2.6'", 1).replace("'2026-01-01'", "'2030-01-01'", 1)
    path.write_text(text)
    with pytest.raises(CommandError):
        run("apply", path, by=f"{name}@example.com", reason="Please")
    assert RateCardVersion.objects.count() == 1
    assert PriceRow.objects.filter(unit_price="2.6").count() == 0


def test_what_is_new_comes_with_its_owner(world: World, tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    path.write_text("""catalog: 1
products: {calls: {name: Calls}}
metrics:
  calls:
    name: Calls
    unseen_reason: Before launch
    meaning: {event_type: call, aggregation: COUNT, unit: call, effective_at: 2026-01-01T00:00:00Z}
rate_cards:
  calls:
    name: Calls
    effective_date: 2026-02-01
    charges: [{product: calls, metric: calls, prices: [{currency: EUR, unit_price: 0.000000075}]}]
""")
    code, said = run("apply", path, by="mia@example.com", reason="Launch")
    assert code == 0
    assert "Calls v1 is drafted. Apply again when what it rests on is approved." in said
    assert (Metric.objects.get().owner, RateCard.objects.get().owner) == (world.mia, world.mia)
    assert PriceRow.objects.get().unit_price == Decimal("0.000000075")
    decide_all(world)
    _, said = run("apply", path, by="mia@example.com", reason="Launch")
    assert ChangeRequest.objects.filter(status="SUBMITTED").count() == 1
    assert RateCardVersion.objects.count() == 1


def test_files_that_arent_there_or_say_nothing(world: World, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read"):
        run("plan", tmp_path / "none.yaml")
    with pytest.raises(CommandError, match=r"There is no \.yaml file"):
        run("plan", tmp_path)
    path = tmp_path / "a.yaml"
    path.write_text("catalog: 1\nproducts: {a: {name: A}}\n")
    with pytest.raises(CommandError, match="Nobody is told why"):
        run("apply", path, by="mia@example.com", reason=" ")


def test_the_api_and_the_page_give_the_file(sold: World, client: Client) -> None:
    said = file_of(listing_of(sold.live)).encode()
    answer = Api(token(sold.mia, sold.live, "catalog:read")).get("/catalog")
    assert (answer.status_code, answer.content, answer["content-type"]) == (200, said, "application/yaml")
    assert Api(token(sold.mia, sold.sandbox, "catalog:read")).get("/catalog").content == b"catalog: 1\n"
    assert Api(token(sold.mia, sold.live, "events:write")).get("/catalog").status_code == 403
    page = signed_in(sold.mia).get("/console/catalog.yaml")
    assert (page.status_code, page.content) == (200, said)
    assert signed_in(sold.noel).get("/console/catalog.yaml").status_code == 403
    products.create(environment=sold.live, key="more", name="More", by=sold.mia, at=AT)
    assert b"more:" in signed_in(sold.mia).get("/console/catalog.yaml").content
