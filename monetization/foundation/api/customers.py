"""Customers by key."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monetization.foundation.actions import customers
from monetization.foundation.models import Customer
from monetization.foundation.queries import customers_for
from monetization.foundation.rest import Strict, StrictModel, requires
from monetization.foundation.rest.views import ListView, View

READS = requires("customers:read", "foundation.read")
CHANGES = requires("customers:write", "foundation.change_customer")


class CustomerBody(StrictModel):
    """A customer."""

    class Meta:
        model = Customer
        fields = ["id", "key", "name", "segment", "created_at"]
        read_only_fields = ["id", "created_at"]


class CustomerChange(Strict):
    """What may change; what is left out stays."""

    name = serializers.CharField(max_length=160, required=False)
    segment = serializers.CharField(max_length=32, allow_blank=True, required=False)
    reason = serializers.CharField(allow_blank=True, default="")


class ReadOrChange(View):
    """Reading and changing ask for different scopes."""

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the changing one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD") else CHANGES()]


class Customers(ReadOrChange, ListView):
    """List the customers that the caller sees, newest first."""

    queryset = Customer.objects.none()
    serializer_class = CustomerBody

    def get_queryset(self) -> QuerySet[Customer]:
        return customers_for(self.by, self.environment)

    @extend_schema(request=CustomerBody, responses={201: CustomerBody})
    def post(self, request: Request) -> Response:
        """Make a customer."""
        body = CustomerBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = customers.create_customer(environment=self.environment, by=self.by, at=self.at, **body.validated_data)
        return Response(CustomerBody(made).data, status=201)


class OneCustomer(ReadOrChange, generics.RetrieveAPIView[Customer]):
    """Read one customer."""

    queryset = Customer.objects.none()
    serializer_class = CustomerBody
    lookup_field = "key"

    def get_queryset(self) -> QuerySet[Customer]:
        return customers_for(self.by, self.environment)

    @extend_schema(request=CustomerChange, responses=CustomerBody)
    def patch(self, request: Request, key: str) -> Response:
        """Change a customer's name or segment."""
        customer = self.get_object()
        body = CustomerChange(data=request.data)
        body.is_valid(raise_exception=True)
        asked = {"name": customer.name, "segment": customer.segment} | body.validated_data
        changed = customers.change_customer(customer=customer, by=self.by, at=self.at, **asked)
        return Response(CustomerBody(changed).data)
