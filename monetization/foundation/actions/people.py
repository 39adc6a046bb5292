"""Make people and give them roles. Nobody gives or takes a role of their own."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from guardian.shortcuts import assign_perm, remove_perm

from monetization.foundation.actions import audit, rows
from monetization.foundation.models import Customer, RoleGrant, User
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Invalid, NotAllowed, refuse_if
from monetization.values.periods import zone_of

MANAGE = "foundation.manage_people"
SEE = "foundation.view_customer"


@transaction.atomic
def create_user(
    *,
    email: str,
    name: str,
    by: User | None,
    at: datetime,
    password: str | None = None,
    is_staff: bool = True,
    time_zone: str = "UTC",
) -> User:
    """Make a person; without a password they cannot sign in until one is set."""
    rows.allow(by, MANAGE)
    zone_of(time_zone)
    user = User(email=User.objects.normalize_email(email).lower(), name=name, is_staff=is_staff, time_zone=time_zone)
    if password is not None:
        _check_password(password, user)
    user.set_password(password)
    rows.check(user)
    rows.keep(user, by=by, at=at)
    audit.record(
        environment=None, action="user.created", subject=user, by=by, at=at,
        after={"email": user.email, "is_staff": is_staff},
    )  # fmt: skip
    return user


@transaction.atomic
def deactivate_user(*, user: User, by: User | None, at: datetime, reason: str = "") -> User:
    """Shut a person out at once: sessions, keys and roles answer no more."""
    rows.allow(by, MANAGE)
    user = rows.lock(user)
    user.is_active = False
    rows.keep(user, by=by, at=at, reason=reason)
    audit.record(environment=None, action="user.deactivated", subject=user, by=by, at=at, reason=reason)
    return user


@transaction.atomic
def grant_role(*, user: User, role: Role, by: User | None, at: datetime) -> RoleGrant:
    """Give a member of staff a role. Raises NotAllowed for oneself, Conflict where it is held."""
    rows.allow(by, MANAGE)
    _not_oneself(user, by)
    if not user.is_staff:
        raise Invalid("Only staff hold roles", field="user", fix="Customers' people have a membership instead")
    grant = RoleGrant(user=user, role=role.value, granted_by=by, granted_at=at)
    rows.check(grant)
    rows.keep(grant, by=by, at=at)
    audit.record(environment=None, action="role.granted", subject=user, by=by, at=at, after={"role": role})
    forget_abilities(user)
    return grant


@transaction.atomic
def take_role(*, user: User, role: Role, by: User | None, at: datetime, reason: str = "") -> None:
    """Take a role away; it answers no more from the next request on."""
    rows.allow(by, MANAGE)
    _not_oneself(user, by)
    for grant in RoleGrant.objects.select_for_update().filter(user=user, role=role.value):
        grant.delete()
        audit.record(
            environment=None, action="role.taken", subject=user, by=by, at=at, before={"role": role}, reason=reason
        )
    forget_abilities(user)


@transaction.atomic
def show_customer(*, user: User, customer: Customer, by: User | None, at: datetime) -> None:
    """Let a sales person see one customer."""
    rows.allow(by, MANAGE)
    assign_perm(SEE, user, customer)
    audit.record(
        environment=customer.environment, action="customer.shown", subject=customer, by=by, at=at,
        after={"user": user.pk},
    )  # fmt: skip


@transaction.atomic
def hide_customer(*, user: User, customer: Customer, by: User | None, at: datetime) -> None:
    """End what `show_customer` gave."""
    rows.allow(by, MANAGE)
    remove_perm(SEE, user, customer)
    audit.record(
        environment=customer.environment, action="customer.hidden", subject=customer, by=by, at=at,
        before={"user": user.pk},
    )  # fmt: skip


def forget_abilities(user: User) -> None:
    """Let the next question about this object read its roles again."""
    vars(user).pop("_abilities", None)


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        refuse_if(Invalid(message, field="password") for message in error.messages)


def _not_oneself(user: User, by: User | None) -> None:
    if by is not None and by.pk == user.pk:
        raise NotAllowed("Nobody changes their own roles.", fix="Ask somebody else who manages people.")
