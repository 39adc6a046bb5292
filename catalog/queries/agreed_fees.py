"""Recurring and one-time charges of a contract, as fees of a billing period."""

from collections.abc import Iterable
from datetime import date

from catalog.models import Contract, OneTimeCharge, RecurringCharge
from catalog.queries.contracts import cycle_of
from catalog.rules.agreed import Timing
from catalog.rules.fees import FeeTerms, one_time_fee, recurring_fee
from catalog.rules.spans import Span, billed_with
from catalog.rules.terms import Fee, Source
from monetization.values.periods import Cadence


def fees_of(contract: Contract, span: Span) -> Iterable[Fee]:
    """List the fees that a billing period bills."""
    zone, cycle, source = contract.account.time_zone, cycle_of(contract), _source(contract)
    recurring = RecurringCharge.objects.filter(contract=contract).select_related("product").prefetch_related("changes")
    for charge in recurring.order_by("pk"):
        changes = [(each.start_date, each.quantity) for each in charge.changes.all()]
        cadence, timing = Cadence(charge.cadence) if charge.cadence else None, Timing(charge.timing.lower())
        for each in billed_with(cycle, cadence, timing, span):
            yield recurring_fee(
                _fee(charge, "recurring", source), changes, each, timing=timing, currency=contract.currency, zone=zone
            )
    for once in OneTimeCharge.objects.filter(contract=contract).select_related("product").order_by("pk"):
        day: date = once.date or contract.start_date
        if span.first <= day < span.until:
            yield one_time_fee(_fee(once, "one_time", source), day, currency=contract.currency, zone=zone)


def _fee(charge: RecurringCharge | OneTimeCharge, kind: str, source: Source) -> FeeTerms:
    product = charge.product
    return FeeTerms(
        row_id=charge.pk, key=f"{kind}:{charge.key}", product=product.key, name=charge.name,
        tax_category=product.tax_category, tags=frozenset(product.tags), unit_price=charge.unit_price,
        quantity=charge.quantity, source=source,
    )  # fmt: skip


def _source(contract: Contract) -> Source:
    """A fee's price stands in the contract itself."""
    approval = f"foundation.change_request:{contract.request_id}" if contract.request_id else ""
    return Source(contract.key, 0, 0, f"foundation.user:{contract.created_by_id}", approval)
