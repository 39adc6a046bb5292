"""Credits granted to an account outside of a contract: asked for, decided by somebody else, then in force."""

from django.db import models
from simple_history.models import HistoricalRecords

from catalog.models.versions import Governed
from monetization.foundation.models import Account, Environment
from monetization.foundation.models.fields import key_field


class CreditGrant(Governed):
    """The decision about a credit; the credit itself is its one instrument, frozen with it."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT, related_name="credit_grants")
    key = key_field()
    name = models.CharField(max_length=120)

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="credit_grant_key")]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name
