"""Commits of contracts: schedules, or the whole amounts that they are made from."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from catalog.actions import commits
from catalog.api.parts import amount_field, one_part, parts, product_field
from catalog.api.scopes import dimensions_field, tags_field
from catalog.models import Commit, Contract
from catalog.rules.schedules import Billing, Equal, Item, Spread
from monetization.foundation.models import User
from monetization.foundation.rest import Exact, Strict, StrictModel
from monetization.values.errors import Invalid
from monetization.values.periods import Cadence

CADENCES = Contract.Cadence.choices


class AccessItem(Strict):
    """What may be drawn from one day to another; its rest expires at its end."""

    amount = amount_field(help_text="What may be drawn in all")
    start_date = serializers.DateField(help_text="First day")
    end_date = serializers.DateField(
        required=False, allow_null=True, default=None, help_text="Last day; none: as long as the contract serves"
    )


class BilledItem(Strict):
    """What is billed on a day."""

    amount = amount_field()
    date = serializers.DateField()


class SpreadAccess(Strict):
    """An amount spread evenly over periods, nothing lost."""

    amount = amount_field(help_text="The whole")
    cadence = serializers.ChoiceField(CADENCES, help_text="How long an item serves")
    start_date = serializers.DateField(required=False, help_text="None: the contract's first day")
    end_date = serializers.DateField(required=False, help_text="None: the contract's last day")


class EqualInvoices(Strict):
    """An amount billed in equal parts, nothing lost."""

    amount = amount_field(help_text="The whole")
    number = serializers.IntegerField(min_value=1, max_value=120)
    cadence = serializers.ChoiceField(CADENCES, help_text="How far they lie apart")
    date = serializers.DateField(required=False, help_text="Day of the first; none: the contract's first")


class CommitPriceBody(Strict):
    """What units cost while the commit covers them: a price, or a multiple of what the list says."""

    product = product_field()
    match = dimensions_field(required=False)
    unit_price = amount_field(required=False, allow_null=True, default=None)
    multiplier = amount_field(required=False, allow_null=True, default=None)


class CommitBody(StrictModel):
    """A commit: what may be drawn when, what is billed for it when. The two need not agree."""

    products = product_field(many=True, required=False)
    tags = tags_field(required=False)
    dimensions = dimensions_field(required=False)
    rollover_percent = Exact(max_digits=7, decimal_places=4, required=False)
    access = AccessItem(many=True, required=False, source="items", help_text="This, or spread_access")
    spread_access = SpreadAccess(required=False, write_only=True)
    invoices = BilledItem(many=True, required=False, source="purchases", help_text="This, or equal_invoices")
    equal_invoices = EqualInvoices(required=False, write_only=True)
    prices = CommitPriceBody(many=True, required=False)

    class Meta:
        model = Commit
        fields = [
            "key", "name", "kind", "priority", "rollover_percent", "products", "tags", "dimensions",
            "access", "spread_access", "invoices", "equal_invoices", "prices",
        ]  # fmt: skip
        validators: list[Any] = []


def add(*, contract: Contract, key: str, name: str, by: User, at: datetime, **said: Any) -> Commit:
    """Read both schedules and agree the commit."""
    pairs = (("items", "access", "spread_access"), ("purchases", "invoices", "equal_invoices"))
    for stated, field, made in pairs:
        if stated in said and made in said:
            raise Invalid(f"It is {field} or {made}", field=made, fix="Give one of them")
    spread, equal = said.pop("spread_access", None), said.pop("equal_invoices", None)
    items, billed = said.pop("items", ()), said.pop("purchases", ())
    content = commits.CommitDraft(
        access=Spread(**_in_cadence(spread)) if spread else [Item(**each) for each in items],
        invoices=Equal(**_in_cadence(equal)) if equal else [Billing(**each) for each in billed],
        prices=[commits.OwnPriceDraft(**each) for each in said.pop("prices", ())],
        **said,
    )
    return commits.add(contract=contract, key=key, name=name, content=content, by=by, at=at)


def _in_cadence(said: dict[str, Any]) -> dict[str, Any]:
    return said | {"cadence": Cadence(said["cadence"])}


Commits = parts(CommitBody, "commits", add, "commit")
OneCommit = one_part("commit", "commit")
