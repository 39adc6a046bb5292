"""Fields of what a part is for, beside products."""

from typing import Any

from rest_framework import serializers


def tags_field(**options: Any) -> serializers.ListField:
    """Make a field of tags."""
    text = "Products that carry one of these"
    return serializers.ListField(child=serializers.CharField(max_length=40), max_length=50, help_text=text, **options)


def dimensions_field(**options: Any) -> serializers.DictField:
    """Make a field of values by dimension."""
    text = "Values that a price row must name, by dimension"
    return serializers.DictField(child=serializers.CharField(max_length=200), help_text=text, **options)
