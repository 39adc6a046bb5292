"""From an event to the invoice lines that bill it: draft, issued, late, taken out, and why there is none."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from metering.actions.ingest import ingest
from metering.models import Event, EventRemoval
from tests import make, priced

NOON = priced.OCTOBER + timedelta(days=4, hours=12)


@pytest.fixture
def terms(world: make.World):
    return priced.priced(world)


def look(who, event_id: str, source: str = "api", **headers):
    address = reverse("console:event_lines", args=[source, event_id])
    return make.signed_in(who).get(address, headers=headers)


def sent(account: str = "acme", time=NOON, **tokens):
    return priced.event(account, time, **(tokens or {"input": 1_000_000, "output": 100_000}))


def remove(world, event_id: str, at) -> None:
    event = Event.objects.get(event_id=event_id)
    EventRemoval.objects.create(
        event_seq=event.seq, environment=world.live, account_id=event.account_id, source=event.source,
        event_id=event_id, time=event.time, reason="REPEAT", removed_at=at,
    )  # fmt: skip


def test_an_event_leads_to_its_lines_and_its_part_of_them(world, terms):
    event = sent()
    priced.use(world, [event, *priced.october(days=3), *priced.october("globex", days=3)])
    invoice = priced.issued(world, terms.acme)
    answer = look(world.mia, event["id"])
    lines = answer.context["lines"]
    assert {dict(each.dims)["token_type"]: (each.invoice, each.percent, each.amount) for each in lines} == {
        "input": (invoice, Decimal("25.0000"), Decimal("2.50")),
        "output": (invoice, Decimal("25.0000"), Decimal("1.00")),
    }
    text = answer.content.decode()
    for each in lines:
        assert reverse("console:invoice_line", args=[invoice.pk, each.line.position]) in text
    assert invoice.number in text and "list v1" in text and "Issued" in text


def test_the_event_page_loads_them_and_links_to_them(world, terms):
    event = sent()
    priced.use(world, [event])
    priced.draft(terms.acme)
    lines = reverse("console:event_lines", args=["api", event["id"]])
    text = make.signed_in(world.mia).get(reverse("console:event", args=["api", event["id"]])).content.decode()
    assert f'hx-get="{lines}"' in text and f'href="{lines}"' in text
    assert f"?metric=llm-tokens&amp;account={world.acme.pk}&amp;from=2026-10-05&amp;to=2026-10-05" in text
    part = look(world.mia, event["id"], **{"hx-request": "true", "hx-target": "lines"}).content.decode()
    assert "Usage draft" in part and "<html" not in part


def test_a_line_of_another_period_or_dimension_is_not_its_line(world, terms):
    event = sent(input=1000)
    september = sent(time=NOON - timedelta(days=20), input=1000)
    priced.use(world, [event, september, sent(output=500)])
    priced.draft(terms.acme)
    assert [dict(each.dims)["token_type"] for each in look(world.mia, event["id"]).context["lines"]] == ["input"]
    text = look(world.mia, september["id"]).content.decode()
    assert "On none yet" in text and "has no invoice for the period" in text


def test_an_event_after_the_freeze_is_late(world, terms):
    priced.use(world, [sent()])
    invoice = priced.reviewed(world, terms.acme)
    late = sent()
    priced.use(world, [late], at=priced.NOVEMBER_5 + timedelta(hours=1))
    answer = look(world.mia, late["id"])
    assert answer.context["lines"] == []
    text = answer.content.decode()
    assert "On none yet: it came late" in text and reverse("console:invoice", args=[invoice.pk]) in text


def test_an_event_taken_out_is_on_no_line(world, terms):
    event = sent()
    priced.use(world, [event])
    priced.draft(terms.acme)
    remove(world, event["id"], priced.NOVEMBER_5)
    assert "It was taken out of usage, so no invoice bills it" in look(world.mia, event["id"]).content.decode()


def test_an_event_taken_out_after_the_freeze_is_billed_still(world, terms):
    event = sent()
    priced.use(world, [event])
    priced.reviewed(world, terms.acme)
    remove(world, event["id"], priced.NOVEMBER_5 + timedelta(hours=2))
    assert "which bills it still" in look(world.mia, event["id"]).content.decode()


def test_who_may_ask(world, terms):
    mine, theirs = sent(), sent("globex")
    ingest(environment=world.live, events=[mine, theirs], by=None, at=priced.NOVEMBER_4)
    assert look(world.sal, mine["id"]).status_code == 200
    assert look(world.sal, theirs["id"]).status_code == 404
    assert look(world.mia, "nothing").status_code == 404
    assert look(world.noel, mine["id"]).status_code == 403
    assert make.signed_in(world.mia).post(reverse("console:event_lines", args=["api", mine["id"]])).status_code == 405


def test_it_asks_a_bounded_number_of_queries(world, terms, django_assert_max_num_queries):
    event = sent()
    priced.use(world, [event, *priced.october()])
    priced.draft(terms.acme)
    client = make.signed_in(world.mia)
    with django_assert_max_num_queries(25):
        assert client.get(reverse("console:event_lines", args=["api", event["id"]])).status_code == 200
