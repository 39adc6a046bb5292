"""Change requests: read, opened, edited while they are drafts. What they hold and their way is the catalog's part."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from monetization.foundation.actions import requests
from monetization.foundation.api.request_bodies import EditRequestBody, NewRequestBody, RequestBody, RequestDetailBody
from monetization.foundation.models import ChangeRequest
from monetization.foundation.queries import requests_for
from monetization.foundation.rest import requires
from monetization.foundation.rest.views import ListView, View
from monetization.foundation.rules.approvals import RequestStatus
from monetization.values.errors import Invalid

READS = requires("catalog:read", "foundation.read")
WRITES = requires("catalog:write", "foundation.read")  # what they may draft is asked by the action


class Requests(ListView):
    """List the environment's change requests, newest first."""

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the writing one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD", "OPTIONS") else WRITES()]

    queryset = ChangeRequest.objects.none()
    serializer_class = RequestBody

    @extend_schema(parameters=[OpenApiParameter("status", enum=[s.value for s in RequestStatus])])
    def get(self, request: Request) -> Response:
        return super().get(request)

    @extend_schema(request=NewRequestBody, responses={201: RequestDetailBody})
    def post(self, request: Request) -> Response:
        """Open a request that holds nothing yet; put drafts into it, then submit it as a whole."""
        body = NewRequestBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = requests.open_request(environment=self.environment, by=self.by, at=self.at, **body.validated_data)
        return Response(RequestDetailBody(made).data, status=201)

    def get_queryset(self) -> QuerySet[ChangeRequest]:
        found = requests_for(self.by, self.environment)
        found = found.select_related("owner", "submitted_by").prefetch_related("items")
        status = self.request.query_params.get("status")
        if status is not None and status not in {s.value for s in RequestStatus}:
            raise Invalid(f"“{status}” is not a status", field="status", fix="Use one of the documented ones")
        return found if status is None else found.filter(status=status)


class OneRequest(View, generics.RetrieveAPIView[ChangeRequest]):
    """Read one change request, and who must still agree."""

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the writing one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD", "OPTIONS") else WRITES()]

    queryset = ChangeRequest.objects.none()
    serializer_class = RequestDetailBody

    def get_queryset(self) -> QuerySet[ChangeRequest]:
        found = requests_for(self.by, self.environment)
        return found.select_related("environment", "owner", "submitted_by").prefetch_related("items")

    @extend_schema(request=EditRequestBody, responses=RequestDetailBody)
    def patch(self, request: Request, pk: int) -> Response:
        """Change the words of a draft, or its planned time; what isn't named stays."""
        body = EditRequestBody(data=request.data)
        body.is_valid(raise_exception=True)
        requests.edit(request=self.get_object(), by=self.by, at=self.at, **body.validated_data)
        return Response(RequestDetailBody(self.get_object()).data)
