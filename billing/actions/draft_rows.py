"""The rows of drafts, from ratings: lines, taxes, drawdowns and findings of many invoices in one statement a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from billing.actions import balances
from billing.models import Drawdown, Evidence, Flag, Invoice, InvoiceLine, InvoiceTax
from billing.queries.rated import Rated
from billing.rules import anomalies
from billing.rules.kept import source_of_line, step_of, words
from billing.rules.lines import Line
from billing.rules.rated import RatedLine
from catalog.models import Instrument, Product
from catalog.rules.terms import Level
from monetization.values.money import plain, round_half_away

PLACES = 18
DROP_LINES = "DELETE FROM billing_invoiceline WHERE invoice_id = ANY(%s)"
Pair = tuple[Invoice, Rated]
Key = tuple[int, str]


def empty(invoices: Sequence[Invoice]) -> None:
    """Take all computed rows off drafts."""
    ids = [each.pk for each in invoices]
    Evidence.objects.filter(line__invoice__in=ids).delete()
    for model in (Flag, InvoiceTax, Drawdown):
        model._default_manager.filter(invoice__in=ids).delete()
    with connection.cursor() as cursor:
        cursor.execute(DROP_LINES, [ids])


def write(pairs: Sequence[Pair]) -> dict[int, list[InvoiceLine]]:
    """Write lines, taxes and drawdowns of empty drafts; gives the lines, in their order, by invoice."""
    found = _write_lines(pairs)
    InvoiceTax.objects.bulk_create(
        InvoiceTax(
            invoice=invoice, category=tax.category, percent=tax.percent, base=tax.base, amount=tax.amount,
            reason=tax.reason[:200],
        )
        for invoice, rated in pairs
        for tax in rated.taxes.lines
    )  # fmt: skip
    balances.write(pairs)
    return found


def write_flags(found: Sequence[tuple[Invoice, anomalies.Flag, Sequence[InvoiceLine]]]) -> None:
    """Write findings down, each beside the line of its invoice that it is about."""
    Flag.objects.bulk_create(
        Flag(
            invoice=invoice, line=lines[flag.line] if flag.line is not None else None, code=flag.code,
            severity=flag.severity.value, sentence=flag.sentence[:300],
        )
        for invoice, flag, lines in found
    )  # fmt: skip


def _write_lines(pairs: Sequence[Pair]) -> dict[int, list[InvoiceLine]]:
    """Write first the lines that others lower, then the ones that lower them."""
    known, rows = _known(pairs), dict[int, InvoiceLine]()
    for lowering in (False, True):
        mine = [each for each in _lines(pairs) if (each[2].of is not None) is lowering]
        made = InvoiceLine.objects.bulk_create(
            _line(invoice, position, line, rated, known, rows.get(id(line.of)))
            for (invoice, rated), position, line in mine
        )
        rows |= {id(line): row for (_, _, line), row in zip(mine, made, strict=True)}
    return {invoice.pk: [rows[id(line)] for line in rated.lines] for invoice, rated in pairs}


def _lines(pairs: Sequence[Pair]) -> Iterator[tuple[Pair, int, Line]]:
    for pair in pairs:
        for position, line in enumerate(pair[1].lines, start=1):
            yield pair, position, line


@dataclass(frozen=True, slots=True)
class _Known:
    """Rows that lines point at: products by environment and key, instruments by account and key."""

    products: Mapping[Key, int]
    instruments: Mapping[Key, Instrument]

    def instrument(self, invoice: Invoice, key: str) -> Instrument | None:
        return self.instruments.get((invoice.account_id, key)) if key else None

    def names(self, invoice: Invoice, line: Line) -> dict[str, str]:
        """Name what a line, or the one that it lowers, is covered by."""
        keys = {line.instrument, line.of.instrument if line.of is not None else ""}
        named = {key: self.instrument(invoice, key) for key in keys}
        return {key: each.name for key, each in named.items() if each is not None}


def _known(pairs: Sequence[Pair]) -> _Known:
    lines = [line for _, rated in pairs for line in rated.lines]
    products = Product.objects.filter(
        environment__in={invoice.environment_id for invoice, _ in pairs}, key__in={line.product for line in lines}
    )
    covering = {line.instrument for line in lines if line.instrument}
    instruments = Instrument.objects.filter(account__in={invoice.account_id for invoice, _ in pairs}, key__in=covering)
    return _Known(
        {(place, key): pk for place, key, pk in products.values_list("environment_id", "key", "pk")},
        {(each.account_id, each.key): each for each in instruments} if covering else {},
    )


def _line(
    invoice: Invoice, position: int, line: Line, rated: Rated, known: _Known, of: InvoiceLine | None
) -> InvoiceLine:
    used = line.rated
    return InvoiceLine(
        invoice=invoice,
        position=position,
        kind=line.kind.value,
        charge=line.charge[:80],
        of=of,
        instrument=known.instrument(invoice, line.instrument),
        lowers_tax=line.lowers_tax,
        product_id=known.products.get((invoice.environment_id, line.product)),
        **_row(used),
        metric_version_id=used.metric.version_id if used is not None else None,
        description=words(line, known.names(invoice, line))[:300],
        match=dict(line.match),
        starts_at=line.period.starts_at,
        ends_at=line.period.ends_at or invoice.period_ends_at,
        quantity=round_half_away(line.quantity, PLACES),
        unit=used.unit if used is not None else "",
        exact=plain(line.exact),
        amount=line.amount,
        tax_category=line.tax_category,
        events=used.events if used is not None else 0,
        steps=[step_of(step) for step in line.steps],
        source=source_of_line(line, rated.terms.discounts, _origin(invoice)),
    )


def _row(used: RatedLine | None) -> dict[str, int]:
    """Name the row that priced a line of usage: the card's, or the contract's own."""
    if used is None:
        return {}
    own = used.price.level is Level.CONTRACT
    return {"override_id" if own else "price_id": used.price.row_id}


def _origin(invoice: Invoice) -> dict[str, Any]:
    """Say where fees are agreed."""
    contract = invoice.contract
    approval = f"foundation.change_request:{contract.request_id}" if contract.request_id else ""
    return {"contract": contract.key, "approval": approval}
