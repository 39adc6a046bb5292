"""What approval something would need, and why: of a draft or a request, or of facts."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monetization.foundation.queries import Answer, approval_for_facts, approval_needed
from monetization.foundation.queries.governed import subject_in
from monetization.foundation.rest import Strict, requires
from monetization.foundation.rest.views import View
from monetization.foundation.rules.facts import facts_in, stored
from monetization.values.errors import Invalid
from monetization.values.money import plain

READS = requires("catalog:read", "foundation.read")


class FactsBody(Strict):
    """Facts that somebody types."""

    kind = serializers.CharField(max_length=40, help_text="rate_card, metric, contract, credit, invoice, policy …")
    facts = serializers.DictField(
        child=serializers.JSONField(), default=dict,
        help_text="Numbers as text or number, words as lists; a fact that is left out is not known",
    )  # fmt: skip


class BecauseBody(serializers.Serializer[Any]):
    """A policy that asks, and why it applies."""

    policy = serializers.CharField()
    why = serializers.CharField()


class NeededBody(serializers.Serializer[Any]):
    """People of a role who would be asked."""

    step = serializers.IntegerField(help_text="Roles of one step are asked together")
    role = serializers.CharField()
    how_many = serializers.IntegerField()
    because = BecauseBody(many=True)
    could_decide = serializers.ListField(child=serializers.CharField(), help_text="E-mails; makers never count")


class ConsideredBody(serializers.Serializer[Any]):
    """A policy that was looked at."""

    policy = serializers.CharField()
    applies = serializers.BooleanField()
    is_known = serializers.BooleanField(help_text="False: it applies because a fact is not known")
    why = serializers.CharField()


class ApprovalNeededBody(serializers.Serializer[Any]):
    """What approval something would need if the caller submitted it now."""

    kind = serializers.CharField()
    facts = serializers.DictField(child=serializers.JSONField())
    sentence = serializers.CharField()
    steps = NeededBody(many=True)
    considered = ConsideredBody(many=True)


class ApprovalNeeded(View):
    """What approval would this need?"""

    permission_classes = [READS]

    @extend_schema(
        parameters=[OpenApiParameter("subject", required=True, description="Such as catalog.contract:17")],
        responses=ApprovalNeededBody,
    )
    def get(self, request: Request) -> Response:
        """Say what approval a draft or a change request would need, and why."""
        subject = request.query_params.get("subject", "")
        if not subject:
            raise Invalid("Of what?", field="subject", fix="Write it like catalog.contract:17")
        row = subject_in(self.by, self.environment, subject)
        return Response(written(approval_needed(row, self.by, at=self.at)))

    @extend_schema(request=FactsBody, responses=ApprovalNeededBody)
    def post(self, request: Request) -> Response:
        """Say the same for facts; nothing is kept."""
        body = FactsBody(data=request.data)
        body.is_valid(raise_exception=True)
        kind, facts = body.validated_data["kind"], facts_in(body.validated_data["facts"])
        return Response(written(approval_for_facts(self.environment, kind, facts, self.by, at=self.at)))


def written(answer: Answer) -> dict[str, Any]:
    """Write an answer as JSON."""
    return {
        "kind": answer.kind,
        "facts": {name: _value(value) for name, value in stored(answer.facts).items()},
        "sentence": answer.need.sentence,
        "steps": [
            {
                "step": one.step,
                "role": one.role.value,
                "how_many": one.how_many,
                "because": [{"policy": each.policy, "why": each.why} for each in one.because],
                "could_decide": [user.email for user in answer.people.get(one.role, ())],
            }
            for one in answer.steps
        ],
        "considered": [
            {"policy": c.rule.name, "applies": c.finding.holds, "is_known": c.finding.is_known, "why": c.finding.why}
            for c in answer.need.considered
        ],
    }


def _value(value: Any) -> Any:
    return value if isinstance(value, list) else plain(value)
