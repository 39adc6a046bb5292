"""What earlier invoices left of discounts that carry their rest."""

from collections.abc import Sequence
from dataclasses import replace

from django.db.models import Sum

from billing.models import InvoiceLine
from billing.rules.scopes import LineKind
from catalog.models import Contract
from catalog.rules.agreed import Discount
from monetization.values.money import EXACT
from monetization.values.periods import Period


def with_rests(contract: Contract, period: Period, discounts: Sequence[Discount]) -> tuple[Discount, ...]:
    """Lower discounts by what invoices of earlier periods took of them; no query where none carries a rest."""
    carrying = [each.key for each in discounts if each.carries]
    if not carrying:
        return tuple(discounts)
    lines = InvoiceLine.objects.filter(
        invoice__contract=contract, invoice__period_starts_at__lt=period.starts_at, kind=LineKind.DISCOUNT.value,
        source__discount__in=carrying,
    )  # fmt: skip
    taken = dict(lines.order_by().values_list("source__discount").annotate(Sum("amount")))
    left = (
        replace(each, amount=EXACT.add(each.amount, taken.get(each.key, 0))) if each.carries else each
        for each in discounts
    )
    return tuple(each for each in left if not each.carries or each.amount > 0)
