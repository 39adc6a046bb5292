"""A quote's answer: bills as JSON values, every number as exact text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from billing.rules.quotes.answered import answered_balance, answered_line
from billing.rules.quotes.quote import Quoted
from monetization.values.money import EXACT, plain, round_once, total_of
from monetization.values.periods import DAY


def answer_of(found: Sequence[Quoted], currency: str, booked: Decimal) -> dict[str, Any]:
    """Write all bills; the sums keep the currency's digits."""
    net = round_once(total_of(each.bill.net for each in found), currency)
    tax = round_once(total_of(each.bill.tax for each in found), currency)
    return {
        "currency": currency,
        "invoices": [invoice_of(each) for each in found],
        "net": str(net),
        "tax": str(tax),
        "total": str(EXACT.add(net, tax)),
        "difference": plain(EXACT.subtract(net, booked)),
    }


def invoice_of(quoted: Quoted) -> dict[str, Any]:
    """Write one bill."""
    span, bill = quoted.span, quoted.bill
    places = {id(line): number for number, line in enumerate(bill.lines)}
    return {
        "period": {"start_date": span.first.isoformat(), "end_date": (span.until - DAY).isoformat()},
        "full_period": {"start_date": span.starts.isoformat(), "end_date": (span.ends - DAY).isoformat()},
        "lines": [answered_line(line, places, quoted.terms.currency) for line in bill.lines],
        "instruments": [answered_balance(each) for each in bill.balances],
        "taxes": [
            {"category": tax.category, "percent": plain(tax.percent), "base": str(tax.base), "amount": str(tax.amount)}
            for tax in bill.taxes
        ],
        "unpriced": [
            {
                "charge": _charge(quoted, row.metric_version_id),
                "dimensions": dict(row.dims),
                "quantity": plain(row.quantity),
            }
            for row in bill.unpriced
        ],
        "net": str(bill.net),
        "tax": str(bill.tax),
        "total": str(bill.total),
    }


def _charge(quoted: Quoted, version: int) -> str:
    charges = (charge for segment in quoted.terms.segments for charge in segment.charges)
    return next((charge.slot for charge in charges if charge.metric.version_id == version), "")
