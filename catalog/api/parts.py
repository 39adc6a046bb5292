"""Views that all parts of a contract share: list and add those of a kind, take one away."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import models
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import agreed
from catalog.api.contracts import OfContracts
from catalog.api.shared import ByKey
from catalog.models import Product
from catalog.queries import amended
from monetization.foundation.rest import Exact, StrictModel


def product_field(**options: Any) -> ByKey:
    """Make a field of products by key."""
    rows = Product.objects.none()
    return ByKey(lambda view: Product.objects.filter(environment=view.environment), empty=rows, **options)


def amount_field(**options: Any) -> Exact:
    """Make a field of an exact amount or quantity."""
    return Exact(max_digits=38, decimal_places=18, **options)


class Parts(OfContracts):
    """Reads the parts of one kind; adds one to a draft."""

    body: ClassVar[type[serializers.Serializer[Any]]]
    rows: ClassVar[str]
    add: ClassVar[Callable[..., models.Model]]

    def listed(self) -> Response:
        """Answer with all parts of the kind."""
        contract = self.get_object()
        found = amended(contract).held(self.stated(getattr(contract, self.rows).order_by("pk")))
        return Response(self.body(found, many=True, context=self.get_serializer_context()).data)

    def stated(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out what follows from another part."""
        return rows

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
