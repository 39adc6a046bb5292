"""Golden cases as quotes: by kind, model and the members of a case, never by its name or its result.

``figures(case, quote)`` gives more figures than a case asks for; ``differences`` compares those that it
does, to the last digit. What a case says and nobody here reads raises ``Unknown``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.golden import (
    changes,
    commitments,
    coupons,
    credits,
    measures,
    proration,
    sales,
    seats,
    taxes,
)
from tests.golden import figures as shown
from tests.golden.answers import Desk, Quote
from tests.golden.members import Body, Members, Unknown

Handler = Callable[[Desk, str, Members, Members], Body]

# By kind and model; "" is any other model of the kind.
HANDLERS: dict[tuple[str, str], Handler] = {
    ("aggregation", "graduated"): measures.hourly,
    ("aggregation", "weighted_sum"): measures.weighted,
    ("aggregation", ""): measures.aggregated,
    ("charge_model", ""): sales.sale,
    ("commitment", "commitment_true_up"): commitments.true_up,
    ("commitment", "minimum_commitment"): commitments.prorated,
    ("commitment", "windowed_commitment"): commitments.windowed,
    ("coupon", "invoice"): coupons.coupon,
    ("credit_drawdown", "credit_grants"): credits.grants,
    ("credit_drawdown", "standard"): credits.counted,
    ("credit_drawdown", "wallet"): credits.wallets,
    ("credit_drawdown", ""): credits.covered,
    ("dedup", ""): measures.repeated,
    ("maximum", ""): sales.sale,
    ("minimum", "charge_minimum"): commitments.of_charge,
    ("minimum", "pricing_unit"): commitments.in_units,
    ("minimum", ""): sales.sale,
    ("progressive_billing", "threshold_invoice"): commitments.thresholds,
    ("proration", "aggregation_proration"): seats.weighted,
    ("proration", "billing_anchor"): proration.anchors,
    ("proration", "credit_cap"): changes.capped,
    ("proration", "credit_grants"): proration.granted,
    ("proration", "day_count"): proration.counted,
    ("proration", "flat_subscription"): proration.subscription,
    ("proration", "plan_change"): changes.plan,
    ("proration", "seats"): seats.added,
    ("proration", ""): seats.tiered,
    ("rerating", ""): sales.sale,
    ("rounding", "aggregation_rounding"): measures.rounding,
    ("rounding", "credit_note"): changes.credit_note,
    ("rounding", "money_rounding"): taxes.money,
    ("rounding", "unit_conversion"): measures.converted,
    ("rounding", "wallet"): credits.targeted,
    ("rounding", "wallet_topup"): credits.topped_up,
    ("rounding", ""): sales.sale,
    ("tax", "tax_percent"): taxes.taxed,
}


def figures(case: Body, quote: Quote) -> Body:
    """Work out the figures of a case from quotes."""
    kind, model = case["kind"], case["model"]
    handler = HANDLERS.get((kind, model)) or HANDLERS.get((kind, ""))
    if handler is None:
        raise Unknown(f"{kind}, {model}")
    config, usage = Members(case["config"], "config"), _used(case["usage"])
    found = handler(Desk(quote, case["currency"]), model, config, usage)
    config.done()
    usage.done()
    return found


def differences(case: Body, quote: Quote) -> list[str]:
    """Say where our figures differ from those of a case; nothing said is the same."""
    scale = shown.Scale(Desk(quote, case["currency"]).unit, exact=case["currency"] is None)
    return shown.differences(case["expected"], figures(case, quote), scale)


def _used(usage: Any) -> Members:
    """What was used; a single text is a quantity."""
    if usage is None:
        return Members({}, "usage")
    return Members(usage if isinstance(usage, dict) else {"quantity": usage}, "usage")
