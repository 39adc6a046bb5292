"""Compute drafts: rate their periods again and replace their lines, taxes, flags and totals.

A draft is a view of usage and terms that is kept so that lists and search can see it. Replacing it is no change
of state, so it leaves no history and no audit entry; nothing here may touch an invoice that is not a draft
(the database refuses it too). One draft is computed as many are, in the same statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.actions import balances, draft_rows
from billing.actions.draft_totals import keep_totals
from billing.models import Invoice, InvoiceLine
from billing.queries.due import Due
from billing.queries.rated import Rated, rated_all
from billing.queries.reviews import previous_nets
from billing.rules import anomalies
from billing.rules.anomalies import Flag, Review, Severity
from billing.rules.kept import words
from billing.rules.lifecycle import Kind
from billing.rules.totals import Totals
from catalog.queries import period_of
from metering.queries import marks
from monetization.values.errors import DomainError, Invalid, NotFound
from monetization.values.money import plain

MOST = 10**19  # one digit less than amounts and quantities have, so that sums fit too
EXACT_LENGTH = 120
PARKED = "PARKED"
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Computed:
    """What a draft comes to, or why it can't be said; ``mark``: the usage mark that it reflects at least."""

    found: Rated | DomainError
    mark: int


def recompute(invoice: Invoice, *, at: datetime) -> Rated | None:
    """Bring a locked draft up to date; None where its terms can't be found (it is then parked with a flag)."""
    (made,) = compute([due_of(invoice)])
    if isinstance(made, Exception):
        raise made
    draft_rows.empty([invoice])
    write([(invoice, made)], at=at)
    invoice.refresh_from_db()
    return made.found if isinstance(made.found, Rated) else None


def due_of(invoice: Invoice) -> Due:
    """Give what a locked draft is for; its period ends where an amendment has moved its contract's end."""
    if invoice.kind == Kind.COMMIT.value:  # a day of purchases, wherever its contract ends
        return Due(invoice.contract, invoice.period, invoice.kind)
    with suppress(NotFound):  # outside the contract its terms say why
        ends_at = period_of(invoice.contract, invoice.period_starts_at).ends_at
        if ends_at is not None and ends_at != invoice.period_ends_at:
            Invoice.objects.filter(pk=invoice.pk).update(period_ends_at=ends_at)
            invoice.period_ends_at = ends_at
    return Due(invoice.contract, invoice.period, invoice.kind)


def compute(dues: Sequence[Due]) -> list[Computed | Exception]:
    """Rate what is due, saving nothing; a fault of the program stands in the place of what it struck."""
    known = marks([due.contract.account_id for due in dues])
    return [
        _computed(found, known.get(due.contract.account_id, 0))
        for due, found in zip(dues, rated_all(dues), strict=True)
    ]  # fmt: skip


def write(made: Sequence[tuple[Invoice, Computed]], *, at: datetime) -> None:
    """Write locked drafts without rows; none may rest on another one's balances."""
    rated = [(invoice, each.found) for invoice, each in made if isinstance(each.found, Rated)]
    balances.prepare([invoice for invoice, _ in rated], at=at)
    lines = draft_rows.write(rated)
    before = previous_nets([invoice for invoice, _ in rated])
    flags = [
        (invoice, flag, lines[invoice.pk])
        for invoice, found in rated
        for flag in anomalies.flags(_review(invoice, found, before.get(invoice.pk)))
    ]
    parked = [(invoice, each.found) for invoice, each in made if isinstance(each.found, DomainError)]
    draft_rows.write_flags([*flags, *((invoice, _why(error), ()) for invoice, error in parked)])
    keep_totals([_totals(*each) for each in made], at=at)


def write_flags(invoice: Invoice, found: Iterable[Flag], lines: Sequence[InvoiceLine]) -> None:
    """Write findings down, each beside the line that it is about."""
    draft_rows.write_flags([(invoice, flag, lines) for flag in found])


def _computed(found: Rated | Exception, mark: int) -> Computed | Exception:
    if isinstance(found, Rated):
        fault = _size_fault(found)
        return Computed(found, found.mark) if fault is None else Computed(fault, mark)
    return Computed(found, mark) if isinstance(found, DomainError) else found


def _size_fault(found: Rated) -> Invalid | None:
    """Find a figure that no column can hold; usage or a price that large is a mistake."""
    for line in found.lines:
        measured = line.rated.measured if line.rated is not None else Fraction(0)
        figures = (Fraction(line.amount), line.quantity, measured)
        if max(map(abs, figures)) >= MOST or len(plain(line.exact)) > EXACT_LENGTH:
            return Invalid(
                f"{words(line, {})}: the figures are larger than the books can hold",
                fix="Look at the usage behind it, and at its price",
            )
    return None


def _review(invoice: Invoice, found: Rated, before: Decimal | None) -> Review:
    return Review(
        lines=found.usage,
        net=found.totals.net,
        currency=invoice.currency,
        previous_net=before,
        unpriced=found.unpriced,
        missing_tax=found.taxes.missing,
        overdrawn=tuple(each.instrument.id for each in found.bill.balances if each.instrument.balance < 0),
    )


def _why(error: DomainError) -> Flag:
    """Say why an invoice is left without lines, until usage or terms move again."""
    sentence = ". ".join(part for part in (error.message, error.fix) if part)
    return Flag(PARKED, Severity.BLOCK, sentence)


def _totals(invoice: Invoice, made: Computed) -> tuple[Invoice, Totals, int, bytes | None]:
    if isinstance(made.found, Rated):
        return invoice, made.found.totals, made.mark, made.found.terms_digest
    return invoice, Totals(NOTHING, NOTHING, NOTHING), made.mark, None
