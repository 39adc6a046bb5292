"""The entrance: by e-mail, in a strict policy, to where one works; the demo's people only in the demo."""

import pytest
from django.test import Client

from monetization.demo import company
from monetization.foundation.sign_in import DEMO_PASSWORD
from tests import make

pytestmark = pytest.mark.django_db


def enter(email: str, password: str = make.PASSWORD, query: str = "") -> tuple[Client, str]:
    """Sign in and return the client and where it was sent (empty: nowhere)."""
    client = Client()
    answer = client.post(f"/sign-in/{query}", {"username": email, "password": password})
    return client, answer.headers.get("location", "")


def test_staff_work_in_the_console_and_customers_in_the_portal(world: make.World) -> None:
    staff, _ = enter("Mia@Example.com")
    assert staff.get("/")["location"] == "/console/"
    assert staff.get("/console/")["location"] == "/console/inbox/"
    customer, _ = enter("pat@example.com")
    assert customer.get("/")["location"] == "/portal/"
    assert Client().get("/")["location"] == "/sign-in/"


def test_a_wrong_password_says_not_which_of_the_two_was_wrong(world: make.World) -> None:
    known = Client().post("/sign-in/", {"username": "mia@example.com", "password": "guess"})
    unknown = Client().post("/sign-in/", {"username": "nobody@example.com", "password": "guess"})
    for answer in (known, unknown):
        assert answer.status_code == 200
        assert "fit together" in answer.content.decode()
        assert 'value="guess"' not in answer.content.decode()
    assert 'value="mia@example.com"' in known.content.decode()


def test_one_comes_back_to_where_one_wanted_to_go_but_never_elsewhere(world: make.World) -> None:
    assert enter("mia@example.com", query="?next=/console/catalog/ratecard/")[1] == "/console/catalog/ratecard/"
    assert enter("mia@example.com", query="?next=https://evil.example/")[1] == "/"
    assert enter("mia@example.com", query="?next=//evil.example/")[1] == "/"


def test_the_page_keeps_the_strict_policy_and_needs_no_script(world: make.World) -> None:
    answer = Client().get("/sign-in/")
    policy = answer["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "<script" not in answer.content.decode()


def test_signing_out_takes_a_form_and_ends_the_session(world: make.World) -> None:
    client, _ = enter("mia@example.com")
    assert client.get("/sign-out/").status_code == 405
    assert client.get("/console/inbox/").status_code == 200
    assert client.post("/sign-out/")["location"] == "/sign-in/"
    assert client.get("/console/inbox/").status_code == 302


def test_the_demo_lists_its_people_and_a_click_fills_the_form(world: make.World, settings) -> None:
    assert DEMO_PASSWORD == company.PASSWORD
    closed = Client().get("/sign-in/?as=mia@example.com").content.decode()
    assert "Demo people" not in closed
    assert 'autocomplete="current-password" required value=""' in closed
    settings.DEMO = True
    page = Client().get("/sign-in/?as=mia@example.com").content.decode()
    assert '<button name="as" value="chen@example.com"><b>Chen</b><span>Head of monetization</span>' in page
    assert "Customer admin of Acme Robotics" in page
    assert 'value="mia@example.com"' in page
    assert f'type="password" autocomplete="current-password" required value="{DEMO_PASSWORD}"' in page


def test_whoever_is_signed_in_already_goes_home(world: make.World) -> None:
    client, _ = enter("chen@example.com")
    assert client.get("/sign-in/")["location"] == "/"
