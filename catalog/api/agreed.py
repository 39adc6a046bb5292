"""Parts of a contract: fees, discounts, minimums and maximums, commits and credits; read, added to drafts, removed."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import agreed, grants
from catalog.api.contracts import OfContracts
from catalog.api.shared import WRITES_CONTRACTS, ByKey, Either, RequestedBody
from catalog.models import (
    AgreedBound,
    AgreedDiscount,
    Instrument,
    OneTimeCharge,
    Product,
    RecurringCharge,
)
from monetization.foundation.models import Account
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest import Exact, Strict, StrictModel
from monetization.values.errors import NotFound


def _product(**options: Any) -> ByKey:
    rows = Product.objects.none()
    return ByKey(lambda view: Product.objects.filter(environment=view.environment), empty=rows, **options)


def _amount(**options: Any) -> Exact:
    return Exact(max_digits=38, decimal_places=18, **options)


class ChangeOfQuantity(Strict):
    """Another quantity from a local day on."""

    start_date = serializers.DateField()
    quantity = _amount()


class RecurringBody(StrictModel):
    """A fee for each period: quantity × unit price, by days where the quantity changes inside."""

    product = _product()
    unit_price = _amount()
    quantity = _amount(required=False)
    changes = ChangeOfQuantity(many=True, required=False)

    class Meta:
        model = RecurringCharge
        fields = ["key", "name", "product", "unit_price", "quantity", "changes", "timing", "cadence"]
        validators: list[Any] = []


class OneTimeBody(StrictModel):
    """A fee that is due once."""

    product = _product()
    unit_price = _amount()
    quantity = _amount(required=False)

    class Meta:
        model = OneTimeCharge
        fields = ["key", "name", "product", "unit_price", "quantity", "date"]
        validators: list[Any] = []


class DiscountBody(StrictModel):
    """A percentage, or an amount a period, off the named products; without any, off everything."""

    products = _product(many=True, required=False)
    percent = Exact(max_digits=7, decimal_places=4, required=False, allow_null=True)
    amount = _amount(required=False, allow_null=True)

    class Meta:
        model = AgreedDiscount
        fields = ["key", "name", "percent", "amount", "counts_for_minimum", "products"]
        validators: list[Any] = []


class BoundBody(StrictModel):
    """A minimum or a maximum of the named products in a full period; without any, of everything."""

    products = _product(many=True, required=False)
    amount = _amount()

    class Meta:
        model = AgreedBound
        fields = ["key", "name", "kind", "amount", "prorates", "products"]
        validators: list[Any] = []


class InstrumentBody(StrictModel):
    """A commit or a credit; without dates it may be drawn as long as the contract serves."""

    products = _product(many=True, required=False)
    amount = _amount()
    invoiced = _amount(required=False)
    start_date = serializers.DateField(required=False)

    class Meta:
        model = Instrument
        fields = [
            "key", "name", "kind", "amount", "invoiced", "priority", "start_date", "end_date", "currency", "products",
        ]  # fmt: skip
        read_only_fields = ["currency"]
        validators: list[Any] = []


class Parts(OfContracts):
    """Reads the parts of one kind; adds one to a draft."""

    body: ClassVar[type[StrictModel]]
    rows: ClassVar[str]
    add: ClassVar[Callable[..., models.Model]]

    def listed(self) -> Response:
        """Answer with all parts of the kind."""
        found = getattr(self.get_object(), self.rows).order_by("pk")
        return Response(self.body(found, many=True, context=self.get_serializer_context()).data)

    def added(self, request: Request) -> Response:
        """Add what was said, and answer with it."""
        contract = self.get_object()
        body = self.body(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        if "changes" in said:
            said["changes"] = [(each["start_date"], each["quantity"]) for each in said["changes"]]
        made = type(self).add(contract=contract, by=self.by, at=self.at, **said)
        made.refresh_from_db()
        return Response(self.body(made, context=self.get_serializer_context()).data, status=201)


def parts(body: type[StrictModel], rows: str, add: Callable[..., models.Model], noun: str) -> type[Parts]:
    """Make the view of the parts of one kind."""

    class OneKind(Parts):
        pagination_class = None

        @extend_schema(responses=body(many=True), description=f"List the contract's {noun}s.")
        def get(self, request: Request, key: str) -> Response:
            return self.listed()

        @extend_schema(request=body, responses={201: body}, description=f"Add a {noun} to a draft.")
        def post(self, request: Request, key: str) -> Response:
            return self.added(request)

    OneKind.body, OneKind.rows, OneKind.add = body, rows, staticmethod(add)
    OneKind.serializer_class = body  # type: ignore[assignment]
    OneKind.__name__, OneKind.__doc__ = f"{rows.title().replace('_', '')}", f"The {noun}s of a contract."
    return OneKind


RecurringCharges = parts(RecurringBody, "recurring_charges", agreed.add_recurring, "recurring charge")
OneTimeCharges = parts(OneTimeBody, "one_time_charges", agreed.add_one_time, "one-time charge")
Discounts = parts(DiscountBody, "discounts", agreed.add_discount, "discount")
Bounds = parts(BoundBody, "bounds", agreed.add_bound, "minimum or maximum")
Instruments = parts(InstrumentBody, "instruments", agreed.add_instrument, "commit or credit")


class RemovePart(OfContracts):
    """Takes a part of a draft away."""

    part: ClassVar[str]

    def delete(self, request: Request, key: str, name: str) -> Response:
        """Take it away."""
        agreed.remove(contract=self.get_object(), part=self.part, key=name, by=self.by, at=self.at)
        return Response(status=204)


def one_part(part: str, noun: str) -> type[RemovePart]:
    """Make the view of one part."""

    class OnePart(RemovePart):
        @extend_schema(request=None, responses={204: None}, description=f"Take a {noun} of a draft away.")
        def delete(self, request: Request, key: str, name: str) -> Response:
            return super().delete(request, key, name)

    OnePart.part, OnePart.__name__, OnePart.__doc__ = part, f"One{part.title().replace('_', '')}", f"One {noun}."
    return OnePart


OneRecurring = one_part("recurring", "recurring charge")
OneOneTime = one_part("one_time", "one-time charge")
OneDiscount = one_part("discount", "discount")
OneBound = one_part("bound", "minimum or maximum")
OneInstrument = one_part("instrument", "commit or credit")

KINDS = (
    ("recurring-charges", RecurringCharges, OneRecurring),
    ("one-time-charges", OneTimeCharges, OneOneTime),
    ("discounts", Discounts, OneDiscount),
    ("bounds", Bounds, OneBound),
    ("instruments", Instruments, OneInstrument),
)


class GrantBody(Strict):
    """A credit that any contract of the account in its currency may draw; dates are local to the account."""

    key = serializers.SlugField(max_length=63)
    name = serializers.CharField(max_length=120)
    amount = _amount()
    currency = serializers.CharField(max_length=3)
    start_date = serializers.DateField()
    end_date = serializers.DateField(required=False, allow_null=True)
    priority = serializers.IntegerField(min_value=0, max_value=32767, required=False)
    products = _product(many=True, required=False)
    reason = serializers.CharField(max_length=4000)


class GrantCredit(Either):
    """Credits of an account outside of its contracts."""

    writes = WRITES_CONTRACTS

    @extend_schema(request=GrantBody, responses={201: RequestedBody})
    def post(self, request: Request, key: str) -> Response:
        """Ask for a credit; it is there once somebody else approves."""
        account: Account | None = accounts_for(self.by, self.environment).filter(key=key).first()
        if account is None:
            raise NotFound("There is no such account", field="account")
        body = GrantBody(data=request.data, context={"view": self, "request": request})
        body.is_valid(raise_exception=True)
        asked = grants.request(account=account, by=self.by, at=self.at, **body.validated_data)
        return Response({"request": asked.pk, "status": asked.status}, status=201)
