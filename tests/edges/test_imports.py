"""Imports at the edges: pages, API and command line upload, preview, refuse by row and column, and apply."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import tasks
from catalog.actions.imports import uploads
from catalog.models import Contract, Import, RateCardVersion
from catalog.rules.files.opened import sheets_in
from catalog.rules.files.price_columns import PRICE_BOOK
from catalog.rules.files.records import records_in
from tests import deals, filed, make
from tests.make import World

pytestmark = pytest.mark.django_db
BAD = filed.PRICES.replace("EUR,3", "EURO,3").replace("15,claude", "x,claude")


@pytest.fixture
def world() -> World:
    made = make.world()
    deals.list_prices(made)
    return made


def file(text: str | bytes = filed.PRICES, name: str = "prices.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def sent(client: Client, text: str | bytes = filed.PRICES, **more: str) -> Any:
    said = {"kind": "RATE_CARD", "rate_card": "list", "effective_date": "2099-01-01"} | more
    return client.post("/console/imports/new/", said | {"file": file(text)})


def key(world: World, *scopes: str, by: str = "mia") -> Client:
    token = make.token(world.people[by], world.live, *scopes, name=" ".join(scopes) or "all")
    return Client(headers={"authorization": f"Bearer {token}"}, raise_request_exception=False)


def posted(client: Client, text: str | bytes = filed.PRICES, **more: Any) -> Any:
    said = {"kind": "RATE_CARD", "rate_card": "list"} | more
    return client.post("/api/v1/imports", said | {"file": file(text)})


# -- console


def test_a_file_is_uploaded_looked_at_and_applied(world: World) -> None:
    client = make.signed_in(world.mia)
    answer = sent(client, filed.PRICES.replace("10,gpt", "12,gpt"))
    row = Import.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/console/imports/{row.pk}/")
    text = client.get(answer.url).content.decode()
    assert "12.00 per unit" in text and "+20 %" in text
    assert client.get("/console/imports/").content.decode().count("prices.csv") == 1
    assert client.post(f"{answer.url}apply/", {"reason": ""}).status_code == 302
    version = RateCardVersion.objects.get(rate_card__key="list", number=2)
    assert f"/console/rate-cards/versions/{version.pk}/" in client.get(answer.url).content.decode()
    assert version.status == "DRAFT"


def test_mistakes_are_shown_by_row_and_column_and_nothing_can_be_applied(world: World) -> None:
    client = make.signed_in(world.mia)
    at = sent(client, BAD).url
    text = client.get(at).content.decode()
    assert "C4" in text and "D5" in text and "Upload the mended file" in text
    refused = client.post(f"{at}apply/", {"reason": ""})
    assert refused.status_code == 409
    assert RateCardVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [({"rate_card": ""}, "Whose prices"), ({"kind": "NOTHING"}, "no kind"), ({"effective_date": "soon"}, "not a day")],
)
def test_what_is_wrong_with_an_upload_stands_beside_its_field(world: World, said: dict[str, str], words: str) -> None:
    answer = sent(make.signed_in(world.mia), **said)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Import.objects.exists()


def test_no_file_is_no_upload(world: World) -> None:
    answer = make.signed_in(world.mia).post("/console/imports/new/", {"kind": "RATE_CARD", "rate_card": "list"})
    assert (answer.status_code, "No file was chosen" in answer.content.decode()) == (422, True)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_version_comes_as_a_file_that_changes_nothing(world: World, form: str) -> None:
    client, version = make.signed_in(world.mia), RateCardVersion.objects.get()
    answer = client.get(f"/console/rate-cards/versions/{version.pk}/file/{form}/")
    assert answer["Content-Disposition"] == f'attachment; filename="list-v1.{form}"'
    assert sent(client, answer.content).status_code == 302
    assert (Import.objects.get().unchanged, Import.objects.get().changed) == (8, 0)


def test_contracts_of_others_are_in_no_file(world: World) -> None:
    card = RateCardVersion.objects.get().rate_card
    for account in (world.acme, world.globex):
        deals.contract(world, account, card)
    mine = make.signed_in(world.sal).get("/console/contracts/file/csv/").content.decode()
    assert "acme-2026" in mine and "globex" not in mine


def test_a_preview_costs_the_same_however_long_it_is(world: World) -> None:
    client = make.signed_in(world.mia)
    short = sent(client).url
    rows = "".join(f"inference,llm-tokens,EUR,1,m{n},input\n" for n in range(300))
    long = sent(client, filed.PRICES + rows).url
    counts = []
    for at in (short, long):
        with CaptureQueriesContext(connection) as seen:
            assert client.get(at).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 25


# -- API


def test_the_api_previews_and_applies(world: World) -> None:
    client = key(world)
    made = posted(client)
    body = made.json()
    assert (made.status_code, body["status"], body["unchanged"], body["removed"]) == (201, "READY", 4, 4)
    assert {line["change"] for line in client.get(f"/api/v1/imports/{body['id']}/lines").json()["results"]} == {
        "REMOVED"
    }
    assert len(client.get(f"/api/v1/imports/{body['id']}/lines?all=1").json()["results"]) == 8
    for _ in range(2):
        done = client.post(f"/api/v1/imports/{body['id']}/apply", {"reason": ""}, content_type="application/json")
        assert (done.status_code, done.json()["status"], done.json()["version"]) == (200, "APPLIED", 2)
    assert RateCardVersion.objects.count() == 2


def test_the_api_names_mistakes_by_row_and_column(world: World) -> None:
    client = key(world)
    body = posted(client, BAD).json()
    assert (body["status"], body["fault_count"]) == ("FAULTY", 2)
    errors = client.get(f"/api/v1/imports/{body['id']}/errors").json()["results"]
    assert [(each["row"], each["column"], each["letter"]) for each in errors] == [
        (4, "currency", "C"), (5, "unit_price", "D"),
    ]  # fmt: skip
    assert body["first_errors"] == errors
    refused = client.post(f"/api/v1/imports/{body['id']}/apply", {}, content_type="application/json")
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")


def test_each_kind_asks_for_its_own_scope(world: World) -> None:
    contracts = {"kind": "CONTRACTS", "text": filed.CONTRACTS}
    prices_only, contracts_only = (
        key(world, "catalog:read", "catalog:write", by="chen"),
        key(world, "catalog:read", "contracts:write", by="chen"),
    )
    assert posted(prices_only, **contracts).status_code == 403
    assert posted(contracts_only).status_code == 403
    assert posted(contracts_only, contracts["text"], kind="CONTRACTS").status_code == 201
    assert posted(prices_only).status_code == 201
    assert posted(key(world, "catalog:read", by="chen")).status_code == 403
    assert Import.objects.count() == 2


def test_another_environment_and_another_person_see_nothing(world: World) -> None:
    pk = posted(key(world)).json()["id"]
    sandbox = Client(headers={"authorization": f"Bearer {make.token(world.mia, world.sandbox)}"})
    for client in (sandbox, make.signed_in(world.sal)):
        for at in ("", "/lines", "/errors"):
            assert client.get(f"/api/v1/imports/{pk}{at}").status_code == 404
        assert client.get("/api/v1/imports").json()["results"] == []
    assert sandbox.post(f"/api/v1/imports/{pk}/apply", {}, content_type="application/json").status_code == 404
    assert Import.objects.get().status == "READY"


def test_what_is_no_upload_is_a_problem(world: World) -> None:
    client = key(world)
    assert client.post("/api/v1/imports", {"kind": "RATE_CARD"}, content_type="application/json").status_code == 415
    assert posted(client, kind="OTHER").status_code == 422
    assert posted(client, rate_card="A b").json()["errors"][0]["field"] == "rate_card"
    assert posted(client, "").status_code == 422
    assert posted(client, b"x" * (6 * 1024 * 1024)).status_code == 413
    assert not Import.objects.exists()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_templates_come_from_the_api_and_the_console(world: World, form: str) -> None:
    for client, at in (
        (key(world), f"/api/v1/imports/templates/RATE_CARD/{form}"),
        (make.signed_in(world.mia), f"/console/imports/templates/RATE_CARD/{form}/"),
    ):
        answer = client.get(at)
        assert answer.status_code == 200
        assert records_in(sheets_in(answer.content), PRICE_BOOK).faults == ()
        assert client.get(at.replace("RATE_CARD", "OTHER")).status_code == 404
        assert client.get(at.replace(form, "pdf")).status_code == 404


def test_a_large_file_is_left_to_a_worker(
    world: World, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(uploads, "LARGE_BYTES", 10)
    woken: list[int] = []
    monkeypatch.setattr(tasks.work_on_import, "delay", woken.append)
    client = key(world)
    with django_capture_on_commit_callbacks(execute=True):
        made = posted(client)
    pk = made.json()["id"]
    assert (made.status_code, made.json()["status"], woken) == (202, "WAITING", [pk])
    assert "The file is being read" in make.signed_in(world.mia).get(f"/console/imports/{pk}/").content.decode()
    tasks.work_on_import(pk)
    tasks.work_on_import(pk)
    assert client.get(f"/api/v1/imports/{pk}").json()["status"] == "READY"
    ordered = client.post(f"/api/v1/imports/{pk}/apply", {}, content_type="application/json")
    assert (ordered.status_code, ordered.json()["status"]) == (202, "APPLYING")
    tasks.sweep_imports()
    assert client.get(f"/api/v1/imports/{pk}").json()["status"] == "APPLIED"
    assert RateCardVersion.objects.count() == 2


# -- command line


def run(*words: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("import", *words, stdout=out, **options)
    return out.getvalue()


def test_the_command_previews_then_applies(world: World, tmp_path: Path) -> None:
    path = tmp_path / "contracts.csv"
    path.write_text(filed.CONTRACTS)
    said = run("contracts", str(path), by="chen@example.com")
    assert "6 added, 0 changed" in said
    assert not Contract.objects.exists()
    assert "Drafted, and waiting" in run("contracts", str(path), by="chen@example.com", submit="Signed")
    assert Contract.objects.filter(status="SUBMITTED").count() == 2


def test_the_command_names_mistakes_and_leaves_everything(world: World, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(BAD)
    out = io.StringIO()
    with pytest.raises(CommandError, match="2 mistakes"):
        call_command("import", "rate_card", str(path), by="mia@example.com", card="list", apply=True, stdout=out)
    assert "row 4, currency (C4): “EURO” is not a currency that money is kept in" in out.getvalue()
    assert RateCardVersion.objects.count() == 1


def test_the_command_writes_templates(tmp_path: Path) -> None:
    for form in ("csv", "xlsx"):
        path = tmp_path / f"template.{form}"
        run("rate_card", str(path), template=True)
        assert records_in(sheets_in(path.read_bytes()), PRICE_BOOK).faults == ()
    with pytest.raises(CommandError, match="csv or .xlsx"):
        run("rate_card", str(tmp_path / "x.pdf"), template=True)


@pytest.mark.parametrize(
    "options", [{}, {"by": "nobody@example.com"}, {"by": "mia@example.com", "environment": "mars"}]
)
def test_the_command_says_what_it_lacks(world: World, tmp_path: Path, options: dict[str, str]) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(filed.PRICES)
    with pytest.raises(CommandError):
        run("rate_card", str(path), card="list", **options)
    assert not Import.objects.exists()
