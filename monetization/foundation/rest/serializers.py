"""Bodies: every field is named, an unknown one is refused (a typo in a price must not be ignored)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers


class _Strict(serializers.BaseSerializer[Any]):
    def to_internal_value(self, data: Any) -> Any:
        """Read the body. Raises ValidationError that names every unknown field beside the wrong ones."""
        fields: Mapping[str, serializers.Field[Any, Any, Any, Any]] = getattr(self, "fields", {})
        writable = {name for name, field in fields.items() if not field.read_only}
        unknown = sorted(set(data) - writable) if isinstance(data, Mapping) else []
        faults = {str(name): [f"There is no field “{name}” here."] for name in unknown}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                raise serializers.ValidationError({**error.detail, **faults}) from error
            raise
        if faults:
            raise serializers.ValidationError(faults)
        return value


class Strict(_Strict, serializers.Serializer[Any]):
    """A body of named fields."""


class StrictModel(_Strict, serializers.ModelSerializer[Any]):
    """A row's named fields."""


class Exact(serializers.DecimalField):
    """An exact number: text or JSON number in, text out, 20 digits before the point and 18 after."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_digits": 38, "decimal_places": 18, "normalize_output": True} | options)

    def to_internal_value(self, data: Any) -> Decimal:
        """Read it. Raises ValidationError for true and false, NaN, and what is out of bounds."""
        if isinstance(data, bool):
            self.fail("invalid")
        value = super().to_internal_value(data)
        return value + 0 if value == 0 else value  # minus zero is zero
