"""An invoice beside the one before it: which lines moved, by how much and why."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from billing.models import Invoice, InvoiceLine
from billing.rules.moves import Figures, Move, move, percent_of

Same = tuple[str, str, int | None, int | None, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The invoice before (None: this is the first), moves by line id, lines that are gone."""

    before: Invoice | None
    moves: dict[int, Move]
    gone: tuple[tuple[InvoiceLine, Move], ...]
    percent: Decimal | None


def compare(invoice: Invoice) -> Comparison:
    """Set an invoice beside that of the period before, line by line (kind, charge, product, balance and match)."""
    before = (
        Invoice.objects.filter(contract_id=invoice.contract_id, kind=invoice.kind)
        .filter(period_starts_at__lt=invoice.period_starts_at)
        .order_by("-period_starts_at")
        .first()
    )
    was = {_same(line): line for line in _lines(before)} if before else {}
    now = {_same(line): line for line in _lines(invoice)}
    return Comparison(
        before=before,
        moves=_moves(now, was) if before else {},
        gone=tuple((line, move(None, _figures(line))) for key, line in was.items() if key not in now),
        percent=percent_of(invoice.net - before.net, before.net) if before else None,
    )


def _moves(now: dict[Same, InvoiceLine], was: dict[Same, InvoiceLine]) -> dict[int, Move]:
    earlier = {key: _figures(line) for key, line in was.items()}
    return {line.pk: move(_figures(line), earlier.get(key)) for key, line in now.items()}


def _lines(invoice: Invoice) -> list[InvoiceLine]:
    return list(invoice.lines.select_related("product"))


def _same(line: InvoiceLine) -> Same:
    named = line.description if line.of_id is not None else ""
    return line.kind, line.charge, line.product_id, line.instrument_id, named, tuple(sorted(line.match.items()))


def _figures(line: InvoiceLine) -> Figures:
    prices = tuple(Decimal(step["unit_price"]).normalize() for step in line.steps)
    return Figures(line.amount, line.quantity, line.unit, prices)
