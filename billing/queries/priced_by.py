"""Issued invoices with lines that a card version priced: what a rollback leaves as it is, to be corrected by itself."""

from django.db.models import QuerySet

from billing.models import Invoice
from billing.rules.lifecycle import Status
from catalog.models import RateCardVersion
from monetization.foundation.models import User
from monetization.foundation.queries import accounts_for


def issued_with(version: RateCardVersion, user: User) -> QuerySet[Invoice]:
    """Return those that this person may see, newest period first."""
    environment = version.rate_card.environment
    found = Invoice.objects.filter(
        environment=environment, status__in=(Status.ISSUED.value, Status.PAID.value),
        account__in=accounts_for(user, environment), lines__price__charge__version=version,
    )  # fmt: skip
    return found.select_related("account").distinct().order_by("-period_starts_at", "-pk")
