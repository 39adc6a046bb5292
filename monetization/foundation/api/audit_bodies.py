"""What auditors' endpoints answer."""

from typing import Any

from rest_framework import serializers


class ChainBody(serializers.Serializer[Any]):
    """Where the chain stands, and how much of it is anchored outside the database."""

    number = serializers.IntegerField(help_text="Of the head; 0 where nothing is linked")
    hash = serializers.CharField(allow_null=True, help_text="Of the head, hexadecimal")
    anchored_number = serializers.IntegerField(allow_null=True)
    anchored_at = serializers.DateTimeField(allow_null=True)
    anchored_in = serializers.CharField(allow_null=True)
    tail = serializers.IntegerField(help_text="Entries written since the last anchor")


class DutyBody(serializers.Serializer[Any]):
    """Things that one makes and another checks."""

    name = serializers.CharField()
    makers = serializers.ListField(child=serializers.CharField())
    checkers = serializers.ListField(child=serializers.CharField())
    both = serializers.ListField(child=serializers.CharField(), help_text="Roles that are on both sides")


class AbilityBody(serializers.Serializer[Any]):
    """What may be done, and which roles may."""

    ability = serializers.CharField()
    does = serializers.CharField(help_text="reads, makes or checks")
    roles = serializers.ListField(child=serializers.CharField())


class DutiesBody(serializers.Serializer[Any]):
    """The matrix of roles."""

    duties = DutyBody(many=True)
    abilities = AbilityBody(many=True)


class AccessBody(serializers.Serializer[Any]):
    """A way in."""

    kind = serializers.CharField()
    who = serializers.CharField()
    email = serializers.CharField()
    state = serializers.CharField()
    holds = serializers.CharField()
    granted_by = serializers.CharField()
    granted_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    both_sides = serializers.CharField()


class AccessReviewBody(serializers.Serializer[Any]):
    """Everybody's way in."""

    access = AccessBody(many=True)
