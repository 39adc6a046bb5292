"""Products by key."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import products
from catalog.api.shared import Either
from catalog.models import Product
from monetization.foundation.rest import Strict, StrictModel
from monetization.foundation.rest.views import ListView


def _tags(**options: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(max_length=40), max_length=50, **options)


class ProductBody(StrictModel):
    """A thing sold."""

    tags = _tags(default=list)

    class Meta:
        model = Product
        fields = ["id", "key", "name", "description", "tags", "tax_category", "created_at"]
        read_only_fields = ["id", "created_at"]


class ProductChange(Strict):
    """What may change; what is left out stays."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=200, allow_blank=True, required=False)
    tags = _tags(required=False)


class Products(Either, ListView):
    """List the environment's products, newest first."""

    queryset = Product.objects.none()
    serializer_class = ProductBody

    def get_queryset(self) -> QuerySet[Product]:
        return Product.objects.filter(environment=self.environment)

    @extend_schema(request=ProductBody, responses={201: ProductBody})
    def post(self, request: Request) -> Response:
        """Make a product."""
        body = ProductBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = products.create(environment=self.environment, by=self.by, at=self.at, **body.validated_data)
        return Response(ProductBody(made).data, status=201)


class OneProduct(Either, generics.RetrieveAPIView[Product]):
    """Read one product."""

    queryset = Product.objects.none()
    serializer_class = ProductBody
    lookup_field = "key"

    def get_queryset(self) -> QuerySet[Product]:
        return Product.objects.filter(environment=self.environment)

    @extend_schema(request=ProductChange, responses=ProductBody)
    def patch(self, request: Request, key: str) -> Response:
        """Change how a product is called and found."""
        product = self.get_object()
        body = ProductChange(data=request.data)
        body.is_valid(raise_exception=True)
        asked = {name: getattr(product, name) for name in ("name", "description", "tags")} | body.validated_data
        return Response(ProductBody(products.describe(product=product, by=self.by, at=self.at, **asked)).data)
