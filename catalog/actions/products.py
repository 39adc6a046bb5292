"""Products: what is sold. Not governed themselves; their prices are."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from catalog.actions import governed
from catalog.models import Product
from monetization.foundation.actions import audit, rows
from monetization.foundation.models import Environment, User

DRAFT = "catalog.draft_product"


@transaction.atomic
def create(
    *,
    environment: Environment,
    key: str,
    name: str,
    by: User,
    at: datetime,
    description: str = "",
    tags: Sequence[str] = (),
    tax_category: str = "standard",
) -> Product:
    """Make a product; its key is unique in the environment."""
    rows.allow(by, DRAFT)
    product = Product(
        environment=environment, key=key, name=name, description=description, tags=list(tags),
        tax_category=tax_category, created_at=at,
    )  # fmt: skip
    governed.create(product, environment=environment, by=by, at=at)
    return product


@transaction.atomic
def describe(*, product: Product, name: str, description: str, tags: Sequence[str], by: User, at: datetime) -> Product:
    """Change how a product is called and found; what was issued keeps the name that it printed."""
    rows.allow(by, DRAFT)
    product = rows.lock(product)
    before = {"name": product.name, "description": product.description, "tags": product.tags}
    product.name, product.description, product.tags = name, description, list(tags)
    rows.check(product)
    rows.keep(product, by=by, at=at)
    audit.record(
        environment=product.environment, action="product.described", subject=product, by=by, at=at,
        before=before, after={"name": name, "description": description, "tags": list(tags)},
    )  # fmt: skip
    return product
