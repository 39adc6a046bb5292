"""How the quota verbs are described; `quota.py` answers them without the rest of the framework."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from metering.api import quota
from metering.api.quota_asked import RESERVE, CheckUse, ReleaseUse, ReserveUse, SettleUse
from metering.api.quota_described import CheckedBody, ReservationBody, ReservedBody
from monetization.foundation.rest import requires
from monetization.foundation.rest.views import View

USES = requires(quota.SCOPE, quota.ABILITY)


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
