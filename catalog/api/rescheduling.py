"""Another time for a scheduled change request."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.actions import scheduled
from catalog.api.changes import OfRequests, RequestReasonBody
from catalog.api.shared import WRITES
from monetization.foundation.api.request_bodies import RequestDetailBody


class RescheduleBody(RequestReasonBody):
    """Another time: an instant, or a day that starts at midnight in each account's zone."""

    effective_at = serializers.DateTimeField(required=False)
    effective_date = serializers.DateField(required=False)


class Reschedule(OfRequests):
    """A scheduled request at another time."""

    permission_classes = [WRITES]

    @extend_schema(request=RescheduleBody, responses=RequestDetailBody)
    def post(self, request: Request, pk: int) -> Response:
        """Move everything in it and ask again; until that is approved nothing of it takes effect."""
        body = RescheduleBody(data=request.data)
        body.is_valid(raise_exception=True)
        scheduled.reschedule(request=self.get_object(), by=self.by, at=self.at, **body.validated_data)
        return self.shown()
