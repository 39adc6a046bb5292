"""What somebody may do: abilities of the roles held now, and Django's model permissions that follow from them.

A role answers for every object, with one exception: whoever only sells sees the customers granted one by one
(guardian's backend answers for those). No role opens a generic form on a governed row.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest

from monetization.foundation import tries
from monetization.foundation.models import Account, Customer, User
from monetization.foundation.queries.people import READS, roles_of
from monetization.foundation.rules.roles import Role, abilities

# Which generic forms an ability opens: (model, verbs). Reading opens view_* of its app.
FORMS: dict[str, tuple[tuple[str, str], ...]] = {
    "foundation.change_customer": (
        ("customer", "add change"),
        ("account", "add change"),
        ("accountalias", "add change"),
        ("membership", "add change delete"),
    ),
    "foundation.manage_people": (("user", "add change"), ("rolegrant", "add delete")),
    "foundation.manage_api_keys": (("apikey", "add"),),
    "foundation.manage_endpoints": (("endpoint", "add change"),),
    "foundation.manage_legal_entities": (("legalentity", "add"),),
    "foundation.draft_policy": (("policy", "add"),),
}
OPENED = {
    f"foundation.{verb}_{model}": ability
    for ability, forms in FORMS.items()
    for model, verbs in forms
    for verb in verbs.split()
}
AUDIT = frozenset({"foundation.view_auditentry", "foundation.view_auditlink", "foundation.view_auditanchor"})


class RoleBackend(ModelBackend):
    """Sign in by e-mail with a limit on tries; answer `user.has_perm` from roles."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Return the person, or None; after too many tries nobody else is asked either."""
        email = str(username or kwargs.get("email") or "").strip().lower()
        if tries.exhausted(request, email):
            raise PermissionDenied
        user = super().authenticate(request, username=email, password=password)
        if user is None:
            tries.count(request, email)
        return user

    def has_perm(self, user_obj: AbstractBaseUser | AnonymousUser, perm: str, obj: Model | None = None) -> bool:
        """Answer for an ability (`catalog.draft_rate_card`) or a model permission (`catalog.view_metric`)."""
        if not isinstance(user_obj, User) or not user_obj.is_active:
            return False
        held = held_abilities(user_obj)
        if not (perm in held or _opens(held, perm)):
            return False
        return not isinstance(obj, Customer | Account) or _sees(user_obj, obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Say whether an app's part of the console shows anything to this person."""
        return isinstance(user_obj, User) and any(
            ability.startswith(f"{app_label}.") for ability in held_abilities(user_obj)
        )

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """Return every ability held; model permissions follow from them and are not listed."""
        return set(held_abilities(user_obj)) if isinstance(user_obj, User) else set()


def held_abilities(user: User) -> frozenset[str]:
    """Return what a person's roles allow, read once for each user object (so once a request)."""
    found: frozenset[str] | None = vars(user).get("_abilities")
    return remember(user, roles_of(user)) if found is None else found


def remember(user: User, roles: frozenset[Role]) -> frozenset[str]:
    """Let a person's object know what the roles allow, where they were read already."""
    found = vars(user)["_abilities"] = abilities(roles)
    return found


def _opens(held: frozenset[str], perm: str) -> bool:
    app, _, action = perm.partition(".")
    if perm in AUDIT:
        return "foundation.read_audit" in held
    return (action.startswith("view_") and f"{app}.read" in held) or OPENED.get(perm) in held


def _sees(user: User, obj: Customer | Account) -> bool:
    if roles_of(user) & (READS - {Role.SALES}):
        return True
    customer = obj if isinstance(obj, Customer) else obj.customer
    grants = getattr(customer, "customerusergrant_set")  # noqa: B009 - made by guardian's base class
    return bool(grants.filter(user=user, permission__codename="view_customer").exists())
