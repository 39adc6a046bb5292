"""Quotes over HTTP: any terms on any usage, or an account's own terms; rated like an invoice, and nothing is kept."""

from collections.abc import Mapping
from typing import IO, Any

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.quote_bodies import ASKED, EXAMPLES, AnsweredBody
from billing.own_terms import account_decoder, names_account, quoted_account
from billing.quotes import MOST_BYTES, NotJson, decoded, read
from billing.rules.quotes.answer import answer_of
from billing.rules.quotes.quote import quote
from monetization.foundation.queries import accounts_for
from monetization.foundation.rest import Problem, requires
from monetization.foundation.rest.views import View


class Bytes(BaseParser):
    """Hand the body on as it was sent; its types are read by msgspec, exactly."""

    media_type = "application/json"

    def parse(  # type: ignore[override]  # any value is data
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the bytes. Raises Problem 413."""
        raw: bytes = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise Problem(413, "The body is too large", field="body", fix=f"At most {MOST_BYTES:,} bytes")
        return raw


class Quotes(View):
    """Rate terms on usage."""

    permission_classes = [requires("invoices:read", "billing.read")]
    parser_classes = [Bytes]

    @extend_schema(operation_id="quotes", request=ASKED, responses=AnsweredBody, examples=EXAMPLES)
    def post(self, request: Request) -> Response:
        """Say what usage would cost on some terms, each line with its steps. Nothing is saved.

        Send `charges` and `usage`, or the key of an `account`: then its contract in force is rated on the usage of
        its last closed period, of `period`, or on the `usage` that you send.
        """
        said: Any = request.data  # a form where there is no body
        raw = said if isinstance(said, bytes) else b""
        try:
            return Response(self._answer(raw))
        except NotJson as error:
            raise Problem(400, error.message, field=error.field, fix=error.fix) from error

    def _answer(self, raw: bytes) -> dict[str, Any]:
        today = self.at.date()
        if names_account(raw):
            said = decoded(raw, account_decoder)
            _, found = quoted_account(said, accounts_for(self.by, self.environment), self.at)
            return answer_of([found], found.terms.currency, said.booked)
        body = read(raw, today)
        return answer_of(quote(body, today), body.currency, body.booked)
