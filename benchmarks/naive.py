"""The usual way, for comparison: a serializer and bulk_create behind Django REST framework, nothing added up.

Served by the same granian on a port of its own (`naive_wsgi.py`). It finds the account and checks the
key as the product does, and has no middleware, so that only the way of writing differs.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metering.models import Event
from monetization.foundation.models import Account, ApiKey
from monetization.foundation.rest import KeyAuthentication


class Body(serializers.Serializer[Any]):
    """One event."""

    id = serializers.CharField(max_length=200)
    source = serializers.CharField(max_length=200)  # type: ignore[assignment]
    type = serializers.CharField(max_length=120)
    subject = serializers.CharField(max_length=200)
    time = serializers.DateTimeField()
    data = serializers.JSONField()  # type: ignore[assignment]


class Events(APIView):
    """Take a list of events."""

    authentication_classes = [KeyAuthentication]
    throttle_classes: list[Any] = []

    def post(self, request: Request) -> Response:
        asked = Body(data=request.data, many=True)
        asked.is_valid(raise_exception=True)
        assert isinstance(request.auth, ApiKey)
        environment, now = request.auth.environment_id, datetime.now(UTC)
        names = {each["subject"] for each in asked.validated_data}
        accounts = dict(Account.objects.filter(environment=environment, key__in=names).values_list("key", "pk"))
        made = Event.objects.bulk_create(
            [
                Event(
                    environment_id=environment, account_id=accounts[each["subject"]], source=each["source"],
                    event_id=each["id"], type=each["type"], subject=each["subject"], time=each["time"],
                    received_at=now, data=each["data"], digest=sha256(json.dumps(each["data"]).encode()).digest(),
                )
                for each in asked.validated_data
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        return Response({"accepted": len(made)})


urlpatterns = [path("events", Events.as_view())]
