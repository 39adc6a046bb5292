"""People, roles, customers, accounts, aliases, keys: what works, what is refused, what a role then may."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import authenticate

from monetization.foundation.actions import access, customers, environments, people, policies
from monetization.foundation.models import Account, AccountAlias, ApiKey, AuditEntry, Environment, User
from monetization.foundation.queries import accounts_for, accounts_named, customers_for, roles_of
from monetization.foundation.rules.conditions import Condition, Operator
from monetization.foundation.rules.keys import SCOPES, fingerprint, shown_part, within
from monetization.foundation.rules.roles import MemberRole, Role
from monetization.values.errors import Conflict, DomainError, Invalid, NotAllowed
from tests.make import AT, PASSWORD, World, account, person

DAY = timedelta(days=1)


def audited() -> str:
    """Return the newest entry's action."""
    return AuditEntry.objects.latest("pk").action


# -- people


def test_people_sign_in_by_email_in_any_case(world: World) -> None:
    assert authenticate(None, username="MIA@example.com", password=PASSWORD) == world.mia
    assert authenticate(None, username="mia@example.com", password="wrong") is None


def test_an_address_is_one_person(world: World) -> None:
    with pytest.raises(Invalid) as error:
        people.create_user(email="Mia@Example.com", name="Other", by=None, at=AT)
    assert error.value.field == "email"


def test_weak_passwords_are_refused(world: World) -> None:
    with pytest.raises(Invalid) as error:
        people.create_user(email="new@example.com", name="New", password="12345", by=None, at=AT)
    assert error.value.field == "password"
    assert not User.objects.filter(email="new@example.com").exists()


def test_roles_are_given_by_somebody_else(world: World) -> None:
    assert not world.noel.has_perm("billing.approve_invoice")
    people.grant_role(user=world.noel, role=Role.FINANCE, by=world.chen, at=AT)
    assert audited() == "role.granted"
    assert world.noel.has_perm("billing.approve_invoice")
    with pytest.raises(NotAllowed, match="own roles"):
        people.grant_role(user=world.chen, role=Role.FINANCE, by=world.chen, at=AT)
    with pytest.raises(NotAllowed, match="own roles"):
        people.take_role(user=world.chen, role=Role.HEAD, by=world.chen, at=AT)
    with pytest.raises(NotAllowed):
        people.grant_role(user=world.noel, role=Role.HEAD, by=world.mia, at=AT)
    with pytest.raises(Invalid):
        people.grant_role(user=world.pat, role=Role.HEAD, by=world.chen, at=AT)
    people.take_role(user=world.noel, role=Role.FINANCE, by=world.chen, at=AT)
    assert not world.noel.has_perm("billing.approve_invoice")
    assert roles_of(world.chen) == {Role.HEAD}


def test_whoever_left_may_nothing(world: World) -> None:
    people.deactivate_user(user=world.chen, by=None, at=AT)
    chen = User.objects.get(pk=world.chen.pk)
    assert roles_of(chen) == frozenset()
    assert not chen.has_perm("foundation.read")
    assert authenticate(None, username="chen@example.com", password=PASSWORD) is None


MAY = {
    "mia": "catalog.draft_rate_card catalog.view_ratecard foundation.decide",
    "chen": "foundation.manage_people foundation.add_user foundation.view_auditentry catalog.draft_rate_card"
    " catalog.view_ratecard billing.view_invoice metering.view_event foundation.decide catalog.draft_contract"
    " foundation.change_account foundation.change_customer",
    "finn": "billing.approve_invoice billing.view_invoice foundation.view_auditentry foundation.decide",
    "rosa": "catalog.draft_contract billing.approve_invoice foundation.change_account foundation.change_customer",
    "eli": "foundation.manage_api_keys metering.send_events catalog.view_ratecard",
    "audra": "foundation.view_auditentry billing.view_invoice metering.view_event",
    "noel": "",
    "pat": "",
}
MAY_NOT = {
    "mia": "billing.approve_invoice foundation.view_auditentry foundation.manage_people foundation.change_account",
    "chen": "billing.approve_invoice foundation.manage_api_keys",
    "finn": "catalog.draft_rate_card foundation.manage_people catalog.draft_contract",
    "rosa": "foundation.manage_people catalog.draft_rate_card",
    "eli": "foundation.decide billing.issue_invoice foundation.view_auditentry foundation.change_customer",
    "audra": "foundation.change_customer foundation.decide billing.approve_invoice metering.send_events",
    "noel": "foundation.read catalog.view_metric foundation.decide",
    "pat": "foundation.read billing.view_invoice foundation.decide",
}
NOBODY = (
    "catalog.change_ratecard catalog.delete_ratecard billing.change_invoice billing.add_invoice foundation.delete_user"
    " foundation.change_changerequest foundation.add_decision metering.add_event foundation.change_policy"
)


@pytest.mark.parametrize("name", list(MAY))
def test_abilities_follow_roles_and_no_generic_form_opens(world: World, name: str) -> None:
    user = getattr(world, name)
    assert [ability for ability in MAY[name].split() if not user.has_perm(ability)] == []
    assert [ability for ability in f"{MAY_NOT[name]} {NOBODY}".split() if user.has_perm(ability)] == []


# -- customers


def test_sales_see_only_customers_granted_to_them(world: World) -> None:
    acme, globex = world.customers["acme"], world.customers["globex"]
    assert list(customers_for(world.sal, world.live)) == [acme]
    assert {a.key for a in accounts_for(world.sal, world.live)} == {"acme", "acme-us"}
    assert world.sal.has_perm("foundation.read", acme) and not world.sal.has_perm("foundation.read", globex)
    assert not world.sal.has_perm("foundation.read", world.globex)
    people.show_customer(user=world.sal, customer=globex, by=world.chen, at=AT)
    assert list(customers_for(world.sal, world.live)) == [acme, globex]
    people.hide_customer(user=world.sal, customer=acme, by=world.chen, at=AT)
    assert list(customers_for(world.sal, world.live)) == [globex]


def test_others_see_all_customers_of_the_environment_or_none(world: World) -> None:
    assert {c.key for c in customers_for(world.mia, world.live)} == {"acme", "globex"}
    assert [c.name for c in customers_for(world.mia, world.sandbox)] == ["Acme Robotics (test)"]
    for nobody in (world.noel, world.pat):
        assert not customers_for(nobody, world.live).exists() and not accounts_for(nobody, world.live).exists()


def test_making_a_customer(world: World) -> None:
    made = customers.create_customer(environment=world.live, key="initech", name="Initech", by=world.rosa, at=AT)
    assert (made.key, audited()) == ("initech", "customer.created")
    assert made.history.get().history_user == world.rosa
    for name in ("mia", "finn", "noel", "sal", "audra", "pat"):
        with pytest.raises(NotAllowed):
            customers.create_customer(environment=world.live, key="x", name="X", by=getattr(world, name), at=AT)
    assert not customers_for(world.mia, world.live).filter(key="x").exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"key": "Acme"}, "key"),
        ({"key": "-acme"}, "key"),
        ({"key": "a" * 64}, "key"),
        ({"key": ""}, "key"),
        ({"name": ""}, "name"),
        ({"name": "x" * 161}, "name"),
    ],
)
def test_a_wrong_customer_names_the_field(world: World, given: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as error:
        customers.create_customer(environment=world.live, by=None, at=AT, **{"key": "new", "name": "New"} | given)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "zone"),
        ({"billing_email": "nobody"}, "billing_email"),
        ({"key": "acme"}, None),
        ({"grace_days": -1}, "grace_days"),
    ],
)
def test_a_wrong_account_names_the_field(world: World, given: dict[str, object], field: str | None) -> None:
    fields = {"key": "new", "name": "New", "time_zone": "UTC"} | given
    before = Account.objects.count()
    with pytest.raises(DomainError) as error:
        customers.create_account(customer=world.customers["acme"], by=None, at=AT, **fields)  # type: ignore[arg-type]
    assert (error.value.field, Account.objects.count()) == (field, before)


def test_changing_an_account_keeps_what_was(world: World) -> None:
    changed = customers.change_account(
        account=world.acme, changes={"city": "Potsdam", "grace_days": 5}, by=world.rosa, at=AT, reason="moved"
    )
    assert (changed.city, changed.grace_days) == ("Potsdam", 5)
    entry = AuditEntry.objects.latest("pk")
    assert (entry.before, entry.after) == ({"city": "Berlin", "grace_days": 3}, {"city": "Potsdam", "grace_days": 5})
    assert [h.city for h in changed.history.all()] == ["Potsdam", "Berlin"]
    for field in ("time_zone", "key", "customer", "environment_id"):
        with pytest.raises(Invalid) as error:
            customers.change_account(account=world.acme, changes={field: "UTC"}, by=world.rosa, at=AT)
        assert error.value.field == field


def test_a_parent_is_of_the_same_customer_and_no_circle(world: World) -> None:
    change = {"by": None, "at": AT}
    customers.change_account(account=world.acme_us, changes={"parent": world.acme}, **change)
    with pytest.raises(NotAllowed):
        customers.change_account(account=world.acme_us, changes={"parent": world.globex}, **change)
    with pytest.raises(Invalid, match="ancestor"):
        customers.change_account(account=world.acme, changes={"parent": world.acme_us}, **change)


# -- aliases


def test_an_alias_names_an_account_while_it_lasts(world: World) -> None:
    first = customers.add_alias(account=world.acme, alias="org_1", ends_at=AT + DAY, by=None, at=AT)
    customers.add_alias(account=world.globex, alias="org_1", starts_at=AT + DAY, by=None, at=AT)
    asked = [
        ("org_1", AT + DAY - timedelta(microseconds=1)),
        ("org_1", AT + DAY),
        ("acme", AT),
        ("nobody", AT),
        ("org_1", AT - 1000 * DAY),
    ]
    assert meant(world.live.pk, asked) == {
        asked[0]: world.acme.pk, asked[1]: world.globex.pk, asked[2]: world.acme.pk, asked[4]: world.acme.pk,
    }  # fmt: skip
    assert meant(world.sandbox.pk, asked) == {asked[2]: world.acme_sandbox.pk}
    customers.end_alias(alias=first, ends_at=AT + timedelta(hours=1), by=None, at=AT)
    assert meant(world.live.pk, [asked[0]]) == {}


def meant(environment_id: int, asked: list[tuple[str, datetime]]) -> dict[tuple[str, datetime], int]:
    """Give the account that each name means at its time."""
    named = accounts_named(environment_id, {name for name, _ in asked})
    found = {(name, at): named.by_key.get(name) or named.of_alias(name, at) for name, at in asked}
    return {each: pk for each, pk in found.items() if pk}


def test_subjects_are_found_in_two_queries(world: World, django_assert_num_queries) -> None:
    asked = [(f"name{n}", AT + n * DAY) for n in range(500)] + [("acme", AT)]
    with django_assert_num_queries(2):
        assert meant(world.live.pk, asked) == {("acme", AT): world.acme.pk}


def test_an_alias_is_never_two_accounts(world: World) -> None:
    customers.add_alias(account=world.acme, alias="org_1", starts_at=AT, by=None, at=AT)
    for alias in ("org_1", "globex"):
        with pytest.raises(DomainError):
            customers.add_alias(account=world.globex, alias=alias, by=None, at=AT)
    assert AccountAlias.objects.count() == 1
    with pytest.raises(Conflict):
        account(world.customers["acme"], "org_1")
    customers.add_alias(account=world.acme_sandbox, alias="org_1", by=None, at=AT)


def test_staff_are_no_members(world: World) -> None:
    with pytest.raises(Invalid) as error:
        customers.add_member(
            customer=world.customers["acme"], user=world.mia, role=MemberRole.CUSTOMER_VIEWER, by=None, at=AT
        )
    assert error.value.field == "user"


# -- keys


def test_a_key_is_shown_once_and_stored_hashed(world: World) -> None:
    key, token = access.issue_key(
        environment=world.live, owner=world.eli, name="ingest", scopes=["events:write"], expires_at=None,
        by=world.eli, at=AT,
    )  # fmt: skip
    assert token.startswith("mk_live_") and shown_part(token) == key.prefix
    assert len(token) == len("mk_live_12345678_") + 43
    assert bytes(key.secret_hash) == fingerprint(token) and len(fingerprint(token)) == 32
    entry = AuditEntry.objects.latest("pk")
    assert entry.action == "api_key.issued" and token not in str(entry.after)
    sandbox_key, sandbox_token = access.issue_key(
        environment=world.sandbox, owner=world.eli, name="ingest", scopes=["events:write"], expires_at=None,
        by=world.eli, at=AT,
    )  # fmt: skip
    assert sandbox_token.startswith("mk_test_")


def test_two_keys_of_a_name_live_so_that_one_can_be_rotated(world: World) -> None:
    def issue(expires_at=None) -> ApiKey:
        return access.issue_key(
            environment=world.live, owner=world.eli, name="ingest", scopes=["events:write"], expires_at=expires_at,
            by=world.eli, at=AT,
        )[0]  # fmt: skip

    first, _ = issue(), issue()
    with pytest.raises(Conflict) as error:
        issue()
    assert error.value.field == "name"
    access.revoke_key(key=first, by=world.eli, at=AT)
    issue()


def test_nobody_issues_a_key_in_anothers_name_or_beyond_the_list(world: World) -> None:
    def issue(**given: object) -> None:
        fields = {"owner": world.eli, "by": world.eli, "name": "k", "scopes": ["events:write"], "expires_at": None}
        access.issue_key(environment=world.live, at=AT, **fields | given)  # type: ignore[arg-type]

    with pytest.raises(NotAllowed, match="only the owner"):
        issue(owner=world.chen)
    with pytest.raises(NotAllowed):
        issue(owner=world.mia, by=world.mia)
    for scopes, field in (([], "scopes"), (["events:write", "root"], "scopes[1]")):
        with pytest.raises(Invalid) as error:
            issue(scopes=scopes)
        assert error.value.field == field
    with pytest.raises(Invalid) as error:
        issue(expires_at=AT)
    assert error.value.field == "expires_at"
    assert not ApiKey.objects.exists()


def test_writing_includes_reading() -> None:
    assert within(frozenset({"customers:write"}), "customers:read")
    assert not within(frozenset({"customers:read"}), "customers:write")
    assert not within(frozenset(SCOPES) - {"audit:read"}, "audit:read")


# -- environments and policies


def test_there_is_one_live_environment(world: World) -> None:
    with pytest.raises(Conflict) as error:
        environments.create_environment(key="live2", name="Live 2", kind="LIVE", by=world.chen, at=AT)
    assert error.value.field == "kind"
    with pytest.raises(NotAllowed):
        environments.create_environment(key="play", name="Play", kind="SANDBOX", by=world.mia, at=AT)
    assert environments.create_environment(key="play", name="Play", kind="SANDBOX", by=world.chen, at=AT).pk
    assert Environment.objects.count() == 3


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"roles": {}}, "roles"),
        ({"roles": {Role.AUDITOR: 1}}, "roles"),
        ({"roles": {Role.HEAD: 0}}, "roles"),
        ({"conditions": [Condition("total", Operator.ABOVE)]}, "conditions[0].bound"),
        ({"conditions": [Condition("currency", Operator.ANY_OF)]}, "conditions[0].words"),
        ({"conditions": [Condition("currency", Operator.ABOVE, Decimal(1))]}, "conditions[0].operator"),
    ],
)
def test_a_policy_that_nobody_can_satisfy_is_refused(world: World, given: dict[str, object], field: str | None) -> None:
    fields = {"kind": "rate_card", "name": "New", "roles": {Role.HEAD: 1}} | given
    with pytest.raises(Invalid) as error:
        policies.create_policy(environment=world.live, by=None, at=AT, **fields)  # type: ignore[arg-type]
    assert error.value.field == field


def test_only_people_managers_change_people(world: World) -> None:
    for name in ("mia", "finn", "rosa", "eli", "audra", "noel", "pat"):
        with pytest.raises(NotAllowed):
            people.create_user(email="x@example.com", name="X", by=getattr(world, name), at=AT)
    assert person("zoe").pk
