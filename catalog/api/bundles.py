"""What a change request holds, and its submission as a whole; opening and reading it is foundation's part."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import bundles
from catalog.api.changes import OfRequests, RequestReasonBody
from catalog.api.shared import WRITES
from monetization.foundation.api.request_bodies import ChangeItemBody, RequestDetailBody
from monetization.foundation.queries.governed import governed_row
from monetization.foundation.rest import Strict


class AddedBody(Strict):
    """A draft to put in."""

    subject = serializers.CharField(max_length=80, help_text="Such as catalog.rate_card_version:17")


class Items(OfRequests):
    """What a request holds."""

    permission_classes = [WRITES]

    @extend_schema(request=AddedBody, responses={201: ChangeItemBody})
    def post(self, request: Request, pk: int) -> Response:
        """Put a draft into a request that is a draft itself."""
        body = AddedBody(data=request.data)
        body.is_valid(raise_exception=True)
        found = self.get_object()
        row = governed_row(self.by, self.environment, body.validated_data["subject"])
        item = bundles.add(request=found, row=row, by=self.by, at=self.at)
        return Response(ChangeItemBody(item).data, status=201)


class OneItem(OfRequests):
    """One thing that a request holds."""

    permission_classes = [WRITES]

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int, item: int) -> Response:
        """Take it out; it stays a draft."""
        found = self.get_object()
        bundles.remove(request=found, item=get_object_or_404(found.items, pk=item), by=self.by, at=self.at)
        return Response(status=204)


class Submit(OfRequests):
    """A request on its way."""

    permission_classes = [WRITES]

    @extend_schema(request=RequestReasonBody, responses=RequestDetailBody)
    def post(self, request: Request, pk: int) -> Response:
        """Ask for decisions about everything in it at once; nobody edits any of it from here on."""
        bundles.submit(request=self.get_object(), by=self.by, at=self.at, **self.said(request))
        return self.shown()
