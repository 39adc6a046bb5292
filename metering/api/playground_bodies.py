"""What the playground takes and answers as JSON."""

from typing import Any

from rest_framework import serializers

from catalog.api.meaning import MeaningBody
from metering.rules.pasted import MOST_EVENTS
from metering.rules.tried import Verdict
from monetization.foundation.rest import Strict


class TriedMeaning(MeaningBody):
    """How the events are read; when it shall hold doesn't matter here."""

    effective_at = serializers.DateTimeField(required=False)
    unit = serializers.CharField(max_length=40, allow_blank=True, default="")


class TryBody(Strict):
    """What is tried: `meaning` as for a version, or `metric` and `version`."""

    meaning = TriedMeaning(required=False)
    metric = serializers.CharField(max_length=63, required=False)
    version = serializers.IntegerField(min_value=1, required=False)
    events = serializers.ListField(child=serializers.JSONField(), max_length=MOST_EVENTS)
    first = serializers.DateField(required=False, help_text="First day of the period, in each account's zone")
    last = serializers.DateField(required=False, help_text="Its last day; both missing: the latest event's month")


class ReadBody(serializers.Serializer[Any]):
    """What an event adds for a set of dimension values."""

    dimensions = serializers.DictField(child=serializers.CharField())
    quantity = serializers.CharField()
    value = serializers.CharField(help_text="What is told apart, where distinct values are counted")


class TriedBody(serializers.Serializer[Any]):
    """An event and what became of it."""

    number = serializers.IntegerField()
    id = serializers.CharField(allow_null=True)
    account = serializers.CharField()
    status = serializers.ChoiceField(choices=[each.value for each in Verdict])
    field = serializers.CharField()
    detail = serializers.CharField()
    fix = serializers.CharField()
    readings = ReadBody(many=True)


class StepBody(serializers.Serializer[Any]):
    """A step on the way to a quantity."""

    words = serializers.CharField()
    value = serializers.CharField()


class TotalBody(serializers.Serializer[Any]):
    """What an account's events come to."""

    account = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    dimensions = serializers.DictField(child=serializers.CharField(), allow_null=True, help_text="null: all together")
    events = serializers.IntegerField()
    steps = StepBody(many=True)
    quantity = serializers.CharField(help_text="Priced units, exact; a fraction that never ends as 1/3")


class PlayedBody(serializers.Serializer[Any]):
    """What became of each event, and what all come to."""

    meaning = serializers.CharField()
    events = TriedBody(many=True)
    totals = TotalBody(many=True)
