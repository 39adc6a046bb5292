"""Answers of the quota verbs as OpenAPI describes them; `quota.py` writes them."""

from typing import Any

from rest_framework import serializers

from metering.api.quota_asked import NamedEventBody
from metering.models import Limit


class StandingBody(serializers.Serializer[Any]):
    """How a limit stands in the window of now."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Limit.Kind.choices)
    is_hard = serializers.BooleanField()
    most = serializers.CharField()
    spent = serializers.CharField()
    held = serializers.CharField()
    left = serializers.CharField(help_text="Below zero after use beyond the limit")
    currency = serializers.CharField(allow_null=True)
    window = serializers.ChoiceField(choices=Limit.Window.choices)
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    as_of = serializers.DateTimeField(
        allow_null=True,
        help_text="When billing read what it says of money; null where use is counted as it comes",
    )


class ReservationBody(serializers.Serializer[Any]):
    """A reservation as it stands: HELD → SETTLED, RELEASED or EXPIRED."""

    key = serializers.CharField()
    status = serializers.ChoiceField(choices=["HELD", "SETTLED", "RELEASED", "EXPIRED"])
    amount = serializers.CharField()
    spend = serializers.CharField(allow_null=True, help_text="Money that it holds of limits of spend and balance")
    currency = serializers.CharField(allow_null=True)
    made_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    event = NamedEventBody(allow_null=True)


class CheckedBody(serializers.Serializer[Any]):
    """Whether a use is admitted, and what is left of the nearest limit."""

    admitted = serializers.BooleanField()
    degraded = serializers.BooleanField(help_text="A limit could not be asked in time: its policy answered")
    reason = serializers.CharField(allow_null=True, help_text="limit_reached or limit_unavailable")
    left = serializers.CharField(allow_null=True)
    nearest = StandingBody(allow_null=True)
    limits = StandingBody(many=True)


class ReservedBody(CheckedBody):
    """The same, with what is held."""

    reservation = ReservationBody(allow_null=True)
