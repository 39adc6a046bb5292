"""How the quota verbs are described; `quota.py` answers them without the rest of the framework."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from metering.api import quota
from metering.models import Limit
from metering.rules.quotas import LONGEST_HOLD, SHORTEST_HOLD
from monetization.foundation.rest import Exact, Strict, requires
from monetization.foundation.rest.views import View

USES = requires(quota.SCOPE, quota.ABILITY)


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


class NamedEventBody(Strict):
    """An event by its name."""

    id = serializers.CharField(max_length=200)
    source = serializers.CharField(max_length=200, default="api")  # type: ignore[assignment]


class ReservationBody(serializers.Serializer[Any]):
    """A reservation as it stands: HELD → SETTLED, RELEASED or EXPIRED."""

    key = serializers.CharField()
    status = serializers.ChoiceField(choices=["HELD", "SETTLED", "RELEASED", "EXPIRED"])
    amount = serializers.CharField()
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


class CheckUse(Strict):
    """What somebody wants to use."""

    account = serializers.CharField(max_length=200, help_text="Its key, or an alias of now")
    metric = serializers.CharField(max_length=200)
    amount = Exact(min_value=0, default=0, help_text="In priced units of the metric")
    dimensions = serializers.DictField(
        child=serializers.CharField(max_length=200), default=dict, help_text="One that isn't named may be any value"
    )


class ReserveUse(CheckUse):
    """The same, to be held under the caller's key."""

    key = serializers.CharField(max_length=200, required=False, help_text="Else the Idempotency-Key is it")
    amount = Exact(min_value=0)
    hold_seconds = serializers.IntegerField(min_value=SHORTEST_HOLD, max_value=LONGEST_HOLD, required=False)


class SettleUse(Strict):
    """A reservation and the event that closes it."""

    key = serializers.CharField(max_length=200)
    event = NamedEventBody()


class ReleaseUse(Strict):
    """A reservation."""

    key = serializers.CharField(max_length=200)


RESERVE = OpenApiExample(
    "Before a request to a model",
    value={"key": "req_8f3a", "account": "acme", "metric": "llm-tokens", "amount": "0.004",
           "dimensions": {"model": "gpt-4o"}},
    request_only=True,
)  # fmt: skip


class QuotaView(View):
    """A verb that is answered without the rest of the framework."""

    permission_classes = [USES]
    verb = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let a POST through to the plain view."""
        return quota.answer(request, self.verb) if request.method == "POST" else super().dispatch(request)


class Check(QuotaView):
    """Ask without holding."""

    verb = "check"

    @extend_schema(request=CheckUse, responses=CheckedBody)
    def post(self, request: Request) -> HttpResponse:
        """Say whether a use would be admitted now, what is left, which limit is nearest and when its window ends."""
        return quota.answer(request._request, self.verb)


class Reserve(QuotaView):
    """Hold an amount."""

    verb = "reserve"

    @extend_schema(request=ReserveUse, responses=ReservedBody, examples=[RESERVE])
    def post(self, request: Request) -> HttpResponse:
        """Hold an amount of every limit that the use may count towards, or of none.

        Admitted only if spent + held + amount ≤ most, under any number of callers. A repeat of the key with the same
        content is the same reservation (with another it is 409); what was refused may be asked again.
        """
        return quota.answer(request._request, self.verb)


class Settle(QuotaView):
    """Name the event of a reservation."""

    verb = "settle"

    @extend_schema(request=SettleUse, responses=ReservationBody)
    def post(self, request: Request) -> HttpResponse:
        """Name the event that a reservation was for, before or after sending it: use and hold count once.

        The hold is taken off when the event is counted; until then it stays, at most until it expires.
        """
        return quota.answer(request._request, self.verb)


class Release(QuotaView):
    """Give back a reservation."""

    verb = "release"

    @extend_schema(request=ReleaseUse, responses=ReservationBody)
    def post(self, request: Request) -> HttpResponse:
        """Give back what is held and was not used."""
        return quota.answer(request._request, self.verb)
