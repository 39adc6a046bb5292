"""The first day: environments, the seller, people and their roles, policies, customers, tax rates."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.actions import tax
from monetization.demo.company import BUYERS, PASSWORD, PEOPLE, Buyer, Person
from monetization.foundation.actions import customers, environments, people, policies
from monetization.foundation.models import Account, Customer, Environment, LegalEntity, User
from monetization.foundation.rules.conditions import Condition, Operator
from monetization.foundation.rules.roles import MemberRole, Role

EU_RATES = {"DE": Decimal(19), "FR": Decimal(20), "DK": Decimal(25)}
RATE_SOURCE = "European Commission, Taxes in Europe Database, standard rates"


@dataclass(frozen=True, slots=True)
class Company:
    """Everybody and everything that the story needs by name."""

    live: Environment
    sandbox: Environment
    seller: LegalEntity
    people: dict[str, User]
    accounts: dict[str, Account]

    def __getitem__(self, name: str) -> User:
        """Return a person by the first part of the e-mail address."""
        return self.people[name]


def open_company(at: datetime) -> Company:
    """Found the company; nobody is there yet to be the actor, so `by` is None."""
    live = environments.create_environment(key="live", name="Live", kind=Environment.Kind.LIVE, by=None, at=at)
    sandbox = environments.create_environment(
        key="sandbox", name="Sandbox", kind=Environment.Kind.SANDBOX, by=None, at=at
    )
    buyers = {buyer.key: _customer(live, buyer, at) for buyer in BUYERS}
    staff = {person.email.partition("@")[0]: _person(person, buyers, at) for person in PEOPLE}
    for environment in (live, sandbox):
        _policies(environment, at)
    _tax_rates(live, at)
    accounts = {buyer.key: _account(buyers[buyer.key], buyer, at) for buyer in BUYERS}
    for key in ("acme", "hooli"):
        people.show_customer(user=staff["sam"], customer=buyers[key], by=None, at=at)
    return Company(live, sandbox, _seller(live, at), staff, accounts)


def _seller(live: Environment, at: datetime) -> LegalEntity:
    return environments.create_legal_entity(
        environment=live,
        key="lumen-de",
        name="Lumen AI GmbH",
        street="Torstraße 140",
        postal_code="10119",
        city="Berlin",
        country="DE",
        tax_id="DE136695976",
        registration="Amtsgericht Charlottenburg HRB 231116 B",
        bank_details="IBAN DE89 3704 0044 0532 0130 00, BIC COBADEFFXXX",
        reporting_currency="EUR",
        number_prefix="LUM-",
        by=None,
        at=at,
    )


def _person(person: Person, buyers: dict[str, Customer], at: datetime) -> User:
    is_staff = isinstance(person.role, Role)
    user = people.create_user(
        email=person.email,
        name=person.name,
        password=PASSWORD,
        is_staff=is_staff,
        time_zone="Europe/Berlin" if is_staff else "America/New_York",
        by=None,
        at=at,
    )
    if isinstance(person.role, MemberRole):
        customers.add_member(customer=buyers[person.customer], user=user, role=person.role, by=None, at=at)
    else:
        people.grant_role(user=user, role=person.role, by=None, at=at)
    return user


def _customer(live: Environment, buyer: Buyer, at: datetime) -> Customer:
    return customers.create_customer(
        environment=live, key=buyer.key, name=buyer.name, segment=buyer.segment, by=None, at=at
    )


def _account(customer: Customer, buyer: Buyer, at: datetime) -> Account:
    return customers.create_account(
        customer=customer,
        key=buyer.key,
        name=buyer.name,
        time_zone=buyer.time_zone,
        street=buyer.street,
        postal_code=buyer.postal_code,
        city=buyer.city,
        country=buyer.country,
        tax_id=buyer.tax_id,
        billing_email=buyer.email,
        by=None,
        at=at,
    )


def _policies(environment: Environment, at: datetime) -> None:
    always = {
        "metric": {Role.HEAD: 1},
        "rate_card": {Role.HEAD: 1},
        "plan": {Role.HEAD: 1},
        "contract": {Role.FINANCE: 1},
        "credit": {Role.FINANCE: 1},
        "invoice": {Role.FINANCE: 1},
        "rollback": {Role.HEAD: 1},
    }
    for kind, roles in always.items():
        name = f"Every {kind.replace('_', ' ')}"
        policies.create_policy(environment=environment, kind=kind, name=name, roles=roles, by=None, at=at)
    _above(environment, "rate_card", "Large price change", {Role.FINANCE: 1}, "max_change_percent", 5, at)
    _above(environment, "contract", "Deep discount", {Role.HEAD: 1}, "discount_percent", 20, at)
    # The last one: from now on every policy is a change request.
    policies.create_policy(
        environment=environment, kind="policy", name="Every policy", roles={Role.FINANCE: 1}, by=None, at=at
    )


def _above(
    environment: Environment, kind: str, name: str, roles: dict[Role, int], fact: str, bound: int, at: datetime
) -> None:
    policies.create_policy(
        environment=environment,
        kind=kind,
        name=name,
        roles=roles,
        conditions=[Condition(fact, Operator.ABOVE, Decimal(bound))],
        by=None,
        at=at,
    )


def _tax_rates(live: Environment, at: datetime) -> None:
    for country, percent in EU_RATES.items():
        tax.set_rate(
            environment=live, country=country, percent=percent, start_date=date(2021, 1, 1),
            source=RATE_SOURCE, by=None, at=at,
        )  # fmt: skip
