"""A document as HTML: one self-contained page that prints as A4. Reads the frozen value and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from billing.documents import figures
from billing.rules.printed import InvoiceDocument, PrintedLine, PrintedStep
from billing.rules.tax import EU
from monetization.values.money import total_of

MOST_ROWS = 300  # a longer table says so and leaves the rest to the annex; pages beyond help nobody

COUNTRIES_WITH_VAT = EU | {"GB", "NO", "CH"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the lines' table in words; ``tone`` is ``line`` or ``step``."""

    tone: str
    text: str
    quantity: str = ""
    unit: str = ""
    price: str = ""
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A product with its rows and the sum of its lines."""

    product: str
    amount: str
    rows: list[Row]


def html_of(document: InvoiceDocument) -> str:
    """Write the page. What is printed as text is escaped by the template."""
    return render_to_string("documents/invoice.html", context_of(document))


def context_of(document: InvoiceDocument) -> dict[str, Any]:
    """Give the template its words and figures, all of them text."""
    shared = _shared_discounts(document)
    groups, left_out = _cut(_groups(document, said=shared))
    return {
        "document": document,
        "title": "Invoice" if not document.is_preview else "Invoice preview",
        "vat": "VAT" if document.seller.country in COUNTRIES_WITH_VAT else "Tax",
        "issued": figures.day(document.issue_date),
        "due": figures.day(document.due_date),
        "period": figures.span(document.first_date, document.last_date),
        "groups": groups,
        "left_out": left_out,
        "discounts": shared,
        "net": figures.amount(document.net, document.currency),
        "tax": figures.amount(document.tax, document.currency),
        "total": figures.amount(document.total, document.currency),
        "taxes": _taxes(document),
        "reasons": list(dict.fromkeys(tax.reason for tax in document.taxes if tax.reason)),
    }


def _shared_discounts(document: InvoiceDocument) -> tuple[str, ...]:
    """Give the discounts that every line has, so that they are said once."""
    found = {line.discounts for line in document.lines if not line.lowers}
    return found.pop() if len(found) == 1 else ()


def _groups(document: InvoiceDocument, said: tuple[str, ...]) -> list[Group]:
    return [
        Group(
            product=product,
            amount=figures.amount(total_of(line.amount for line in lines), document.currency),
            rows=[row for line in lines for row in _rows(line, document, said)],
        )
        for product, lines in document.by_product()
    ]


def _rows(line: PrintedLine, document: InvoiceDocument, said: tuple[str, ...]) -> list[Row]:
    row = Row(
        tone="line",
        text=figures.detail(line, (document.first_date, document.last_date)) or line.product,
        quantity=figures.number(line.quantity) if line.quantity or line.steps else "",
        unit=line.unit,
        price=figures.number(line.unit_price) if line.unit_price is not None else "",
        amount=figures.amount(line.amount, document.currency),
    )
    steps = [] if line.unit_price is not None else [_step(step, line, document.currency) for step in line.steps]
    own = [Row(tone="step", text=f"after {name}") for name in line.discounts if name not in said]
    return [row, *steps, *_worth(line, document.currency), *own]


def _worth(line: PrintedLine, currency: str) -> list[Row]:
    """Say what the unit of a line's prices is worth, where it is no currency."""
    if not line.pricing_unit:
        return []
    text = f"prices in {line.pricing_unit}, each {figures.number(line.rate)} {currency}"
    return [Row(tone="step", text=text)]


def _step(step: PrintedStep, line: PrintedLine, currency: str) -> Row:
    fee = f" + {figures.number(step.flat_fee)}" if step.flat_fee else ""
    return Row(
        tone="step",
        text=figures.tier(step),
        quantity=figures.number(step.quantity),
        unit=line.unit if line.counts_units else "",
        price=figures.number(step.unit_price) + fee,
        amount=figures.amount(step.amount, currency),
    )


def _cut(groups: list[Group]) -> tuple[list[Group], int]:
    """Keep the first rows of a long invoice, and say how many are left out; sums of products stay whole."""
    kept, room = [], MOST_ROWS
    for group in groups:
        kept.append(Group(group.product, group.amount, group.rows[:room]))
        room = max(room - len(group.rows), 0)
    return kept, sum(len(group.rows) for group in groups) - sum(len(group.rows) for group in kept)


def _taxes(document: InvoiceDocument) -> list[dict[str, str]]:
    return [
        {
            "category": tax.category,
            "percent": figures.percent(tax.percent),
            "base": figures.amount(tax.base, document.currency),
            "amount": figures.amount(tax.amount, document.currency),
        }
        for tax in document.taxes
    ]
