"""Free units of contracts."""

from typing import Any

from rest_framework import serializers

from catalog.actions.allowances import add_allowance
from catalog.api.parts import amount_field, one_part, parts, product_field
from catalog.models import AgreedAllowance
from monetization.foundation.rest import StrictModel


class AllowanceBody(StrictModel):
    """Free units of each full period, beyond those of the rate card."""

    product = product_field()
    units = amount_field(help_text="Priced units of the metric")
    per = serializers.CharField(
        source="per.key", required=False, allow_null=True, default=None,
        help_text="For each unit of the recurring charge with this key, in one pool",
    )  # fmt: skip

    class Meta:
        model = AgreedAllowance
        fields = ["key", "name", "product", "units", "per"]
        validators: list[Any] = []

    def to_internal_value(self, data: Any) -> Any:
        """Read it; the recurring charge stays a key."""
        said = super().to_internal_value(data)
        return said | {"per": said["per"]["key"] or ""}


Allowances = parts(AllowanceBody, "allowances", add_allowance, "allowance")
OneAllowance = one_part("allowance", "allowance")
