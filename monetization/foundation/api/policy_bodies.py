"""Bodies of policies: what a version asks, as JSON in and out."""

from typing import Any

from rest_framework import serializers

from monetization.foundation.actions.policies import Content
from monetization.foundation.models import Policy, PolicyVersion
from monetization.foundation.rest import Exact, Strict
from monetization.foundation.rules.conditions import Condition, Operator
from monetization.foundation.rules.policies import Asked
from monetization.foundation.rules.roles import Role


class ConditionBody(Strict):
    """What is asked of a fact."""

    fact = serializers.CharField(max_length=40, help_text="discount_percent, total, currency …")
    operator = serializers.ChoiceField(choices=[(one.value, one.label) for one in Operator])
    bound = Exact(allow_null=True, default=None, help_text="For comparisons with a number")
    words = serializers.ListField(
        child=serializers.CharField(max_length=40), default=list, help_text="For ANY_OF and NONE_OF"
    )


class AskedBody(Strict):
    """People of a role."""

    role = serializers.ChoiceField(choices=[(one.value, one.label) for one in Role])
    how_many = serializers.IntegerField(default=1, min_value=1, max_value=99)
    step = serializers.IntegerField(default=1, min_value=1, max_value=99, help_text="Asked after all lower ones")


class PolicyContentBody(Strict):
    """What a version of a policy asks."""

    conditions = ConditionBody(many=True, default=list, help_text="All must hold; none: always")
    roles = AskedBody(many=True)
    deadline_hours = serializers.IntegerField(allow_null=True, default=None, help_text="For each step")
    escalate_to = serializers.ChoiceField(
        choices=[(one.value, one.label) for one in Role], allow_blank=True, default="",
        help_text="May decide instead of an overdue step",
    )  # fmt: skip

    def content(self) -> Content:
        """Return it as a value."""
        said = self.validated_data
        conditions = [
            Condition(one["fact"], Operator(one["operator"]), one["bound"], tuple(one["words"]))
            for one in said["conditions"]
        ]
        asked = [Asked(Role(one["role"]), one["how_many"], one["step"]) for one in said["roles"]]
        escalate = Role(said["escalate_to"]) if said["escalate_to"] else None
        return Content(asked, conditions, said["deadline_hours"], escalate)


class NewPolicyBody(PolicyContentBody):
    """A new policy with its first version."""

    kind = serializers.CharField(max_length=40, help_text="rate_card, metric, contract, credit, invoice, policy …")
    name = serializers.CharField(max_length=120)


class VersionBody(serializers.ModelSerializer[PolicyVersion]):
    """A version of a policy."""

    policy = serializers.IntegerField(source="policy_id", read_only=True)
    request = serializers.IntegerField(source="request_id", read_only=True, allow_null=True)
    conditions = ConditionBody(many=True, read_only=True)
    roles = AskedBody(many=True, read_only=True)
    written_by = serializers.CharField(source="last_edited_by.email", default=None, allow_null=True, read_only=True)

    class Meta:
        model = PolicyVersion
        fields = [
            "id", "policy", "number", "status", "applies", "conditions", "roles", "deadline_hours", "escalate_to",
            "written_by", "edited_at", "request",
        ]  # fmt: skip


class PolicyBody(serializers.ModelSerializer[Policy]):
    """A policy; the newest approved version is what it asks now."""

    versions = VersionBody(many=True, read_only=True)

    class Meta:
        model = Policy
        fields = ["id", "kind", "name", "versions"]


class PolicyReasonBody(Strict):
    """Why."""

    reason = serializers.CharField(max_length=4000)


class PolicyRequestBody(serializers.Serializer[Any]):
    """The change request that now waits for decisions."""

    request = serializers.IntegerField(help_text="See /change-requests/{id}")
    status = serializers.CharField()
