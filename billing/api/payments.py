"""Payments of an invoice."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.actions import payments
from billing.api.invoices import READS, Amount, OfInvoices
from billing.models import Payment
from monetization.foundation.rest import Exact, Strict, requires
from monetization.foundation.rest.views import ListView

RECORDS = requires("invoices:write", "billing.record_payment")


class NewPayment(Strict):
    """Money that arrived."""

    amount = Exact(max_digits=24, decimal_places=4)
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    received_date = serializers.DateField()
    reference = serializers.CharField(max_length=120)


class PaymentBody(serializers.ModelSerializer[Payment]):
    """A recorded payment."""

    invoice = serializers.CharField(source="invoice.number")
    amount = Amount()
    recorded_by = serializers.CharField(source="recorded_by.email")

    class Meta:
        model = Payment
        fields = ["id", "invoice", "amount", "currency", "received_date", "reference", "recorded_by", "recorded_at"]


class Payments(OfInvoices, ListView):
    """List the payments of an invoice, newest first."""

    serializer_class = PaymentBody

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the recording one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD") else RECORDS()]

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return Payment.objects.none()
        return self.invoice().payments.select_related("invoice", "recorded_by")

    @extend_schema(request=NewPayment, responses={201: PaymentBody})
    def post(self, request: Request, pk: int) -> Response:
        """Record a payment; its reference is recorded once."""
        invoice = self.invoice()
        body = NewPayment(data=request.data)
        body.is_valid(raise_exception=True)
        made = payments.record(invoice=invoice, by=self.by, at=self.at, **body.validated_data)
        return Response(PaymentBody(made).data, status=201)
