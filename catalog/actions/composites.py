"""Composites of a contract's draft: a percentage of what other lines come to."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from catalog.actions import parts
from catalog.models import AgreedComposite, Amendment, Contract, Product
from monetization.foundation.models import User


@transaction.atomic
def add_composite(
    *,
    contract: Contract,
    key: str,
    name: str,
    product: Product,
    percent: Decimal,
    by: User,
    at: datetime,
    amendment: Amendment | None = None,
    start_date: date | None = None,
    end_date: date | None = None,
    products: Sequence[Product] = (),
    tags: Sequence[str] = (),
) -> AgreedComposite:
    """Agree a percentage of the lines of these products and tags; without any, of every line but composites.

    ``product``: as which it is sold, with its tax category.
    """
    contract = parts.draft(contract, by, amendment)
    composite = AgreedComposite(
        contract=contract, key=key, name=name, product=product, percent=percent, tags=list(tags),
        start_date=start_date, end_date=end_date,
    )  # fmt: skip
    return parts.add(contract, composite, products, by=by, at=at, amendment=amendment)
