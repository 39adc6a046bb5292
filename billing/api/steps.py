"""The steps of an invoice's life: each address calls one action and answers with the invoice as it is then."""

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from billing.actions import invoices
from billing.api.invoices import DRAFTS, InvoiceDetailBody, OfInvoices, detail
from billing.models import Invoice
from monetization.foundation.rest import Strict, requires

REVIEWS = requires("invoices:write", "billing.review_invoice")
APPROVES = requires("invoices:write", "billing.approve_invoice")
ISSUES = requires("invoices:write", "billing.issue_invoice")


class NoBody(Strict):
    """Nothing needs to be said."""


class ReasonBody(Strict):
    """Why."""

    reason = serializers.CharField(max_length=1000)


class ApprovalBody(Strict):
    """What was seen, as `content_digest` of the invoice named it."""

    seen = serializers.RegexField(r"\A[0-9a-f]{64}\Z", help_text="SHA-256, 64 hexadecimal digits")
    reason = serializers.CharField(max_length=1000, allow_blank=True, default="")

    def validate_seen(self, text: str) -> bytes:
        """Read the digest."""
        return bytes.fromhex(text)


class Step(OfInvoices):
    """A POST that moves an invoice on."""

    body: ClassVar[type[Strict]] = NoBody

    def act(self, invoice: Invoice, said: dict[str, Any]) -> Invoice:
        """Call the action."""
        raise NotImplementedError

    def answer(self, request: Request) -> Response:
        """Check the body, act, and tell how the invoice is now."""
        invoice = self.invoice()
        said = self.body(data=request.data)
        said.is_valid(raise_exception=True)
        return Response(detail(self.act(invoice, said.validated_data)))


def step(
    action: Callable[..., Invoice], permission: type[BasePermission], words: str, body: type[Strict] = NoBody
) -> type[Step]:
    """Make the view of an action that takes the invoice, `by`, `at` and the fields of a body."""

    class Acting(Step):
        permission_classes = [permission]

        def act(self, invoice: Invoice, said: dict[str, Any]) -> Invoice:
            return action(invoice=invoice, by=self.by, at=self.at, **said)

        @extend_schema(request=body, responses=InvoiceDetailBody, description=words)
        def post(self, request: Request, pk: int) -> Response:
            return self.answer(request)

    Acting.body, Acting.__doc__, Acting.__name__ = body, words, action.__name__.title()
    return Acting


class Refresh(Step):
    """Rate a draft again."""

    permission_classes = [DRAFTS]

    def act(self, invoice: Invoice, said: dict[str, Any]) -> Invoice:
        return invoices.refresh(invoice=invoice, at=self.at)

    @extend_schema(request=NoBody, responses=InvoiceDetailBody)
    def post(self, request: Request, pk: int) -> Response:
        """Rate a draft again."""
        return self.answer(request)


Review = step(invoices.review, REVIEWS, "Freeze what the invoice rests on and put it before a checker.")
SendBack = step(invoices.send_back, REVIEWS, "Return an invoice to draft; approvals so far count no more.", ReasonBody)
Approve = step(invoices.approve, APPROVES, "Approve the content that was seen; never its preparer.", ApprovalBody)
Issue = step(invoices.issue, ISSUES, "Number, freeze, book and announce an approved invoice.")
