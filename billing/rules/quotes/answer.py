"""A quote's answer: bills as JSON values, every number as exact text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing.rules.balances import Balance
from billing.rules.lines import Line
from billing.rules.quotes.quote import Quoted
from billing.rules.rated import Step
from monetization.values.money import EXACT, plain, round_once, total_of
from monetization.values.periods import DAY, Period


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
        "lines": [_line(line, places, quoted.terms.currency) for line in bill.lines],
        "instruments": [_balance(each) for each in bill.balances],
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


def _line(line: Line, places: dict[int, int], currency: str) -> dict[str, Any]:
    rated = line.rated
    return {
        "kind": line.kind.value,
        "charge": line.charge,
        "product": line.product,
        "name": line.name,
        "tax_category": line.tax_category,
        "row": rated.price.row_id if rated else line.row,
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
        "discounts": list(line.discounts),
        "instrument": line.instrument or None,
        "of": places[id(line.of)] if line.of is not None else None,
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


def _balance(balance: Balance) -> dict[str, Any]:
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


def _charge(quoted: Quoted, version: int) -> str:
    charges = (charge for segment in quoted.terms.segments for charge in segment.charges)
    return next((charge.slot for charge in charges if charge.metric.version_id == version), "")
