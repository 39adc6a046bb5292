"""Uploaded files: whose previews somebody may see, and what came of them."""

from collections.abc import Iterable

from django.db.models import QuerySet

from catalog.models import Contract, Import, ImportLine
from monetization.foundation.models import Environment, User
from monetization.foundation.queries import accounts_for, sees_all_customers


def imports_for(user: User, environment: Environment) -> QuerySet[Import]:
    """Return the files of an environment, newest first; who doesn't see every customer sees their own files only."""
    found = Import.objects.filter(environment=environment).defer("content")
    found = found.select_related("environment", "made_by", "applied_by", "version__rate_card")
    return found if sees_all_customers(user) else found.filter(made_by=user)


def changes_of(imported: Import, *, text: str = "", everything: bool = False) -> QuerySet[ImportLine]:
    """Return the lines of a preview that hold a text; what stays as it is only where everything is asked for."""
    found = imported.lines.all()
    if not everything:
        found = found.exclude(change="UNCHANGED")
    return found.filter(subject__icontains=text) if text else found


def contracts_behind(lines: Iterable[ImportLine], user: User, environment: Environment) -> dict[str, int]:
    """Map the keys of lines to the contracts that there are, among those that somebody may see."""
    seen = Contract.objects.filter(environment=environment, account__in=accounts_for(user, environment))
    return dict(seen.filter(key__in={line.key for line in lines}).values_list("key", "pk"))
