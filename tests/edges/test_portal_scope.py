"""Who sees what in the portal: own accounts, nothing else, twice over (the app's scope and the database's)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import ProgrammingError, connection
from django.test import Client
from django.urls import reverse

from billing import portal as portal_urls
from billing.models import Invoice, InvoiceLine, IssuedCopy, Payment
from billing.portal import invoices as invoice_pages
from catalog import queries
from catalog.models import Contract, PriceRow
from catalog.queries import cards, metrics, period_of
from metering.actions.ingest import ingest
from metering.models import Event, HourlyUsage
from monetization.foundation.actions import customers
from monetization.foundation.models import Account, Customer, Membership, User
from monetization.foundation.portal import reading_as_portal
from monetization.foundation.rules.roles import MemberRole
from tests import make, statements
from tests.statements import NOW, Filled

pytestmark = pytest.mark.django_db
METHODS = ("post", "put", "patch", "delete")


@pytest.fixture
def made(world: make.World) -> Iterator[Filled]:
    with time_machine.travel(NOW, tick=False):
        yield statements.filled(world)


def addresses(made: Filled, account: Account, *, of: Account | None = None) -> dict[str, str]:
    """Give every page of an account; with `of`, the parts below the account are another account's."""
    of = of or account
    invoice = made.invoices[of.key]
    line = invoice.lines.get(position=1)
    parts: dict[str, dict[str, int]] = {
        "events": {"bucket_id": HourlyUsage.objects.filter(account=of).earliest("hour").pk},
        "line_usage": {"price_id": line.price_id, "metric_id": line.metric_version_id},
        "invoice": {"invoice_id": invoice.pk},
        "invoice_pdf": {"invoice_id": invoice.pk},
        "invoice_line": {"invoice_id": invoice.pk, "position": 1},
    }
    names = [pattern.name for pattern in portal_urls.of_account]
    return {name: reverse(f"portal:{name}", kwargs={"account_id": account.pk} | parts.get(name, {})) for name in names}


def test_pat_sees_every_page_of_both_accounts(made: Filled) -> None:
    statements.with_pdf(made.invoices["acme"])
    pat = make.signed_in(made.world.pat)
    found = {name: pat.get(address).status_code for name, address in addresses(made, made.world.acme).items()}
    assert found == dict.fromkeys(found, 200)
    assert len(found) == 13
    assert pat.get(reverse("portal:home", args=[made.world.acme_us.pk])).status_code == 200
    assert pat.get(reverse("portal:start")).headers["Location"] == reverse("portal:home", args=[made.world.acme.pk])


def test_strangers_are_asked_to_sign_in(made: Filled) -> None:
    for address in [reverse("portal:start"), *addresses(made, made.world.acme).values()]:
        answer = Client().get(address)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/sign-in/?next={address}")


def people_without_portal(made: Filled) -> list[User]:
    """Give staff of every kind, a superuser, staff that are somehow members, and somebody of no customer."""
    boss = User.objects.create_superuser("root@example.com", make.PASSWORD, name="Root")
    Membership.objects.create(user=made.world.noel, customer=made.world.customers["acme"], role="CUSTOMER_ADMIN")
    staff = [made.world.people[name] for name in ("mia", "chen", "finn", "rosa", "noel", "audra", "sal")]
    return [boss, *staff, make.person("stray", is_staff=False)]


def test_staff_and_strangers_find_nothing(made: Filled) -> None:
    for person in people_without_portal(made):
        client = make.signed_in(person)
        found = {client.get(address).status_code for address in addresses(made, made.world.acme).values()}
        assert found == {404}, person
        start = client.get(reverse("portal:start"))
        assert (start.status_code == 302 and start.headers["Location"] == "/console/") == person.is_staff
        assert start.status_code == (302 if person.is_staff else 404)


def test_another_account_does_not_exist(made: Filled) -> None:
    pat, own = make.signed_in(made.world.pat), f"/portal/{made.world.acme.pk}/"
    for key in ("globex", "sandbox/acme"):
        foreign = f"/portal/{made.world.accounts[key].pk}/"
        for address in addresses(made, made.world.acme).values():
            answer = pat.get(address.replace(own, foreign))
            assert (answer.status_code, b"Globex" in answer.content) == (404, False), address


def test_parts_of_another_account_do_not_exist_below_ones_own(made: Filled) -> None:
    """Ids swapped inside the address, and pages asked for by gil of globex."""
    pat, gil = make.signed_in(made.world.pat), make.signed_in(made.world.gil)
    mixed = addresses(made, made.world.acme, of=made.world.globex)
    for name in ("events", "invoice", "invoice_pdf", "invoice_line"):
        assert pat.get(mixed[name]).status_code == 404, name
    for name, address in addresses(made, made.world.acme).items():
        assert gil.get(address).status_code == 404, name
    assert pat.get(addresses(made, made.world.acme)["cost"] + "?period=2025-01-01").status_code == 404
    assert pat.get(addresses(made, made.world.acme)["usage"] + "?metric=other").status_code == 404


def test_an_invoice_is_not_seen_before_it_is_issued(made: Filled, world: make.World) -> None:
    contract = made.contracts["acme"]
    draft = statements.invoices.draft(contract=contract, period=period_of(contract, NOW), by=world.finn, at=NOW)
    pat = make.signed_in(world.pat)
    assert pat.get(reverse("portal:invoice", args=[world.acme.pk, draft.pk])).status_code == 404
    with reading_as_portal([world.acme.pk]):
        assert list(Invoice.objects.values_list("pk", flat=True)) == [made.invoices["acme"].pk]


def test_nothing_can_be_changed(made: Filled) -> None:
    pat = make.signed_in(made.world.pat)
    before = counted()
    for address in [reverse("portal:start"), *addresses(made, made.world.acme).values()]:
        for method in METHODS:
            assert getattr(pat, method)(address).status_code == 405, (method, address)
    assert counted() == before


def counted() -> dict[str, int]:
    """Count the rows of all tables that pages of the portal read."""
    return {model._meta.label: model._default_manager.count() for model in (Account, Contract, Invoice, HourlyUsage)}


def test_people_are_for_the_customers_admins(made: Filled) -> None:
    address = reverse("portal:people", args=[made.world.acme.pk])
    assert make.signed_in(made.world.vera).get(address).status_code == 404
    page = make.signed_in(made.world.pat).get(address).content.decode()
    assert "pat@example.com" in page and "vera@example.com" in page and "gil@example.com" not in page
    overview = make.signed_in(made.world.vera).get(reverse("portal:home", args=[made.world.acme.pk]))
    assert overview.status_code == 200 and address not in overview.content.decode()


def test_nothing_internal_is_told(made: Filled) -> None:
    """Neither who owns or approved a price, nor findings of review, nor anybody else's name."""
    pat = make.signed_in(made.world.pat)
    secrets = ["Globex", "globex", "foundation.", "change_request", "first invoice"]
    secrets += [person.email for name, person in made.world.people.items() if name not in ("pat", "vera")]
    for name, address in addresses(made, made.world.acme).items():
        if name != "invoice_pdf":
            page = pat.get(address).content.decode()
            assert [word for word in secrets if word in page] == [], name


def test_pages_are_not_kept_and_run_no_foreign_script(made: Filled) -> None:
    answer = make.signed_in(made.world.pat).get(reverse("portal:home", args=[made.world.acme.pk]))
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert (policy["script-src"], policy["style-src"]) == ("'self'", "'self'")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "<script" not in answer.content.decode() and "style=" not in answer.content.decode()


# -- the wall behind it


def readable() -> dict[str, bool]:
    """List the tables of which the portal may read anything, and whether rows are filtered."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, c.relrowsecurity FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
            " AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition"
            " AND has_any_column_privilege('portal', c.oid, 'SELECT')"
        )
        return dict(cursor.fetchall())


def models_of(tables: dict[str, bool]) -> list[Any]:
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.db_table in tables]


def test_every_table_the_portal_reads_is_filtered_by_row(made: Filled) -> None:
    tables = readable()
    assert [name for name, is_filtered in tables.items() if not is_filtered] == []
    assert {"billing_invoice", "billing_issuedcopy", "metering_event", "catalog_pricerow"} <= set(tables)
    assert {"foundation_auditentry", "foundation_apikey", "billing_transfer", "billing_flag"} & set(tables) == set()


def test_without_accounts_the_portal_reads_nothing_at_all(made: Filled) -> None:
    found = models_of(readable())
    assert sum(model._default_manager.count() for model in found) > 50
    with reading_as_portal([]):
        rows = {model._meta.label: model._default_manager.values("pk").count() for model in found}
    assert rows == dict.fromkeys(rows, 0)


OWNERS: dict[Any, str] = {
    Account: "key", Contract: "account__key", Invoice: "account__key", InvoiceLine: "invoice__account__key",
    IssuedCopy: "invoice__account__key", Payment: "invoice__account__key", HourlyUsage: "account__key",
    Event: "account__key", Customer: "key", Membership: "customer__key",
}  # fmt: skip


def test_the_portal_reads_rows_of_its_accounts_only(made: Filled) -> None:
    with reading_as_portal([made.world.acme.pk]):
        found = {model: set(model._default_manager.values_list(path, flat=True)) for model, path in OWNERS.items()}
        assert PriceRow.objects.count() == 8
    found.pop(Payment)  # nobody has paid yet
    assert found == dict.fromkeys(found, {"acme"})


def test_a_page_that_forgets_its_filter_still_shows_nothing_foreign(
    made: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the app's own filter taken away, the row-level security answers."""

    def all_of_them(account: Account) -> Any:
        return unfiltered(made.world.globex) | unfiltered(account)

    unfiltered: Callable[[Account], Any] = invoice_pages.issued_invoices
    monkeypatch.setattr(invoice_pages, "issued_invoices", all_of_them)
    pat, foreign = make.signed_in(made.world.pat), made.invoices["globex"]
    assert all_of_them(made.world.acme).count() == 2
    assert pat.get(reverse("portal:invoice", args=[made.world.acme.pk, foreign.pk])).status_code == 404
    listed = pat.get(reverse("portal:invoices", args=[made.world.acme.pk])).content.decode()
    assert made.invoices["acme"].number in listed and foreign.number not in listed


FORBIDDEN = (
    "UPDATE foundation_account SET name = 'mine'",
    "DELETE FROM billing_payment",
    "INSERT INTO metering_usagemark VALUES (1, 1, now())",
    "SELECT password FROM foundation_user",
    "SELECT * FROM foundation_apikey",
    "SELECT * FROM billing_flag",
)


def test_the_portal_role_writes_nothing_and_reads_no_secret(made: Filled) -> None:
    for statement in FORBIDDEN:
        own = reading_as_portal([made.world.acme.pk])
        with pytest.raises(ProgrammingError, match="permission denied"), own, connection.cursor() as cursor:
            cursor.execute(statement)
    assert Account.objects.get(pk=made.world.acme.pk).name == "Acme Robotics GmbH"


def test_after_a_page_the_connection_is_the_apps_again(made: Filled) -> None:
    pat = make.signed_in(made.world.pat)
    for address, status in ((f"/portal/{made.world.acme.pk}/", 200), (f"/portal/{made.world.globex.pk}/", 404)):
        assert pat.get(address).status_code == status
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_setting('portal.account_ids', true)")
            assert cursor.fetchone()[0] == "app"
        assert Account.objects.filter(key="globex").exists()


@pytest.mark.django_db(transaction=True)
def test_figures_of_a_page_are_of_one_instant(made: Filled) -> None:
    """Usage that arrives while a page is read changes none of its figures, and all of the next page's."""
    sent = statements.event("now", "acme", "2026-11-20T11:00:00Z", "claude", 7, None)
    with reading_as_portal([made.world.acme.pk]):
        before = Event.objects.count(), HourlyUsage.objects.count()
        with ThreadPoolExecutor(1) as other:
            other.submit(arrive, made, sent).result()
        assert (Event.objects.count(), HourlyUsage.objects.count()) == before
    with reading_as_portal([made.world.acme.pk]):
        assert (Event.objects.count(), HourlyUsage.objects.count()) == (before[0] + 1, before[1] + 1)


def arrive(made: Filled, sent: dict[str, Any]) -> None:
    try:
        assert ingest(environment=made.world.live, events=[sent], by=None, at=NOW).accepted == 1
    finally:
        connection.close()


def test_what_the_portal_reads_first_is_what_everybody_remembers(made: Filled) -> None:
    """Terms kept in memory are complete, also where a customer's page was the first to ask for them."""
    for memory in (cards._known, cards._made, metrics._known):
        memory.clear()
    contract = made.contracts["acme"]
    period = period_of(contract, NOW)
    with reading_as_portal([made.world.acme.pk]):
        first = queries.terms_for(contract=contract, period=period)
    remembered = queries.terms_for(contract=contract, period=period)
    for memory in (cards._known, cards._made, metrics._known):
        memory.clear()
    assert first == remembered == queries.terms_for(contract=contract, period=period)
    assert len(first.segments[0].charges[0].prices) == 4


def test_a_new_colleague_sees_and_a_former_one_does_not(made: Filled) -> None:
    world, address = made.world, reverse("portal:home", args=[made.world.globex.pk])
    client = make.signed_in(world.vera)
    assert client.get(address).status_code == 404
    customers.add_member(
        customer=world.customers["globex"], user=world.vera, role=MemberRole.CUSTOMER_VIEWER, by=None, at=NOW
    )
    assert client.get(address).status_code == 200
    Membership.objects.filter(user=world.vera, customer=world.customers["globex"]).delete()
    assert client.get(address).status_code == 404
    User.objects.filter(pk=world.vera.pk).update(is_active=False)
    assert client.get(f"/portal/{world.acme.pk}/").status_code == 302
