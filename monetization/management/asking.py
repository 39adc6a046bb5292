"""What commands that act for somebody share: who, in which environment, and how a refusal is printed."""

from django.core.management.base import CommandError

from monetization.foundation.models import Environment, User
from monetization.values.errors import DomainError


def person_named(email: str) -> User:
    """Find who acts. Raises CommandError."""
    found = User.objects.filter(email=email.lower(), is_active=True).first()
    if found is None:
        raise CommandError(f"Nobody signs in as {email}.")
    return found


def environment_named(key: str) -> Environment:
    """Find an environment. Raises CommandError."""
    found = Environment.objects.filter(key=key).first()
    if found is None:
        raise CommandError(f"There is no environment “{key}”.")
    return found


def sentences(error: DomainError) -> str:
    """Write each refusal on a line of its own."""
    return "\n".join(_sentence(each) for each in error.errors)


def _sentence(error: DomainError) -> str:
    where = f"{error.field}: " if error.field else ""
    return f"{where}{error.message}. {error.fix or ''}".strip()
