"""What a contract's first invoices would be: its terms as they stand, draft or not, on usage that is known.

The reckoning is that of drafts and invoices. Usage is that of the last closed calendar months of the account, as many
as a billing period has, laid onto each period; or quantities that somebody types, the same in every period. Balances
go from one period to the next. Nothing is saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from billing.queries.balances import openings
from billing.queries.purchases import purchase_days
from billing.queries.quotes import Used, usage_row
from billing.queries.rated import Rated, billed, of_purchases
from billing.queries.used import Going
from billing.rules.lifecycle import Kind
from billing.rules.mirrored import mirrored
from billing.rules.quotes.quote import carried
from catalog.models import Contract
from catalog.queries import Shelf, cycle_of, terms_for
from catalog.rules.spans import Span, cycle_spans
from catalog.rules.terms import Terms
from metering.queries import usage_for
from metering.rules.quantities import UsageRow
from monetization.values.errors import DomainError
from monetization.values.periods import Period, local_date, local_midnight

FIRST = 3


@dataclass(frozen=True, slots=True)
class Upcoming:
    """An invoice to come; ``errors`` say why it can't be reckoned yet."""

    kind: str
    span: Span
    period: Period
    rated: Rated | None = None
    errors: tuple[DomainError, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """The first invoices in their order, and the time whose usage they stand on."""

    invoices: tuple[Upcoming, ...]
    window: Period

    @property
    def terms(self) -> Terms | None:
        """The terms of the first period, where it has any."""
        made = (each.rated for each in self.invoices if each.kind == Kind.USAGE.value)
        first = next(made, None)
        return first.terms if first is not None else None


def outlook(contract: Contract, at: datetime, used: Sequence[Used] | None = None) -> Outlook:
    """Reckon the first invoices of a contract; ``used``: what is used of each charge in every period."""
    zone, cycle = contract.account.time_zone, cycle_of(contract)
    spans = list(islice(cycle_spans(cycle), FIRST))
    window = window_before(at, zone, (spans[0].months if spans else None) or 1)
    return Outlook(tuple(_invoices(contract, spans, window, used)), window)


def window_before(at: datetime, zone: str, months: int) -> Period:
    """Give the last calendar months that are over."""
    end = local_date(at, zone).replace(day=1)
    before = 12 * end.year + end.month - 1 - months
    return Period(local_midnight(date(before // 12, before % 12 + 1, 1), zone), local_midnight(end, zone))


def _invoices(
    contract: Contract, spans: Sequence[Span], window: Period, used: Sequence[Used] | None
) -> Iterator[Upcoming]:
    zone, shelf = contract.account.time_zone, Shelf([contract])
    periods = [span.period(zone) for span in spans]
    balances = openings([(shelf.instruments(contract), periods[0])])[0] if periods else {}
    going = Going(contract)
    for span, period in zip(spans, periods, strict=True):
        for day in purchase_days(contract, period.ends_at or period.starts_at, shelf):
            if day.starts_at >= period.starts_at:
                yield _purchase(contract, span, day, shelf)
        try:
            terms = terms_for(contract=contract, period=period, balances=balances, shelf=shelf)
            rows = _usage(contract, terms, span.full(zone), window, used)
            made = billed(contract, terms, [*rows, *going.before(terms)], shelf)
        except DomainError as error:
            yield Upcoming(Kind.USAGE.value, span, period, errors=error.errors)
            return
        going.add(terms, rows)
        balances |= {each.instrument.id: carried(each.left, each.instrument.balance) for each in made.bill.balances}
        yield Upcoming(Kind.USAGE.value, span, period, made)


def _purchase(contract: Contract, span: Span, day: Period, shelf: Shelf) -> Upcoming:
    try:
        terms = of_purchases(contract, day, shelf)
        return Upcoming(Kind.COMMIT.value, span, day, billed(contract, terms, [], shelf))
    except DomainError as error:
        return Upcoming(Kind.COMMIT.value, span, day, errors=error.errors)


def _usage(
    contract: Contract, terms: Terms, full: Period, window: Period, used: Sequence[Used] | None
) -> list[UsageRow]:
    if not terms.segments:
        return []
    if used is not None:
        return [usage_row(terms, each, number) for number, each in enumerate(used)]
    return usage_for(account_id=contract.account_id, segments=mirrored(terms.segments, full, window))
