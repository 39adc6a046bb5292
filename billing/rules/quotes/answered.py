"""Lines, steps and balances of a quote's answer."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from billing.rules.balances import Balance
from billing.rules.lines import Line
from billing.rules.rated import Step
from catalog.rules.terms import Level, Price
from monetization.values.money import plain, round_once
from monetization.values.periods import Period


def answered_line(line: Line, places: dict[int, int], currency: str) -> dict[str, Any]:
    """Write a line; ``places`` says where each stands."""
    rated = line.rated
    return {
        "kind": line.kind.value,
        "charge": line.charge,
        "product": line.product,
        "name": line.name,
        "tax_category": line.tax_category,
        **(_priced(rated.price) if rated else {"row": line.row, "override": None, "multipliers": []}),
        "dimensions": dict(line.match),
        **_period(line.period),
        "measured": plain(rated.measured) if rated else None,
        "free": plain(rated.free) if rated else None,
        "quantity": plain(line.quantity),
        "unit": rated.unit if rated else "",
        "list_exact": plain(line.list_exact),
        "exact": plain(line.exact),
        "amount": str(round_once(line.amount, currency)),
        "steps": [_step(step) for step in line.steps],
        "pricing_unit": (rated.charge.pricing_unit or None) if rated else None,
        "rate": plain(rated.charge.rate) if rated else "1",
        "discounts": list(line.discounts),
        "instrument": line.instrument or None,
        "of": places[id(line.of)] if line.of is not None else None,
    }


def _priced(price: Price) -> dict[str, Any]:
    """Name what priced a line: a row of the list with its multipliers, or an override."""
    own = price.level is Level.CONTRACT
    return {
        "row": None if own else price.row_id,
        "override": price.key if own else None,
        "multipliers": [{"id": each.key, "factor": plain(each.factor)} for each in price.multipliers],
    }


def _step(step: Step) -> dict[str, Any]:
    weight = Fraction(*step.weight)
    return {
        "over": plain(step.over),
        "up_to": plain(step.up_to) if step.up_to is not None else None,
        "quantity": plain(step.quantity),
        "unit_price": plain(step.unit_price),
        "flat_fee": plain(step.flat_fee),
        "share_of_period": plain(weight),
        "exact": plain(step.exact),
        "amount": str(step.share),
    }


def answered_balance(balance: Balance) -> dict[str, Any]:
    """Write what became of a balance."""
    return {
        "id": balance.instrument.id,
        "before": plain(balance.instrument.balance),
        "drawn": plain(balance.drawn),
        "expired": plain(balance.expired),
        "after": plain(balance.left),
    }


def _period(period: Period) -> dict[str, str | None]:
    end = period.ends_at
    return {"starts_at": period.starts_at.isoformat(), "ends_at": end.isoformat() if end else None}
