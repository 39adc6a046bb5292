"""An invoice as the document that it prints: from its frozen copy once issued, from its rows before."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from babel import Locale

from billing.models import Invoice, InvoiceLine, InvoiceTax, IssuedCopy
from billing.queries.agreed import agreed_by
from billing.rules.printed import (
    InvoiceDocument,
    Party,
    PrintedLine,
    PrintedStep,
    PrintedTax,
    document_of,
)
from monetization.foundation.models import Account, LegalEntity
from monetization.values.money import plain, round_half_away, round_once
from monetization.values.periods import local_date

ENGLISH = Locale("en", "GB")
CITY_FIRST = frozenset({"AU", "CA", "GB", "IE", "IN", "JP", "KR", "NZ", "SG", "US"})


def invoice_document(invoice: Invoice) -> InvoiceDocument:
    """Give the document that the invoice prints; issued ones never change, others are previews."""
    copy = IssuedCopy.objects.filter(invoice_id=invoice.pk).first()
    return document_of(copy.content) if copy is not None else document_from_rows(invoice)


def document_from_rows(invoice: Invoice) -> InvoiceDocument:
    """Put the invoice's rows into the shape of its document, as seller and buyer are now."""
    account, contract, zone = invoice.account, invoice.contract, invoice.account.time_zone
    agreed = agreed_by(invoice)
    return InvoiceDocument(
        kind=invoice.kind,
        number=invoice.number or None,
        issue_date=local_date(invoice.issued_at, zone) if invoice.issued_at else None,
        due_date=invoice.due_date,
        net_days=agreed.net_days,
        currency=invoice.currency,
        language=account.language,
        zone=zone,
        first_date=local_date(invoice.period_starts_at, zone),
        last_date=local_date(invoice.period_ends_at - timedelta(microseconds=1), zone),
        seller=_seller(invoice.legal_entity),
        buyer=_buyer(account),
        customer=account.customer.name,
        contract=contract.key,
        contract_name=contract.name,
        purchase_order=agreed.purchase_order,
        lines=tuple(_line(line, zone, invoice.currency) for line in invoice.lines.select_related("product", "of")),
        taxes=tuple(_tax(tax, invoice.currency) for tax in invoice.taxes.all()),
        net=round_once(invoice.net, invoice.currency),
        tax=round_once(invoice.tax, invoice.currency),
        total=round_once(invoice.total, invoice.currency),
    )


def _seller(entity: LegalEntity) -> Party:
    return Party(
        name=entity.name,
        lines=_address(entity),
        country=entity.country,
        tax_id=entity.tax_id,
        key=entity.key,
        registration=entity.registration,
        bank_details=entity.bank_details,
    )


def _buyer(account: Account) -> Party:
    return Party(
        name=account.name,
        lines=_address(account),
        country=account.country,
        tax_id=account.tax_id,
        key=account.key,
    )


def _address(place: LegalEntity | Account) -> tuple[str, ...]:
    first, then = (place.city, place.postal_code) if place.country in CITY_FIRST else (place.postal_code, place.city)
    town = f"{first} {then}".strip()
    country = ENGLISH.territories.get(place.country, place.country)
    return tuple(part for part in (place.street, town, country) if part)


def _line(line: InvoiceLine, zone: str, currency: str) -> PrintedLine:
    unit = line.source.get("pricing_unit", {})
    return PrintedLine(
        position=line.position,
        kind=line.kind,
        of=line.of.position if line.of is not None else None,
        product=line.heading,
        detail=line.description,
        first_date=local_date(line.starts_at, zone),
        last_date=local_date(line.ends_at - timedelta(microseconds=1), zone),
        quantity=_exact(line.quantity),
        unit=line.unit,
        amount=round_once(line.amount, currency),
        tax_category=line.tax_category,
        steps=tuple(_step(step, currency) for step in line.steps),
        discounts=tuple(line.source.get("discounts", ())),
        pricing_unit=unit.get("key", ""),
        rate=_exact(unit.get("rate", "1")),
    )


def _step(step: dict[str, Any], currency: str) -> PrintedStep:
    return PrintedStep(
        over=_exact(step["over"]),
        up_to=_exact(step["up_to"]) if step["up_to"] is not None else None,
        quantity=_exact(step["quantity"]),
        unit_price=_exact(step["unit_price"]),
        flat_fee=_exact(step["flat_fee"]),
        amount=round_once(Decimal(step["share"]), currency),
        weight=step.get("weight", "1"),
    )


def _tax(tax: InvoiceTax, currency: str) -> PrintedTax:
    return PrintedTax(
        category=tax.category,
        percent=_exact(tax.percent),
        base=round_once(tax.base, currency),
        amount=round_once(tax.amount, currency),
        reason=tax.reason,
    )


def _exact(value: Decimal | str) -> Decimal:
    """Give a number in one form, wherever it was read; one that never ends keeps 18 places."""
    return Decimal(plain(round_half_away(Fraction(value), 18)))
