"""Lists of dues in the console: what they show, to whom, in how many queries; a tax rate is set by its action."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import TaxRate
from monetization.foundation.models import AuditEntry
from tests.make import World, signed_in
from tests.priced import NOVEMBER_5, draft, issued, october, priced, use

LISTS = ("invoice", "payment", "transfer", "taxrate", "document")


@pytest.fixture
def dues(world: World) -> World:
    terms = priced(world)
    use(world, october())
    issued(world, terms.acme)
    draft(terms.globex)
    draft(terms.globex, NOVEMBER_5, period=NOVEMBER_5)
    return world


@pytest.mark.parametrize("name", LISTS)
def test_lists_open_for_readers_only_and_stay_bounded(dues: World, name: str) -> None:
    path = f"/console/billing/{name}/"
    audra = signed_in(dues.audra)
    audra.get(path)
    with CaptureQueriesContext(connection) as few:
        assert audra.get(path).status_code == 200
    assert len(few) <= 25, [query["sql"][:120] for query in few]
    assert audra.get(path, {"q": "acme"}).status_code == 200
    assert signed_in(dues.noel).get(path).status_code == 403
    assert signed_in(dues.pat).get(path).status_code in (302, 404)


def test_invoices_show_number_period_total_and_state(dues: World) -> None:
    page = signed_in(dues.audra).get("/console/billing/invoice/").content.decode()
    for words in ("TG-2026-000001", "Acme Robotics GmbH", "1–31 Oct 2026", "EUR 129.12", "Issued"):
        assert words in page, words
    only = signed_in(dues.audra).get("/console/billing/invoice/", {"status__exact": "DRAFT"}).content.decode()
    assert "TG-2026-000001" not in only
    assert "Globex KK" in only


def test_sales_see_the_invoices_of_granted_customers(dues: World) -> None:
    page = signed_in(dues.sal).get("/console/billing/invoice/").content.decode()
    assert "Acme Robotics GmbH" in page
    assert "Globex KK" not in page


def test_a_tax_rate_is_set_with_its_source(dues: World) -> None:
    form = {
        "country": "fr",
        "tax_category": "standard",
        "percent": "20",
        "start_date": "2014-01-01",
        "source": "CGI 278",
    }
    finn = signed_in(dues.finn)
    assert finn.post("/console/billing/taxrate/add/", form).status_code == 302
    rate = TaxRate.objects.get(country="FR")
    assert (rate.percent, rate.history.count(), AuditEntry.objects.filter(action="tax_rate.set").count()) == (20, 1, 2)
    twice = finn.post("/console/billing/taxrate/add/", form)
    assert twice.status_code == 200
    wrong = finn.post("/console/billing/taxrate/add/", form | {"country": "F1"})
    assert "This is not a country" in wrong.content.decode()
    assert signed_in(dues.audra).post("/console/billing/taxrate/add/", form | {"country": "ES"}).status_code == 403
    assert finn.post(f"/console/billing/taxrate/{rate.pk}/change/", form | {"percent": "21"}).status_code in (403, 302)
    assert sorted(TaxRate.objects.values_list("country", "percent")) == [("DE", Decimal(19)), ("FR", Decimal(20))]
