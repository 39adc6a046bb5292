"""Pages of limits in console and portal: right figures, only for those who may, and a refusal changes nothing."""

import html
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from metering.actions import limit_alerts
from metering.actions.money import Word, write_counters
from metering.models import Limit
from monetization.values.periods import Period
from tests import make, quotas
from tests.quotas import limit, reserve, use, work

NEW = {"name": "Units", "metric": "units", "window": "DAY", "most": "50", "thresholds": "80, 100", "hold_seconds": "60"}


@pytest.fixture
def units(world: make.World):
    return quotas.units(world)


@pytest.fixture
def filled(world: make.World, units):
    """Acme has used 85 of 100 and holds 10, was refused 6 and told at 80 %; globex has used 7 of 20."""
    now = timezone.now()
    acme, globex = limit(world, 100, at=now, thresholds=(80,)), limit(world, 20, at=now, account="globex", name="Small")
    use(world, work(1, 85, at=now), work(2, 7, at=now, subject="globex"), at=now + timedelta(seconds=1))
    reserve(world, "r1", 10, at=now)
    reserve(world, "r2", 6, at=now)
    limit_alerts.raise_alerts(at=now)
    return acme, globex


def words(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split()))


def page(who, name: str, *args, **query) -> str:
    return words(make.signed_in(who).get(reverse(name, args=args), query))


# -- console


def test_the_list_shows_how_each_stands(world, filled):
    text = page(world.mia, "console:limits")
    assert "Units a day Acme Robotics GmbH Near 85 % 85 10 5 100 × unit" in text
    assert "Small Globex KK Room 35 % 7 0 13 20 × unit" in text
    assert "New limit" not in text and "New limit" in page(world.rosa, "console:limits")
    assert "Small" not in page(world.mia, "console:limits", q="acme")
    assert "No limit has ended" in page(world.mia, "console:limits", status="ended")
    seen = page(world.sal, "console:limits")
    assert "Units a day" in seen and "Globex" not in seen


def test_one_limit_with_what_happened_to_it(world, filled):
    acme, globex = filled
    text = page(world.mia, "console:limit", acme.pk)
    for said in (
        "Spent 85 85 % of 100 × unit",
        "Held 10",
        "Left 5",
        "Reservation refused r2 6 85 10",
        "r1 Acme",
        "80 %",
    ):
        assert said in text, said
    assert "Change limit" not in text and "Change limit" in page(world.eli, "console:limit", acme.pk)
    assert make.signed_in(world.sal).get(reverse("console:limit", args=[globex.pk])).status_code == 404
    assert make.signed_in(world.noel).get(reverse("console:limit", args=[acme.pk])).status_code == 403


def test_setting_a_limit_with_its_preview(world, filled):
    client, address = make.signed_in(world.rosa), reverse("console:limit_new")
    preview = words(client.post(address, NEW | {"account": str(world.acme.pk), "preview": "1"}))
    assert "1 of 1 account would be over this limit at once. Account Of the limit Used Acme Robotics GmbH 85" in preview
    every = words(client.post(address, NEW | {"account": "", "preview": "1"}))
    assert "1 of 2 accounts would be over" in every and "Globex KK 7" in every
    assert Limit.objects.count() == 2
    made = client.post(address, NEW | {"account": str(world.acme.pk), "match": "model=o3\nregion = eu"})
    newest = Limit.objects.latest("pk")
    assert (made.status_code, made.headers["Location"]) == (302, reverse("console:limit", args=[newest.pk]))
    assert (newest.match, newest.thresholds, newest.made_by) == ({"model": "o3", "region": "eu"}, [80, 100], world.rosa)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"most": "many"}, "“many” is not a number"),
        ({"most": ""}, "How much is missing"),
        ({"match": "o3"}, "Write each as dimension=value"),
        ({"match": "modle=o3"}, "“modle” is no dimension of this metric"),
        ({"thresholds": "most"}, "These are no percentages"),
        ({"hold_seconds": "x"}, "This is no number of seconds"),
        ({"emails": "nobody"}, "“nobody” is no address"),
        ({"metric": ""}, "A limit of quantity needs a metric"),
        ({"name": ""}, "This field cannot be blank"),
    ],
)
def test_what_is_wrong_stands_on_the_form_and_nothing_is_set(world, units, change, said):
    answer = make.signed_in(world.rosa).post(reverse("console:limit_new"), NEW | change)
    assert answer.status_code == 422 and said in html.unescape(answer.content.decode())
    assert not Limit.objects.exists()


def test_a_limit_of_money(world, units):
    """It is set by its own choice, shows billing's word and as of when, and a balance what may be drawn of it."""
    client, address = make.signed_in(world.rosa), reverse("console:limit_new")
    form = NEW | {"account": str(world.acme.pk), "window": "BILLING_PERIOD", "currency": "eur"}
    assert "Billing writes what is spent" in words(client.post(address, form | {"metric": "SPEND", "preview": "1"}))
    wrong = client.post(address, form | {"metric": "SPEND", "currency": ""})
    assert wrong.status_code == 422 and "A limit of money needs a currency" in wrong.content.decode()
    assert client.post(address, form | {"metric": "SPEND", "name": "Spend"}).status_code == 302
    assert client.post(address, form | {"metric": "BALANCE", "name": "Rest", "most": "5"}).status_code == 302
    spend, rest = Limit.objects.order_by("pk")
    assert (spend.kind, spend.currency, rest.kind, rest.most) == ("SPEND", "EUR", "BALANCE", 5)
    assert "Rest balance left Acme Robotics GmbH Room" in page(world.mia, "console:limits")
    now = timezone.now()
    window = Period(now - timedelta(days=1), now + timedelta(days=1))
    said = [Word(spend, window, Decimal(40)), Word(rest, window, Decimal(10), Decimal(25))]
    write_counters(account_id=world.acme.pk, words=said, mark=0, at=now)
    text = page(world.mia, "console:limits")
    assert "Spend spend Acme Robotics GmbH Near 80 % 40 0 10 50 EUR" in text
    assert "Rest balance left Acme Robotics GmbH Room 40 % 10 0 15 25 EUR" in text
    one = page(world.mia, "console:limit", rest.pk)
    assert "40 % of 25 × EUR" in one and "as of" in one and "Must stay 5 EUR" in one
    seen = words(make.signed_in(world.vera).get(portal(world, "limits")))
    assert "Used 10 40 % Held 0 Left 15 At most 25 EUR" in seen and "As of" in seen


def test_changing_and_ending(world, filled):
    acme, _ = filled
    client = make.signed_in(world.eli)
    where = {name: reverse(f"console:limit_{name}", args=[acme.pk]) for name in ("change", "end")}
    assert client.get(where["change"]).status_code == 405
    wrong = client.post(where["change"], NEW | {"most": "-1"})
    assert wrong.status_code == 422
    assert client.post(where["change"], NEW | {"most": "200"}).status_code == 302
    acme.refresh_from_db()
    assert (acme.most, acme.name, acme.thresholds) == (200, "Units", [80, 100])
    assert make.signed_in(world.mia).post(where["end"]).status_code == 403
    assert client.post(where["end"], {"reason": "Agreed"}).status_code == 302
    acme.refresh_from_db()
    assert acme.ended_at is not None
    assert "Change limit" not in page(world.eli, "console:limit", acme.pk)


def test_the_list_costs_few_queries_however_long(world, filled):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page(world.mia, "console:limits")
        return len(seen)

    before = queries()
    for number in range(8):
        limit(world, 10, name=str(number), at=timezone.now())
    assert queries() == before


# -- portal


def portal(world: make.World, name: str, *args: int, account: str = "acme") -> str:
    return reverse(f"portal:{name}", args=[world.accounts[account].pk, *args])


def test_the_customer_sees_what_is_used(world, filled):
    for who in (world.pat, world.vera):
        text = words(make.signed_in(who).get(portal(world, "limits")))
        assert "Used 85 85 % Held 10 Left 5 At most 100 × unit" in text and "Small" not in text
        assert "Reservation refused" in text and "80 %" in text
        assert ("Set a limit of your own" in text) == (who == world.pat)
    assert make.signed_in(world.gil).get(portal(world, "limits")).status_code == 404


def test_an_admin_sets_changes_and_ends_a_lower_limit(world, filled):
    pat = make.signed_in(world.pat)
    form = {
        "name": "Brake",
        "metric": "units",
        "window": "DAY",
        "most": "90",
        "thresholds": "50",
        "emails": "a@b.example",
    }
    too_high = pat.post(portal(world, "limit_new"), form | {"most": "101"})
    assert too_high.status_code == 422 and "above the limit of your contract" in too_high.content.decode()
    assert pat.post(portal(world, "limit_new"), form).headers["Location"] == portal(world, "limits")
    own = Limit.objects.get(set_by="CUSTOMER")
    assert (own.account, own.most, own.thresholds, own.made_by) == (world.acme, 90, [50], world.pat)
    assert "Brake" in words(pat.get(portal(world, "limits")))
    wrong = pat.post(portal(world, "limit_change", own.pk), form | {"most": "x"})
    assert wrong.status_code == 422 and "is not a number" in wrong.content.decode()
    assert pat.post(portal(world, "limit_change", own.pk), form | {"most": "86"}).status_code == 302
    own.refresh_from_db()
    assert own.most == 86
    assert pat.post(portal(world, "limit_end", own.pk)).status_code == 302
    own.refresh_from_db()
    assert own.ended_at is not None


def test_forms_are_for_admins_and_their_own_limits(world, filled):
    acme, globex = filled
    form = {"name": "Mine", "metric": "units", "window": "DAY", "most": "1"}
    for who in ("vera", "gil", "eli", "noel"):
        client = make.signed_in(world.people[who])
        for address in (
            portal(world, "limit_new"),
            portal(world, "limit_change", acme.pk),
            portal(world, "limit_end", acme.pk),
        ):
            assert client.post(address, form).status_code == 404, (who, address)
    pat = make.signed_in(world.pat)
    for pk in (acme.pk, globex.pk):
        assert pat.post(portal(world, "limit_change", pk), form).status_code == 404
        assert pat.post(portal(world, "limit_end", pk)).status_code == 404
    assert pat.post(portal(world, "limit_new", account="globex"), form).status_code == 404
    assert pat.get(portal(world, "limit_new")).status_code == 405
    assert Limit.objects.filter(ended_at=None).count() == 2
