"""Make the world that tests live in, by the same actions that the product uses; plain functions, no fixtures."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.test import Client

from monetization.foundation.actions import access, customers, environments, people, policies
from monetization.foundation.models import Account, Customer, Environment, LegalEntity, User
from monetization.foundation.rules.conditions import Condition, Operator
from monetization.foundation.rules.keys import SCOPES
from monetization.foundation.rules.roles import MemberRole, Role

AT = datetime(2026, 1, 1, tzinfo=UTC)  # when the world begins; tests go on from here
PASSWORD = "tides turn twice a day"
STAFF: dict[str, tuple[Role, ...]] = {
    "mia": (Role.PRODUCT,),
    "chen": (Role.HEAD,),
    "finn": (Role.FINANCE,),
    "rosa": (Role.FINANCE, Role.REVOPS),
    "eli": (Role.ENGINEERING,),
    "sal": (Role.SALES,),
    "uma": (Role.SUPPORT,),
    "audra": (Role.AUDITOR,),
    "noel": (),
}


@dataclass
class World:
    """The named cast: environments, sellers, people by first name, customers and their accounts."""

    live: Environment
    sandbox: Environment
    seller: LegalEntity
    seller_us: LegalEntity
    people: dict[str, User] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)

    def __getattr__(self, name: str) -> User:
        """Let a test write `world.mia`."""
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def acme(self) -> Account:
        """Acme's German account (key `acme`, Europe/Berlin)."""
        return self.accounts["acme"]

    @property
    def acme_us(self) -> Account:
        """Acme's American account (key `acme-us`, America/New_York)."""
        return self.accounts["acme-us"]

    @property
    def globex(self) -> Account:
        """Globex's account (key `globex`, Asia/Tokyo)."""
        return self.accounts["globex"]

    @property
    def acme_sandbox(self) -> Account:
        """An account of the same key `acme` in the sandbox."""
        return self.accounts["sandbox/acme"]


def world() -> World:
    """Make everything of the cast; about 120 small rows."""
    made = World(*_environments(), *_sellers())
    made.people = {name: person(name, roles) for name, roles in STAFF.items()}
    _customers(made)
    for environment in (made.live, made.sandbox):
        _policies(environment)
    members = (("pat", MemberRole.CUSTOMER_ADMIN, "acme"), ("vera", MemberRole.CUSTOMER_VIEWER, "acme"),
               ("gil", MemberRole.CUSTOMER_ADMIN, "globex"))  # fmt: skip
    for name, role, customer in members:
        made.people[name] = person(name, is_staff=False)
        customers.add_member(customer=made.customers[customer], user=made.people[name], role=role, by=None, at=AT)
    people.show_customer(user=made.sal, customer=made.customers["acme"], by=None, at=AT)
    return made


def person(name: str, roles: Iterable[Role] = (), *, is_staff: bool = True) -> User:
    """Make somebody who signs in as `name@example.com` with PASSWORD."""
    user = people.create_user(
        email=f"{name}@example.com", name=name.capitalize(), password=PASSWORD, is_staff=is_staff, by=None, at=AT
    )
    for role in roles:
        people.grant_role(user=user, role=role, by=None, at=AT)
    return user


def account(customer: Customer, key: str, *, time_zone: str = "UTC", **more: Any) -> Account:
    """Make another account."""
    return customers.create_account(
        customer=customer, key=key, name=more.pop("name", key.capitalize()), time_zone=time_zone, by=None, at=AT, **more
    )


def token(
    owner: User, environment: Environment, *scopes: str, name: str = "test", expires_at: datetime | None = None
) -> str:
    """Issue an API key with these scopes (all, if none is named) and return its secret text."""
    _, text = access.issue_key(
        environment=environment, owner=owner, name=name, scopes=scopes or tuple(SCOPES), expires_at=expires_at,
        by=None, at=AT,
    )  # fmt: skip
    return text


class Api:
    """Call the API with a key: bodies are JSON, answers have `.status_code` and `.json()`."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={"authorization": f"Bearer {token}"}, raise_request_exception=False)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        return self._send("post", path, {} if body is None else body, key)

    def patch(self, path: str, body: Any) -> Any:
        return self._send("patch", path, body, None)

    def _send(self, method: str, path: str, body: Any, key: str | None) -> Any:
        headers = {"idempotency-key": key} if key else {}
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        call = getattr(self.client, method)
        return call(f"/api/v1{path}", text, content_type="application/json", headers=headers)


def signed_in(user: User) -> Client:
    """Return a browser-like client in which somebody is signed in."""
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="monetization.foundation.backends.RoleBackend")
    return client


def _environments() -> tuple[Environment, Environment]:
    live = environments.create_environment(key="live", name="Live", kind="LIVE", by=None, at=AT)
    sandbox = environments.create_environment(key="sandbox", name="Sandbox", kind="SANDBOX", by=None, at=AT)
    return live, sandbox


def _sellers() -> tuple[LegalEntity, LegalEntity]:
    live = Environment.objects.get(key="live")
    gmbh = environments.create_legal_entity(
        environment=live, key="gmbh", name="Tidal Labs GmbH", street="Hafenstraße 12", postal_code="20457",
        city="Hamburg", country="DE", tax_id="DE123456789", registration="HRB 4711, Amtsgericht Hamburg",
        bank_details="DE02 1203 0000 0000 2020 51", reporting_currency="EUR", number_prefix="TG-", by=None, at=AT,
    )  # fmt: skip
    inc = environments.create_legal_entity(
        environment=live, key="inc", name="Tidal Labs Inc.", street="500 Harbor Blvd", postal_code="94105",
        city="San Francisco", country="US", tax_id="", reporting_currency="USD", number_prefix="TI-", by=None, at=AT,
    )  # fmt: skip
    return gmbh, inc


def _customers(made: World) -> None:
    for key, name, segment in (("acme", "Acme Robotics", "enterprise"), ("globex", "Globex", "self-serve")):
        made.customers[key] = customers.create_customer(
            environment=made.live, key=key, name=name, segment=segment, by=None, at=AT
        )
    made.customers["sandbox/acme"] = customers.create_customer(
        environment=made.sandbox, key="acme", name="Acme Robotics (test)", by=None, at=AT
    )
    acme, globex = made.customers["acme"], made.customers["globex"]
    made.accounts = {
        "acme": account(
            acme, "acme", name="Acme Robotics GmbH", time_zone="Europe/Berlin", country="DE", street="Ringbahnstraße 3",
            postal_code="12099", city="Berlin", tax_id="DE987654321", billing_email="billing@acme.example",
        ),
        "acme-us": account(
            acme, "acme-us", name="Acme Robotics Inc.", time_zone="America/New_York", country="US",
            street="1 Broadway", postal_code="10004", city="New York", billing_email="ap@acme.example",
        ),
        "globex": account(
            globex, "globex", name="Globex KK", time_zone="Asia/Tokyo", country="JP", street="1-1 Marunouchi",
            postal_code="100-0005", city="Tokyo", billing_email="keiri@globex.example",
        ),
        "sandbox/acme": account(made.customers["sandbox/acme"], "acme", time_zone="Europe/Berlin", country="DE"),
    }  # fmt: skip


def _policies(environment: Environment) -> None:
    asked: tuple[tuple[str, str, dict[Role, int], list[Condition]], ...] = (
        ("rate_card", "Every price change", {Role.HEAD: 1}, []),
        ("rate_card", "Price changes above 50 %", {Role.FINANCE: 1},
         [Condition("max_change_percent", Operator.ABOVE, Decimal(50))]),
        ("plan", "Every plan", {Role.HEAD: 1}, []),
        ("metric", "Every metric", {Role.HEAD: 1}, []),
        ("contract", "Every contract", {Role.REVOPS: 1}, []),
        ("contract", "Discounts above 20 %", {Role.HEAD: 1},
         [Condition("discount_percent", Operator.ABOVE, Decimal(20))]),
        ("credit", "Every credit", {Role.FINANCE: 1}, []),
        ("rollback", "Every rollback", {Role.HEAD: 1}, []),
        ("invoice", "Every invoice", {Role.FINANCE: 1}, []),
        ("invoice", "Invoices above 100,000", {Role.FINANCE: 2},
         [Condition("total", Operator.ABOVE, Decimal(100_000))]),
    )  # fmt: skip
    for kind, name, roles, conditions in asked:
        policies.create_policy(
            environment=environment, kind=kind, name=name, roles=roles, conditions=conditions, by=None, at=AT
        )


@contextmanager
def portal(*accounts: Account) -> Iterator[None]:
    """Be what the portal is while it answers: its role, and the accounts of whoever asks."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE portal")
        named = ",".join(str(each.pk) for each in accounts)
        cursor.execute("SELECT set_config('portal.account_ids', %s, true)", [named])
        yield
        cursor.execute("RESET ROLE")
