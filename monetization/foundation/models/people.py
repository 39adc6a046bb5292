"""People who sign in by e-mail, and the roles that they hold.

A role is a row, so that it has a history, a giver and an end; what a role may do is data in
`foundation/rules/roles.py`. Staff work in the console; customers' people have a Membership instead.
"""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from guardian.mixins import GuardianUserMixin
from simple_history.models import HistoricalRecords

from monetization.foundation.rules.roles import Role


class People(BaseUserManager["User"]):
    """Make users; the e-mail address is the name."""

    def create_user(self, email: str, password: str | None = None, **more: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **more)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **more: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **more)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin, GuardianUserMixin):
    """A person. `is_staff` opens the console; a superuser gets no exception from approvals."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    joined_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords(excluded_fields=["password", "last_login"])
    objects: ClassVar[People] = People()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name or self.email


class RoleGrant(models.Model):
    """A staff role that a person holds from an instant, given by somebody else."""

    user = models.ForeignKey(User, models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=24, choices=[(r.value, r.label) for r in Role])
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField()

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="one_grant_a_role")]
        ordering = ["user", "role"]

    def __str__(self) -> str:
        return f"{self.user}: {Role(self.role).label}"
