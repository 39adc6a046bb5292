"""Compute a draft: rate its period again and replace its lines, taxes, flags and totals.

A draft is a view of usage and terms that is kept so that lists and search can see it. Replacing it is no change
of state, so it leaves no history and no audit entry; nothing here may touch an invoice that is not a draft
(the database refuses it too).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import F

from billing.actions import balances
from billing.models import Flag, Invoice, InvoiceLine, InvoiceTax
from billing.queries.rated import Rated, rated
from billing.rules import anomalies
from billing.rules.anomalies import Review, Severity
from billing.rules.kept import source_of_line, step_of, words
from billing.rules.lifecycle import Status
from billing.rules.lines import Line
from billing.rules.tax import TaxLine
from catalog.models import Instrument, Product
from metering.queries import mark_of
from monetization.values.errors import DomainError, Invalid
from monetization.values.money import plain, round_half_away

PLACES = 18
MOST = 10**19  # one digit less than amounts and quantities have, so that sums fit too
EXACT_LENGTH = 120
PARKED = "PARKED"


def recompute(invoice: Invoice, *, at: datetime) -> Rated | None:
    """Bring a locked draft up to date; None where its terms can't be found (it is then parked with a flag)."""
    mark = mark_of(invoice.account_id)
    try:
        found = rated(contract=invoice.contract, period=invoice.period, kind=invoice.kind)
        _guard_size(found)
    except DomainError as error:
        _park(invoice, error, mark, at)
        return None
    _empty(invoice)
    lines = _write_lines(invoice, found)
    _write_taxes(invoice, found.taxes.lines)
    balances.write(invoice, found)
    write_flags(invoice, anomalies.flags(_review(invoice, found)), lines)
    _keep(
        invoice,
        net=found.totals.net,
        tax=found.totals.tax,
        total=found.totals.total,
        usage_mark=found.mark,
        terms_digest=found.terms_digest,
        rated_at=at,
    )
    return found


def _guard_size(found: Rated) -> None:
    """Refuse figures that no column can hold; usage or a price that large is a mistake. Raises Invalid."""
    for line in found.lines:
        measured = line.rated.measured if line.rated is not None else Fraction(0)
        figures = (Fraction(line.amount), line.quantity, measured)
        if max(map(abs, figures)) >= MOST or len(plain(line.exact)) > EXACT_LENGTH:
            raise Invalid(
                f"{words(line, {})}: the figures are larger than the books can hold",
                fix="Look at the usage behind it, and at its price",
            )


def write_flags(invoice: Invoice, found: Iterable[anomalies.Flag], lines: Sequence[InvoiceLine]) -> None:
    """Write findings down, each beside the line that it is about."""
    Flag.objects.bulk_create(
        Flag(
            invoice=invoice,
            line=lines[flag.line] if flag.line is not None else None,
            code=flag.code,
            severity=flag.severity.value,
            sentence=flag.sentence[:300],
        )
        for flag in found
    )


def previous_net(invoice: Invoice) -> Decimal | None:
    """Find what the contract's period before came to; None for its first invoice."""
    before = Invoice.objects.filter(
        contract_id=invoice.contract_id, kind=invoice.kind, period_ends_at__lte=invoice.period_starts_at
    )
    return before.order_by("-period_starts_at").values_list("net", flat=True).first()


def _review(invoice: Invoice, found: Rated) -> Review:
    return Review(
        lines=found.usage,
        net=found.totals.net,
        currency=invoice.currency,
        previous_net=previous_net(invoice),
        unpriced=found.unpriced,
        missing_tax=found.taxes.missing,
    )


def _park(invoice: Invoice, error: DomainError, mark: int, at: datetime) -> None:
    """Leave an invoice without lines and say why, until usage or terms move again."""
    _empty(invoice)
    sentence = ". ".join(part for part in (error.message, error.fix) if part)
    write_flags(invoice, [anomalies.Flag(PARKED, Severity.BLOCK, sentence)], [])
    nothing = {"net": Decimal(0), "tax": Decimal(0), "total": Decimal(0), "terms_digest": None}
    _keep(invoice, usage_mark=mark, rated_at=at, **nothing)


def _empty(invoice: Invoice) -> None:
    for part in (invoice.flags, invoice.lines, invoice.taxes, invoice.drawdowns):
        part.all().delete()


def _keep(invoice: Invoice, **values: Any) -> None:
    """Write computed columns past the history, which is for what people decide."""
    draft = Invoice.objects.filter(pk=invoice.pk, status=Status.DRAFT.value)
    draft.update(revision=F("revision") + 1, **values)
    invoice.refresh_from_db()


def _write_lines(invoice: Invoice, found: Rated) -> list[InvoiceLine]:
    """Write the lines in order: first those that others lower, then the ones that lower them."""
    known = _known(invoice, found)
    positions = {id(line): number for number, line in enumerate(found.lines, start=1)}
    rows: dict[int, InvoiceLine] = {}
    for lowering in (False, True):
        mine = [line for line in found.lines if (line.of is not None) is lowering]
        made = InvoiceLine.objects.bulk_create(
            _line(invoice, positions[id(line)], line, found, known, rows.get(id(line.of))) for line in mine
        )
        rows |= {id(line): row for line, row in zip(mine, made, strict=True)}
    return [rows[id(line)] for line in found.lines]


@dataclass(frozen=True, slots=True)
class _Known:
    """Rows that lines point at, by key; ``origin``: where fees are agreed."""

    products: Mapping[str, int]
    instruments: Mapping[str, Instrument]
    origin: Mapping[str, str]

    @property
    def names(self) -> dict[str, str]:
        return {key: each.name for key, each in self.instruments.items()}


def _known(invoice: Invoice, found: Rated) -> _Known:
    keys = {line.product for line in found.lines}
    rows = Product.objects.filter(environment_id=invoice.environment_id, key__in=keys)
    contract = invoice.contract
    instruments = Instrument.objects.filter(account_id=contract.account_id, key__in={x.instrument for x in found.lines})
    approval = f"foundation.change_request:{contract.request_id}" if contract.request_id else ""
    origin = {"contract": contract.key, "approval": approval}
    return _Known(dict(rows.values_list("key", "pk")), {each.key: each for each in instruments}, origin)


def _line(
    invoice: Invoice, position: int, line: Line, found: Rated, known: _Known, of: InvoiceLine | None
) -> InvoiceLine:
    used = line.rated
    instrument = known.instruments.get(line.instrument)
    return InvoiceLine(
        invoice=invoice,
        position=position,
        kind=line.kind.value,
        charge=line.charge[:80],
        of=of,
        instrument=instrument,
        lowers_tax=line.lowers_tax,
        product_id=known.products.get(line.product),
        price_id=used.price.row_id if used is not None else None,
        metric_version_id=used.metric.version_id if used is not None else None,
        description=words(line, known.names)[:300],
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
        source=source_of_line(line, found.terms.discounts, known.origin),
    )


def _write_taxes(invoice: Invoice, taxes: Sequence[TaxLine]) -> None:
    InvoiceTax.objects.bulk_create(
        InvoiceTax(
            invoice=invoice,
            category=tax.category,
            percent=tax.percent,
            base=tax.base,
            amount=tax.amount,
            reason=tax.reason[:200],
        )
        for tax in taxes
    )
