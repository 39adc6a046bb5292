"""Sign-up over HTTP: one call makes customer, account, contract, credits and limits, or finds what it made before."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.actions import signups
from billing.api.signup_bodies import SignedUpBody, SignUpBody, answer_of
from catalog.models import Plan
from monetization.foundation.rest import requires
from monetization.foundation.rest.views import View
from monetization.foundation.rules.newcomers import Newcomer
from monetization.values.errors import NotFound

EXAMPLE = OpenApiExample(
    "A new customer",
    value={
        "plan": "starter", "currency": "USD", "customer": {"key": "fresh", "name": "Fresh Foods"},
        "account": {"key": "fresh", "name": "Fresh Foods Inc.", "time_zone": "America/New_York", "country": "US"},
    },
    request_only=True,
)  # fmt: skip


class SignUps(View):
    """Sign customers up for a plan."""

    permission_classes = [requires("signups:write", signups.ABILITY)]

    @extend_schema(request=SignUpBody, responses={200: SignedUpBody, 201: SignedUpBody}, examples=[EXAMPLE])
    def post(self, request: Request) -> Response:
        """Put a contract in force that says just what the plan packs: its approval stands for it.

        The same sign-up again answers the same with 200, also without an `Idempotency-Key`.
        """
        body = SignUpBody(data=request.data)
        body.is_valid(raise_exception=True)
        said: dict[str, Any] = dict(body.validated_data)
        account = dict(said.pop("account"))
        newcomer = Newcomer(account.pop("key"), account, dict(said.pop("customer", {})))
        plan = Plan.objects.filter(environment=self.environment, key=said.pop("plan")).first()
        if plan is None:
            raise NotFound("There is no such plan", field="plan", fix="See /api/v1/plans")
        made = signups.sign_up(
            environment=self.environment, plan=plan, newcomer=newcomer, by=self.by, at=self.at, **said
        )
        return Response(SignedUpBody(answer_of(made.contract)).data, status=201 if made.is_new else 200)
