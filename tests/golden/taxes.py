"""Taxes, and money that is rounded line by line."""

from __future__ import annotations

from fractions import Fraction

from tests.golden.answers import Desk, Money
from tests.golden.members import Body, Members, text

HUNDRED = 100


def taxed(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Tax on lines of one category, after what comes off them."""
    category = config.word("treatment", {"taxed": "S", "exempt": "E"}, "taxed")
    taxes = [{"category": category, "percent": text(percent)} for percent in _percents(config)]
    discounts = [{"id": "off", "amount": text(config.number("discount"))}] if "discount" in config else []
    lines = [
        {"key": f"line-{number}", "kind": "one_time", "amount": text(amount), "tax_category": category}
        for number, amount in enumerate(_lines(desk, usage))
    ]
    answer = desk.ask(lines, taxes=taxes, discounts=discounts)
    parts = [Fraction(tax["amount"]) for invoice in answer.invoices for tax in invoice["taxes"]]
    return {
        "tax": Money(answer.tax, answer.tax),
        "taxes": [Money(part, part) for part in parts],
        "total": Money(answer.total, answer.total),
    }


def _percents(config: Members) -> list[Fraction]:
    if "rates_pct" in config:
        return config.numbers("rates_pct")
    if "rate_pct" in config:
        return [config.number("rate_pct")]
    return [config.number("rate", 0) * HUNDRED]


def _lines(desk: Desk, usage: Members) -> list[Fraction]:
    if "lines" in usage:
        return usage.numbers("lines")
    if "lines_cents" in usage:
        return [desk.major(cents) for cents in usage.numbers("lines_cents")]
    return [usage.number("taxable" if "taxable" in usage else "subtotal")]


def money(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Amounts that are due once, each rounded once."""
    config.expect("mode", "half_up (away from zero)")
    config.expect("round", "per_line_then_sum")
    amounts = usage.numbers("lines") if "lines" in usage else [usage.number("quantity")]
    lines = [{"key": f"line-{n}", "kind": "one_time", "amount": text(amount)} for n, amount in enumerate(amounts)]
    answer = desk.ask(lines)
    net = Money(answer.net, answer.net)
    return {"amount": net, "subtotal": net}
