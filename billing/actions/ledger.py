"""Book transfers. Append-only; a source is booked once for ever, so a repeat is an error and never a second booking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billing.models import Invoice, LedgerAccount, Transfer
from billing.rules import transfers as rules


def books_of(invoice: Invoice) -> rules.Books:
    """Name the books that an invoice belongs to."""
    return rules.Books(invoice.environment.key, invoice.legal_entity.key, invoice.currency)


def book(*, invoice: Invoice, transfers: Sequence[rules.Transfer], at: datetime) -> None:
    """Write the transfers of a fact about an invoice; accounts that the books lack are opened."""
    accounts = _accounts(invoice, {code for each in transfers for code in (each.debit, each.credit)})
    Transfer.objects.bulk_create(
        Transfer(
            environment_id=invoice.environment_id,
            legal_entity_id=invoice.legal_entity_id,
            invoice=invoice,
            debit_id=accounts[each.debit],
            credit_id=accounts[each.credit],
            amount=each.amount,
            currency=each.books.currency,
            code=each.code,
            source=each.source,
            booked_at=at,
        )
        for each in transfers
    )


def _accounts(invoice: Invoice, codes: set[str]) -> dict[str, int]:
    rows = LedgerAccount.objects.filter(legal_entity_id=invoice.legal_entity_id, code__in=codes)
    known = dict(rows.values_list("code", "pk"))
    if len(known) == len(codes):
        return known
    missing = sorted(codes - known.keys())  # in one order everywhere, so that two openers can't deadlock
    LedgerAccount.objects.bulk_create(
        [LedgerAccount(legal_entity_id=invoice.legal_entity_id, code=code) for code in missing],
        ignore_conflicts=True,
    )
    return dict(rows.all().values_list("code", "pk"))
