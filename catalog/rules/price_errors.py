"""What is wrong with a price table, row by row and tier by tier, as errors that name the field and the fix."""

from __future__ import annotations

from decimal import Decimal

from catalog.rules.terms import Price, PriceModel, Tier
from monetization.values.errors import DomainError, Invalid
from monetization.values.money import plain


def tier_errors(price: Price, field: str) -> list[DomainError]:
    """List what is wrong with a row's tier table; ``field`` is the row's path
    (``charges[0].prices[3]``).
    """
    if price.model is PriceModel.PERCENTAGE:
        return []
    if not price.tiers:
        return [
            Invalid(
                "A price needs at least one tier",
                field=f"{field}.tiers",
                fix="Add one without an end",
            )
        ]
    errors = _shape_errors(price, field)
    over = Decimal(0)
    for number, tier in enumerate(price.tiers):
        path, last = f"{field}.tiers[{number}]", number == len(price.tiers) - 1
        errors += _number_errors(tier, path) + _bound_errors(tier, over, last, path)
        over = max(over, tier.up_to) if tier.up_to is not None else over
    return errors


def _shape_errors(price: Price, field: str) -> list[DomainError]:
    if price.model is not PriceModel.PER_UNIT:
        return []
    first, errors = price.tiers[0], list[DomainError]()
    if len(price.tiers) > 1:
        message = "A price per unit has one price for every unit"
        errors.append(Invalid(message, field=f"{field}.tiers", fix="Make it graduated"))
    if first.flat_fee:
        message = "A price per unit has no flat fee"
        errors.append(Invalid(message, field=f"{field}.tiers[0].flat_fee", fix="Make it graduated"))
    return errors


def _number_errors(tier: Tier, path: str) -> list[DomainError]:
    return [
        Invalid(
            "A price can't be negative",
            field=f"{path}.{name}",
            fix="Use zero or more; grant a credit instead",
        )
        for name, value in (("unit_price", tier.unit_price), ("flat_fee", tier.flat_fee))
        if value < 0
    ]


def _bound_errors(tier: Tier, over: Decimal, last: bool, path: str) -> list[DomainError]:
    if tier.up_to is None:
        message, fix = "Only the last tier can be open", "Give it an upper bound"
        wrong = not last
    elif last:
        message, fix = "The last tier must be open", "Leave its upper bound empty"
        wrong = True
    else:
        message, fix = (
            f"This tier ends at or below {plain(over)}, where it starts",
            "Raise its upper bound",
        )
        wrong = tier.up_to <= over
    return [Invalid(message, field=f"{path}.up_to", fix=fix)] if wrong else []
