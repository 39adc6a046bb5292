"""Invoices: list, detail, draft, PDF."""

from base64 import b64encode
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.actions import invoices
from billing.models import Document, Flag, Invoice, InvoiceTax
from billing.rules.lifecycle import Status
from catalog.models import Contract
from catalog.queries import period_of
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest import Strict, requires
from monetization.foundation.rest.views import ListView, View
from monetization.values.errors import Invalid, NotFound, WrongState
from monetization.values.money import round_once

READS = requires("invoices:read", "billing.read")
DRAFTS = requires("invoices:write", "billing.draft_invoice")
QUERY = [
    OpenApiParameter("account", str, description="Key of an account"),
    OpenApiParameter("contract", str, description="Key of a contract"),
    OpenApiParameter("status", str, enum=[status.value for status in Status]),
    OpenApiParameter("number", str, description="An issued invoice's number"),
]
FILTERS = {"account": "account__key", "contract": "contract__key", "status": "status", "number": "number"}


class Amount(serializers.CharField):
    """An amount with its invoice currency's digits, as text."""

    def get_attribute(self, instance: Any) -> Any:
        """Round nothing: give the column its currency's digits."""
        amount: Any = super().get_attribute(instance)
        return round_once(amount, _currency(instance))


class TaxBody(serializers.ModelSerializer[InvoiceTax]):
    """Tax of one category (EN 16931) and rate."""

    base = Amount()
    amount = Amount()

    class Meta:
        model = InvoiceTax
        fields = ["category", "percent", "base", "amount", "reason"]


class FlagBody(serializers.ModelSerializer[Flag]):
    """Something that a reviewer should look at."""

    line = serializers.IntegerField(source="line.position", default=None, allow_null=True)

    class Meta:
        model = Flag
        fields = ["code", "severity", "sentence", "line"]


class InvoiceBody(serializers.ModelSerializer[Invoice]):
    """An invoice."""

    account = serializers.CharField(source="account.key")
    contract = serializers.CharField(source="contract.key")
    legal_entity = serializers.CharField(source="legal_entity.key")
    net = Amount()
    tax = Amount()
    total = Amount()
    paid = Amount()

    class Meta:
        model = Invoice
        fields = [
            "id", "kind", "status", "number", "account", "contract", "legal_entity", "currency", "period_starts_at",
            "period_ends_at", "net", "tax", "total", "paid", "due_date", "rated_at", "reviewed_at", "approved_at",
            "issued_at", "revision",
        ]  # fmt: skip


class InvoiceDetailBody(InvoiceBody):
    """An invoice with its taxes and flags, and what an approval needs."""

    content_digest = serializers.SerializerMethodField(help_text="Send it as `seen` with an approval")
    taxes = TaxBody(many=True)
    flags = FlagBody(many=True)

    class Meta(InvoiceBody.Meta):
        fields = [*InvoiceBody.Meta.fields, "content_digest", "taxes", "flags"]

    def get_content_digest(self, invoice: Invoice) -> str | None:
        """Write the digest as text; null for a draft."""
        return bytes(invoice.content_digest).hex() if invoice.content_digest else None


class DraftBody(Strict):
    """Which period to draft."""

    contract = serializers.CharField(max_length=63, help_text="Key of an approved contract")
    at = serializers.DateTimeField(help_text="Any instant of the billing period")


class OfInvoices(View):
    """Reads the invoices of the accounts that the caller sees."""

    permission_classes = [READS]

    def seen(self) -> QuerySet[Invoice]:
        """Return the invoices that the caller may see."""
        accounts = accounts_for(self.by, self.environment)
        found = Invoice.objects.filter(environment=self.environment, account__in=accounts)
        return found.select_related("account", "contract", "legal_entity")

    def invoice(self) -> Invoice:
        """Return the invoice of this address. Raises NotFound."""
        found = self.seen().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise NotFound("There is no such invoice")
        return found


class Invoices(OfInvoices, ListView):
    """List invoices, newest first."""

    serializer_class = InvoiceBody
    queryset = Invoice.objects.none()

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the drafting one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD") else DRAFTS()]

    def get_queryset(self) -> QuerySet[Invoice]:
        asked = {lookup: self.request.query_params.get(name) for name, lookup in FILTERS.items()}
        return self.seen().filter(**{lookup: value for lookup, value in asked.items() if value})

    @extend_schema(parameters=QUERY)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=DraftBody, responses=InvoiceDetailBody)
    def post(self, request: Request) -> Response:
        """Draft the usage invoice of a contract's period, or bring its draft up to date."""
        body = DraftBody(data=request.data)
        body.is_valid(raise_exception=True)
        contract = self._contract(body.validated_data["contract"])
        period = period_of(contract, _started(body.validated_data["at"], self.at))
        made = invoices.draft(contract=contract, period=period, by=self.by, at=self.at)
        return Response(detail(made))

    def _contract(self, key: str) -> Contract:
        seen = accounts_for(self.by, self.environment)
        mine = Contract.objects.filter(environment=self.environment, account__in=seen, status="APPROVED")
        found = mine.select_related("account").filter(key=key).first()
        if found is None:
            raise NotFound("There is no approved contract of this key", field="contract")
        return found


class OneInvoice(OfInvoices):
    """Read one invoice."""

    @extend_schema(responses=InvoiceDetailBody)
    def get(self, request: Request, pk: int) -> Response:
        """Read an invoice with its taxes, flags and the digest that an approval names."""
        return Response(detail(self.invoice()))


class Pdf(OfInvoices):
    """Read the document of an issued invoice."""

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Download the PDF. 409 while it is being made."""
        invoice = self.invoice()
        made = invoice.documents.filter(kind=Document.Kind.PDF).first()
        if made is None:
            raise NotFound("Only an issued invoice has a document")
        if made.status != Document.Status.READY:
            raise WrongState("The document is not ready", fix="Try again in a few seconds")
        answer = FileResponse(
            made.file.open("rb"), as_attachment=True, filename=f"{invoice.number}.pdf", content_type="application/pdf"
        )
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Repr-Digest"] = f"sha-256=:{b64encode(bytes(made.sha256 or b'')).decode()}:"
        return answer


def detail(invoice: Invoice) -> dict[str, Any]:
    """Give an invoice's detail as the API says it."""
    found = Invoice.objects.select_related("account", "contract", "legal_entity").get(pk=invoice.pk)
    data: dict[str, Any] = InvoiceDetailBody(found).data
    return data


def _started(instant: datetime, now: datetime) -> datetime:
    if instant > now:
        raise Invalid("This period hasn't started", field="at", fix="Give an instant that has passed")
    return instant


def _currency(instance: Any) -> str:
    currency: str = instance.currency if hasattr(instance, "currency") else instance.invoice.currency
    return currency
