"""Overrides and multipliers of a quote, and what is refused of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.bodies.own import MultiplierBody, OverrideBody
from billing.rules.quotes.models import price_of
from billing.rules.quotes.prices import period_of
from billing.rules.quotes.scopes import scope_of
from billing.rules.quotes.usage import Usage
from catalog.rules.overrides import Multiplier, Override, OwnPrices, factor_errors, in_scope, rivals
from catalog.rules.terms import Level, dims_of
from monetization.values.errors import Invalid, refuse_if


def own_prices(body: QuoteBody, charges: Sequence[Usage]) -> OwnPrices:
    """Read what the contract makes of its price list. Raises Invalid, naming the member."""
    for name, ids in (("overrides", [each.id for each in body.overrides]),
                      ("multipliers", [each.id for each in body.multipliers])):  # fmt: skip
        twice = next((number for number, each in enumerate(ids) if each in ids[:number]), None)
        if twice is not None:
            raise Invalid(f"“{ids[twice]}” is there twice", field=f"{name}[{twice}].id", fix="Give each its own id")
    known = {each.body.key: each for each in charges}
    overrides = tuple(_override(each, number, known, body.time_zone) for number, each in enumerate(body.overrides))
    for number, each in enumerate(overrides):
        if any(rivals(each, other) for other in overrides[:number]):
            message = "Another override prices the same usage on some of these days"
            raise Invalid(message, field=f"overrides[{number}].match", fix="Make one more exact, or end one earlier")
    multipliers = tuple(_multiplier(each, number, body) for number, each in enumerate(body.multipliers))
    for number, one in enumerate(multipliers):
        if not any(_reaches(one, usage, body.currency) for usage in charges):
            raise Invalid("No price is in its scope", field=f"multipliers[{number}].scope", fix="Name a charge's rows")
    return OwnPrices(overrides, multipliers, body.combine_multipliers)


def _override(said: OverrideBody, number: int, known: dict[str, Usage], zone: str) -> Override:
    path = f"overrides[{number}]"
    usage = known.get(said.charge)
    if usage is None:
        fix = "Name a charge of kind usage"
        raise Invalid(f"“{said.charge}” is no usage charge", field=f"{path}.charge", fix=fix)
    order = usage.metric.order
    unknown = sorted(set(said.match) - set(order))
    if unknown:
        raise Invalid(f"“{unknown[0]}” is no dimension of the metric", field=f"{path}.match", fix="Name it there")
    price = price_of(said, number, dims_of(said.match, order), path)
    price = replace(price, key=said.id, level=Level.CONTRACT)
    return Override(said.id, said.charge, price, period_of(said, path, zone))


def _multiplier(said: MultiplierBody, number: int, body: QuoteBody) -> Multiplier:
    path = f"multipliers[{number}]"
    refuse_if(factor_errors(said.factor, f"{path}.factor"))
    period = period_of(said, path, body.time_zone)
    return Multiplier(said.id, said.factor, period, scope_of(said.scope), said.priority)


def _reaches(multiplier: Multiplier, usage: Usage, currency: str) -> bool:
    charge = usage.charge(tuple(row.price for row in usage.rows), currency)
    return any(in_scope(multiplier, charge, price) for price in charge.prices)
