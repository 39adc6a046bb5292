"""Who may open which page of the console and press which button: by role, by environment, by customer."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from catalog.actions import prices, rate_cards
from catalog.console.sheet import safe
from catalog.models import Contract, MetricVersion, PriceRow, RateCard, RateCardVersion
from monetization.foundation.console import site
from monetization.foundation.models import AuditEntry, ChangeRequest, Environment
from monetization.foundation.queries import request_digest
from monetization.foundation.shell import PLACES
from tests import deals, make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def draft(world: make.World) -> Any:
    """Version 1 in force since January, 2 submitted by mia, 3 a draft of mia's."""
    with time_machine.travel(NOW, tick=False):
        deals.list_prices(world)
        card = RateCard.objects.get(key="list")
        moved = deals.version(world, card, at=NOW, effective_date=date(2027, 1, 1))
        price = PriceRow.objects.filter(charge__version=moved).first()
        prices.set_price(price=price, unit_price=price.unit_price * 2, by=world.mia, at=NOW)
        rate_cards.submit(version=moved, title="Double", reason="Test", by=world.mia, at=NOW)
        yield deals.version(world, card, at=NOW, effective_date=date(2027, 2, 1))


def addresses(draft: RateCardVersion) -> dict[str, str]:
    """Every page about terms, with ids of the live environment."""
    price = PriceRow.objects.filter(charge__version=draft).first()
    assert price is not None
    request = ChangeRequest.objects.get(title="Double")
    metric = MetricVersion.objects.get()
    ids = {
        "rate_card": draft.rate_card_id, "rate_card_draft": draft.rate_card_id, "rate_card_version": draft.pk,
        "rate_card_version_effective": draft.pk, "rate_card_version_submit": draft.pk, "price": price.pk,
        "rate_card_version_discard": draft.pk, "rate_card_version_note": draft.pk, "price_remove": price.pk,
        "price_new": draft.pk, "rate_card_product": draft.pk, "request": request.pk, "request_decide": request.pk,
        "request_send_back": request.pk, "request_withdraw": request.pk, "metric": metric.metric_id,
        "metric_draft": metric.metric_id, "metric_unseen": metric.metric_id, "metric_version": metric.pk,
        "metric_version_edit": metric.pk, "metric_version_submit": metric.pk, "metric_version_discard": metric.pk,
    }  # fmt: skip
    return {name: reverse(f"console:{name}", args=[pk]) for name, pk in ids.items()}


def answers(client: Client, paths: dict[str, str], method: str) -> dict[str, int]:
    return {name: getattr(client, method)(path).status_code for name, path in paths.items()}


def state() -> tuple[Any, ...]:
    """Everything that a button could have changed."""
    return (
        AuditEntry.objects.count(), list(RateCardVersion.objects.order_by("pk").values_list("status", "edited_at")),
        list(ChangeRequest.objects.order_by("pk").values_list("status", "revision")),
        PriceRow.objects.count(), MetricVersion.objects.count(), Contract.objects.count(),
    )  # fmt: skip


def test_nobody_without_a_role_opens_or_changes_anything(world: make.World, draft: RateCardVersion) -> None:
    before, paths = state(), addresses(draft)
    noel = make.signed_in(world.noel)
    for method in ("get", "post"):
        assert set(answers(noel, paths, method).values()) == {403}, method
    assert noel.get(reverse("console:inbox")).status_code == 403
    assert state() == before


def test_customers_and_strangers_find_no_console(world: make.World, draft: RateCardVersion) -> None:
    before, paths = state(), addresses(draft)
    pat = make.signed_in(world.pat)
    for method in ("get", "post"):
        for name, path in paths.items():
            stranger = getattr(Client(), method)(path)
            assert stranger.status_code == 302, name
            assert "/console/login/" in stranger["location"]
            assert getattr(pat, method)(path, follow=True).status_code == 404, name
    to = Client().get(reverse("console:login") + "?next=/console/inbox/")
    assert to["location"] == "/sign-in/?next=%2Fconsole%2Finbox%2F"
    assert state() == before


def test_another_environment_has_none_of_these_pages(world: make.World, draft: RateCardVersion) -> None:
    before, paths = state(), addresses(draft)
    chen = make.signed_in(world.chen)
    chen.post(reverse("console:environment"), {"environment": "sandbox"})
    assert set(answers(chen, paths, "post").values()) <= {404, 405}
    gets = answers(chen, paths, "get")
    assert {name for name, status in gets.items() if status == 200} == set()
    assert set(gets.values()) <= {404, 405}
    assert state() == before


def test_an_auditor_reads_everything_and_changes_nothing(world: make.World, draft: RateCardVersion) -> None:
    before, paths = state(), addresses(draft)
    audra = make.signed_in(world.audra)
    pages = ("rate_card", "rate_card_version", "price", "price_new", "request", "metric", "metric_version")
    assert {audra.get(paths[name]).status_code for name in pages} == {200}
    for name, path in paths.items():
        body = {
            "verdict": "APPROVE",
            "seen": "00" * 32,
            "reason": "x",
            "unit_price": "1",
            "effective_date": "2027-05-01",
        }
        audra.post(path, body)
        assert state() == before, name


def test_a_button_works_for_whom_it_is_meant(world: make.World, draft: RateCardVersion) -> None:
    paths, request = addresses(draft), ChangeRequest.objects.get(title="Double")
    body = {"verdict": "APPROVE", "seen": request_digest(request).hex(), "next": paths["rate_card_version"]}
    with time_machine.travel(NOW + timedelta(hours=1)):
        mia = make.signed_in(world.mia)
        refused = mia.post(paths["request_decide"], body, follow=True)
        assert "You made this, so somebody else decides." in refused.content.decode()
        for name in ("chen", "finn"):
            answer = make.signed_in(world.people[name]).post(paths["request_decide"], body)
            assert answer["location"] == paths["rate_card_version"]
    request.refresh_from_db()
    assert request.status == "SCHEDULED"


def test_a_stale_page_decides_nothing(world: make.World, draft: RateCardVersion) -> None:
    paths = addresses(draft)
    answer = make.signed_in(world.chen).post(
        paths["request_decide"], {"verdict": "APPROVE", "seen": "ab" * 32}, follow=True
    )
    assert "This was changed since you looked at it." in answer.content.decode()
    assert ChangeRequest.objects.get(title="Double").status == "SUBMITTED"
    assert (
        make.signed_in(world.chen).post(paths["request_decide"], {"verdict": "MAYBE", "seen": "ab"}).status_code == 404
    )


def test_next_leads_only_to_our_own_pages(world: make.World, draft: RateCardVersion) -> None:
    address = addresses(draft)["request_send_back"]
    answer = make.signed_in(world.chen).post(address, {"next": "https://evil.example/", "reason": "Look again"})
    assert answer["location"] == reverse("console:request", args=[ChangeRequest.objects.get(title="Double").pk])


def test_sales_sees_only_the_customers_shown_to_them(world: make.World, draft: RateCardVersion) -> None:
    card = draft.rate_card
    theirs = deals.contract(world, world.acme, card)
    hidden = deals.contract(world, world.globex, card, currency="USD")
    sal = make.signed_in(world.sal)
    assert sal.get(reverse("console:contract", args=[theirs.pk])).status_code == 200
    assert sal.get(reverse("console:contract", args=[hidden.pk])).status_code == 404
    assert sal.get(reverse("console:account", args=[world.globex.pk])).status_code == 404
    listed = sal.get(reverse("console:catalog_contract_changelist")).content.decode()
    assert theirs.name in listed
    assert hidden.name not in listed
    assert "Globex" not in sal.get(reverse("console:foundation_account_changelist")).content.decode()


def test_the_sidebar_shows_what_one_may_open_and_every_entry_opens(world: make.World) -> None:
    for name in ("chen", "mia", "finn", "eli", "sal", "uma", "audra", "rosa"):
        client = make.signed_in(world.people[name])
        shown = client.get(reverse("console:inbox")).content.decode()
        for place in (place for _, places in PLACES for place in places):
            address = reverse(f"console:{place.url}")
            may = any(map(world.people[name].has_perm, place.abilities))
            may = may and not (place.whole and name == "sal")
            assert (f'href="{address}"' in shown) == may, (name, place.title)
            assert client.get(address).status_code == (200 if may else 403), (name, place.title)


def test_roles_keys_and_policies_are_for_those_who_manage_them(world: make.World) -> None:
    chen, mia, eli = (make.signed_in(world.people[name]) for name in ("chen", "mia", "eli"))
    role = reverse("console:person_role", args=[world.noel.pk])
    assert mia.post(role, {"role": "FINANCE", "do": "grant"}).status_code == 403
    assert chen.post(role, {"role": "FINANCE", "do": "grant"}).status_code == 302
    assert list(world.noel.role_grants.values_list("role", flat=True)) == ["FINANCE"]
    own = chen.post(reverse("console:person_role", args=[world.chen.pk]), {"role": "FINANCE"}, follow=True)
    assert "Nobody changes their own roles." in own.content.decode()
    made = eli.post(reverse("console:api_key_new"), {"name": "gateway", "scopes": ["events:write"]})
    assert "no-store" in made["cache-control"]
    assert "mk_live_" in made.content.decode()
    again = eli.get(reverse("console:api_key", args=[world.eli.api_keys.get().pk])).content.decode()
    assert made.context["secret"] not in again
    assert chen.get(reverse("console:api_key_new")).status_code == 403
    empty = eli.post(reverse("console:api_key_new"), {"name": "", "scopes": ["events:write"], "expires": "2099-01-31"})
    assert empty.status_code == 422
    assert 'value="2099-01-31"' in empty.content.decode()


def test_a_plain_form_does_its_action_and_shows_its_refusals_beside_the_field(world: make.World) -> None:
    rosa = make.signed_in(world.rosa)
    add = reverse("console:foundation_customer_add")
    assert rosa.post(add, {"key": "initech", "name": "Initech", "segment": ""}).status_code == 302
    entry = AuditEntry.objects.get(action="customer.created", after__key="initech")
    assert entry.actor == world.rosa
    twice = rosa.post(add, {"key": "initech", "name": "Initech", "segment": ""})
    assert twice.status_code == 200
    assert twice.context["adminform"].form.errors
    bad = {"customer": world.customers["acme"].pk, "key": "x", "name": "X", "time_zone": "Mars/Base",
           "language": "en", "grace_days": 3}  # fmt: skip
    refused = rosa.post(reverse("console:foundation_account_add"), bad)
    assert "“Mars/Base” is not a time zone" in refused.content.decode()
    assert make.signed_in(world.uma).post(add, {"key": "hooli", "name": "Hooli"}).status_code == 403
    assert make.signed_in(world.uma).get(add).status_code == 403


def test_no_generic_form_adds_changes_or_deletes_a_governed_row(world: make.World, draft: RateCardVersion) -> None:
    chen = make.signed_in(world.chen)
    before = state()
    for model in ("ratecard", "ratecardversion", "metric", "metricversion", "contract"):
        assert chen.get(reverse(f"console:catalog_{model}_add")).status_code == 403
        assert chen.post(reverse(f"console:catalog_{model}_delete", args=[draft.pk]), {"post": "yes"}).status_code in {
            403, 302, 404,
        }  # fmt: skip
    history = reverse("console:catalog_ratecard_history", args=[draft.rate_card_id])
    assert chen.get(history).status_code == 200
    assert state() == before


def test_the_chosen_environment_stays_and_an_unknown_one_is_refused(world: make.World) -> None:
    chen = make.signed_in(world.chen)
    assert chen.post(reverse("console:environment"), {"environment": "nowhere"}).status_code == 404
    chen.post(reverse("console:environment"), {"environment": "sandbox"})
    shown = chen.get(reverse("console:inbox")).content.decode()
    assert "nothing here reaches a customer or the books" in shown
    Environment.objects.filter(key="sandbox").update(key="renamed")
    assert "nothing here reaches a customer" not in chen.get(reverse("console:inbox")).content.decode()


def test_every_page_of_the_console_that_takes_an_id_answers_404_for_a_wrong_one(world: make.World) -> None:
    """Ids that don't exist are no server error, on any page that the apps hang into the console."""
    chen, tried = make.signed_in(world.chen), 0
    for name in get_resolver().reverse_dict.keys() | site_names():
        try:
            address = reverse(f"console:{name}", args=[999_999])
        except (NoReverseMatch, TypeError):
            continue
        tried += 1
        assert chen.get(address).status_code in {302, 403, 404, 405}, name
        assert chen.post(address).status_code in {302, 403, 404, 405}, name
    assert tried > 30


def site_names() -> set[str]:
    return {pattern.name for pattern in site.get_urls() if getattr(pattern, "name", None)}


def test_sales_reads_no_request_that_names_a_customer(world: make.World, draft: RateCardVersion) -> None:
    deals.contract(world, world.globex, draft.rate_card, currency="USD")
    about_globex = ChangeRequest.objects.get(kind="contract")
    sal, uma = make.signed_in(world.sal), make.signed_in(world.uma)
    api = make.Api(make.token(world.sal, world.live, "catalog:read"))
    assert sal.get(reverse("console:request", args=[about_globex.pk])).status_code == 404
    assert api.get(f"/change-requests/{about_globex.pk}").status_code == 404
    assert "Globex" not in sal.get(reverse("console:foundation_changerequest_changelist")).content.decode()
    assert "Globex" not in api.get("/change-requests").content.decode()
    assert uma.get(reverse("console:request", args=[about_globex.pk])).status_code == 200
    assert sal.get(reverse("console:foundation_message_changelist")).status_code == 403


def test_what_is_seen_of_a_difference_comes_as_csv_with_exact_numbers(
    world: make.World, draft: RateCardVersion
) -> None:
    submitted = draft.rate_card.versions.get(number=2)
    address = reverse("console:rate_card_version", args=[submitted.pk])
    answer = make.signed_in(world.uma).get(address, {"format": "csv"})
    assert answer["content-disposition"] == 'attachment; filename="list-v2.csv"'
    head, *rows = answer.content.decode().splitlines()
    assert head == "change,product,unit,dimensions,currency,above,up_to,old_price,new_price,percent,old_words,new_words"
    first = "changed,Model inference,1M tokens,model=gpt-4o token_type=input,EUR,0,,2.5,5,100"
    assert rows[0] == f"{first},2.50 per unit,5.00 per unit"
    removed = [row for row in rows if row.startswith("removed")]
    assert len(rows) == 1 + len(removed) == 5
    assert removed[0] == "removed,Model inference,1M tokens,model=gpt-4o token_type=input,USD,0,,2.5,,,2.50 per unit,"
    everything = make.signed_in(world.uma).get(address, {"format": "csv", "show": "all", "q": "claude eur"})
    assert [row.split(",")[0] for row in everything.content.decode().splitlines()[1:]] == ["unchanged", "unchanged"]


def test_a_cell_is_never_a_formula() -> None:
    assert safe("=HYPERLINK(0)") == "'=HYPERLINK(0)"
    assert safe("gpt-4o") == "gpt-4o"
