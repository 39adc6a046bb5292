"""Make and change customers, their billing accounts, the accounts' aliases, and the customers' people."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from monetization.foundation.actions import audit, rows
from monetization.foundation.models import Account, AccountAlias, Customer, Environment, Membership, User
from monetization.foundation.rules.roles import MemberRole
from monetization.values.errors import Conflict, Invalid, NotAllowed, WrongState, refuse_if
from monetization.values.periods import zone_of

CHANGE = "foundation.change_customer"
# A zone cuts periods, so a change of it waits for the next one and is no plain edit.
CHANGEABLE = frozenset(
    {
        "name",
        "language",
        "street",
        "postal_code",
        "city",
        "country",
        "tax_id",
        "billing_email",
        "grace_days",
        "parent",
    }
)


@transaction.atomic
def create_customer(
    *, environment: Environment, key: str, name: str, by: User | None, at: datetime, segment: str = ""
) -> Customer:
    """Make a customer; its key is unique in the environment."""
    rows.allow(by, CHANGE)
    customer = Customer(environment=environment, key=key, name=name, segment=segment, created_at=at)
    rows.check(customer)
    rows.keep(customer, by=by, at=at)
    after = {"key": key, "name": name, "segment": segment}
    audit.record(environment=environment, action="customer.created", subject=customer, by=by, at=at, after=after)
    return customer


@transaction.atomic
def change_customer(
    *, customer: Customer, name: str, segment: str, by: User | None, at: datetime, reason: str = ""
) -> Customer:
    """Change a customer's name and segment."""
    rows.allow(by, CHANGE, customer)
    customer = rows.lock(customer)
    before = {"name": customer.name, "segment": customer.segment}
    customer.name, customer.segment = name, segment
    rows.check(customer)
    rows.keep(customer, by=by, at=at, reason=reason)
    audit.record(
        environment=customer.environment, action="customer.changed", subject=customer, by=by, at=at,
        before=before, after={"name": name, "segment": segment}, reason=reason,
    )  # fmt: skip
    return customer


@transaction.atomic
def create_account(
    *,
    customer: Customer,
    key: str,
    name: str,
    time_zone: str,
    by: User | None,
    at: datetime,
    parent: Account | None = None,
    language: str = "en",
    street: str = "",
    postal_code: str = "",
    city: str = "",
    country: str = "",
    tax_id: str = "",
    billing_email: str = "",
    grace_days: int = 3,
) -> Account:
    """Make a billing account; its periods are cut in `time_zone` (IANA)."""
    rows.allow(by, CHANGE, customer)
    zone_of(time_zone)
    account = Account(
        environment=customer.environment, customer=customer, parent=parent, key=key, name=name, time_zone=time_zone,
        language=language, street=street, postal_code=postal_code, city=city, country=country, tax_id=tax_id,
        billing_email=billing_email, grace_days=grace_days, created_at=at,
    )  # fmt: skip
    _guard_parent(account)
    rows.check(account)
    if AccountAlias.objects.filter(environment=account.environment, alias=key).exists():
        raise Conflict(f"“{key}” is or was an alias of another account", field="key", fix="Choose another key")
    rows.keep(account, by=by, at=at)
    after = {"key": key, "name": name, "customer": customer.key, "time_zone": time_zone, "country": country}
    audit.record(environment=account.environment, action="account.created", subject=account, by=by, at=at, after=after)
    return account


@transaction.atomic
def change_account(
    *, account: Account, changes: Mapping[str, object], by: User | None, at: datetime, reason: str = ""
) -> Account:
    """Change an account's address, names and the like; `changes` is field → value (see CHANGEABLE)."""
    rows.allow(by, CHANGE, account.customer)
    refuse_if(
        Invalid(f"“{field}” is not changed here", field=field, fix=f"Change one of: {', '.join(sorted(CHANGEABLE))}")
        for field in sorted(changes.keys() - CHANGEABLE)
    )
    account = rows.lock(account)
    before = {field: _shown(getattr(account, field)) for field in changes}
    for field, value in changes.items():
        setattr(account, field, value)
    _guard_parent(account)
    rows.check(account)
    rows.keep(account, by=by, at=at, reason=reason)
    after = {field: _shown(value) for field, value in changes.items()}
    audit.record(
        environment=account.environment, action="account.changed", subject=account, by=by, at=at,
        before=before, after=after, reason=reason,
    )  # fmt: skip
    return account


@transaction.atomic
def add_alias(
    *,
    account: Account,
    alias: str,
    by: User | None,
    at: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> AccountAlias:
    """Let events call an account by another name, from an instant until another (None: always, open)."""
    rows.allow(by, CHANGE, account.customer)
    if Account.objects.filter(environment=account.environment, key=alias).exists():
        raise Conflict(f"“{alias}” is the key of an account", field="alias", fix="Choose another alias")
    _guard_span(starts_at, ends_at)
    row = AccountAlias(
        environment=account.environment, account=account, alias=alias, starts_at=starts_at, ends_at=ends_at
    )
    rows.check(row)
    rows.keep(row, by=by, at=at)
    after = {"alias": alias, "starts_at": starts_at, "ends_at": ends_at}
    audit.record(environment=account.environment, action="alias.added", subject=account, by=by, at=at, after=after)
    return row


@transaction.atomic
def end_alias(*, alias: AccountAlias, ends_at: datetime, by: User | None, at: datetime) -> AccountAlias:
    """End an alias; events from `ends_at` on need another name."""
    rows.allow(by, CHANGE, alias.account.customer)
    alias = rows.lock(alias)
    if alias.ends_at is not None and alias.ends_at <= at:
        raise WrongState("This alias has ended.", fix="Add it again from the instant you need.")
    _guard_span(alias.starts_at, ends_at)
    before = {"alias": alias.alias, "ends_at": alias.ends_at}
    alias.ends_at = ends_at
    rows.check(alias)
    rows.keep(alias, by=by, at=at)
    audit.record(
        environment=alias.environment, action="alias.ended", subject=alias.account, by=by, at=at,
        before=before, after={"alias": alias.alias, "ends_at": ends_at},
    )  # fmt: skip
    return alias


@transaction.atomic
def add_member(*, customer: Customer, user: User, role: MemberRole, by: User | None, at: datetime) -> Membership:
    """Let a customer's person into the portal; staff never are customers."""
    rows.allow(by, CHANGE, customer)
    if user.is_staff:
        raise Invalid("Staff do not use the portal as customers", field="user", fix="Use another e-mail address")
    member = Membership(customer=customer, user=user, role=role.value)
    rows.check(member)
    rows.keep(member, by=by, at=at)
    after = {"user": user.pk, "role": role}
    audit.record(environment=customer.environment, action="member.added", subject=customer, by=by, at=at, after=after)
    return member


@transaction.atomic
def remove_member(*, member: Membership, by: User | None, at: datetime, reason: str = "") -> None:
    """End a person's way into the portal of a customer; the next request finds it gone."""
    rows.allow(by, CHANGE, member.customer)
    member = rows.lock(member)
    audit.record(
        environment=member.customer.environment, action="member.removed", subject=member.customer, by=by, at=at,
        before={"user": member.user_id, "role": member.role}, reason=reason,
    )  # fmt: skip
    member.delete()


def _guard_parent(account: Account) -> None:
    """Refuse a parent of another customer, and circles; the customer's accounts stay locked until the end."""
    if account.parent is None:
        return
    family = Account.objects.select_for_update().filter(customer=account.customer_id).order_by("pk")
    parents = dict(family.values_list("pk", "parent_id"))
    if account.parent.pk not in parents:
        raise NotAllowed("An account's parent belongs to the same customer.", field="parent", fix="Choose another")
    above: int | None = account.parent.pk
    while above is not None:
        if above == account.pk:
            raise Invalid("An account cannot be its own ancestor", field="parent", fix="Choose another")
        above = parents[above]


def _guard_span(starts_at: datetime | None, ends_at: datetime | None) -> None:
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise Invalid("An alias ends after it starts", field="ends_at", fix="Choose a later instant")


def _shown(value: object) -> object:
    return value.key if isinstance(value, Account) else value
