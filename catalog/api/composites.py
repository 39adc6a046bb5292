"""Composites of contracts: a percentage of what other lines come to."""

from typing import Any

from catalog.actions.composites import add_composite
from catalog.api.parts import one_part, parts, product_field
from catalog.api.scopes import tags_field
from catalog.models import AgreedComposite
from monetization.foundation.rest import Exact, StrictModel


class CompositeBody(StrictModel):
    """A percentage of the lines of the named products and tags; without any, of every line but composites."""

    product = product_field(help_text="As which it is sold and taxed")
    percent = Exact(max_digits=8, decimal_places=4)
    products = product_field(many=True, required=False)
    tags = tags_field(required=False)

    class Meta:
        model = AgreedComposite
        fields = ["key", "name", "product", "percent", "products", "tags", "start_date", "end_date"]
        validators: list[Any] = []


Composites = parts(CompositeBody, "composites", add_composite, "composite")
OneComposite = one_part("composite", "composite")
