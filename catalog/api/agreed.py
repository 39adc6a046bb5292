"""Parts of a contract: fees, discounts, minimums and maximums; read, added to drafts, removed."""

from typing import Any

from rest_framework import serializers

from catalog.actions import agreed
from catalog.api.allowances import Allowances, OneAllowance
from catalog.api.commits import Commits, OneCommit
from catalog.api.composites import Composites, OneComposite
from catalog.api.instruments import Instruments, OneInstrument
from catalog.api.parts import amount_field, one_part, parts, product_field
from catalog.api.recurring import OneRecurringGrant, RecurringGrants
from catalog.models import AgreedBound, AgreedDiscount, OneTimeCharge, RecurringCharge
from monetization.foundation.rest import Exact, Strict, StrictModel

DAYS = ["start_date", "end_date"]


class ChangeOfQuantity(Strict):
    """Another quantity from a local day on."""

    start_date = serializers.DateField()
    quantity = amount_field()


class RecurringBody(StrictModel):
    """A fee for each period: quantity × unit price, by days where the quantity changes inside."""

    product = product_field()
    unit_price = amount_field()
    quantity = amount_field(required=False)
    changes = ChangeOfQuantity(many=True, required=False)

    class Meta:
        model = RecurringCharge
        fields = ["key", "name", "product", "unit_price", "quantity", "changes", "timing", "cadence", *DAYS]
        validators: list[Any] = []


class OneTimeBody(StrictModel):
    """A fee that is due once."""

    product = product_field()
    unit_price = amount_field()
    quantity = amount_field(required=False)

    class Meta:
        model = OneTimeCharge
        fields = ["key", "name", "product", "unit_price", "quantity", "date"]
        validators: list[Any] = []


class DiscountBody(StrictModel):
    """A percentage, or an amount a period, off the named products; without any, off everything.

    It stands for a number of billing periods from the contract's first one on, a stub counting as one.
    """

    products = product_field(many=True, required=False)
    percent = Exact(max_digits=7, decimal_places=4, required=False, allow_null=True)
    amount = amount_field(required=False, allow_null=True)

    class Meta:
        model = AgreedDiscount
        fields = [
            "key", "name", "percent", "amount", "periods", "carry_rest", "counts_for_minimum", *DAYS, "products",
        ]  # fmt: skip
        validators: list[Any] = []


class BoundBody(StrictModel):
    """A minimum or a maximum of the named products in a full period; without any, of everything."""

    products = product_field(many=True, required=False)
    amount = amount_field()

    class Meta:
        model = AgreedBound
        fields = ["key", "name", "kind", "amount", "prorates", *DAYS, "products"]
        validators: list[Any] = []


RecurringCharges = parts(RecurringBody, "recurring_charges", agreed.add_recurring, "recurring charge")
OneTimeCharges = parts(OneTimeBody, "one_time_charges", agreed.add_one_time, "one-time charge")
Discounts = parts(DiscountBody, "discounts", agreed.add_discount, "discount")
Bounds = parts(BoundBody, "bounds", agreed.add_bound, "minimum or maximum")


OneRecurring = one_part("recurring", "recurring charge")
OneOneTime = one_part("one_time", "one-time charge")
OneDiscount = one_part("discount", "discount")
OneBound = one_part("bound", "minimum or maximum")

KINDS = (
    ("recurring-charges", RecurringCharges, OneRecurring),
    ("one-time-charges", OneTimeCharges, OneOneTime),
    ("allowances", Allowances, OneAllowance),
    ("discounts", Discounts, OneDiscount),
    ("bounds", Bounds, OneBound),
    ("composites", Composites, OneComposite),
    ("instruments", Instruments, OneInstrument),
    ("commits", Commits, OneCommit),
    ("recurring-grants", RecurringGrants, OneRecurringGrant),
)
