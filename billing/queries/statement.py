"""What a customer reads about an account: periods, lines with their working, days, hours, what is open.

The same rating as drafts and invoices, shaped for reading. Only what may be told to the customer leaves this
module: no owner, approval, flag, cost or note. It writes nothing and runs under the portal's row-level security.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Sum

from billing.models import Document, Invoice, InvoiceLine
from billing.queries.rated import Rated
from billing.rules import daily
from billing.rules.kept import words
from billing.rules.lines import Line
from billing.rules.printed import InvoiceDocument, PrintedLine
from billing.rules.rated import RatedLine
from billing.rules.scopes import LineKind
from catalog.models import Contract, Instrument
from catalog.queries import periods_of
from catalog.rules.terms import Level, Price
from metering.models import HourlyUsage
from metering.queries import usage_for
from monetization.foundation.models import Account
from monetization.values.money import exact_of, finite
from monetization.values.periods import Period, days_of, local_date

MOST_PERIODS = 24
ISSUED = ("ISSUED", "PAID", "VOID")


@dataclass(frozen=True, slots=True)
class Billed:
    """A billing period of a contract; `key` is its first local day and names it in addresses."""

    contract: Contract
    period: Period
    key: str


@dataclass(frozen=True, slots=True)
class ReadStep:
    """A tier of a line: `exact = quantity × unit_price + flat_fee`, `share` its part of the rounded amount."""

    over: Decimal
    up_to: Decimal | None
    quantity: Fraction | Decimal
    unit_price: Decimal
    flat_fee: Decimal
    exact: Fraction
    share: Decimal


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line with how it is worked out; `place` holds the parts of the address of its usage."""

    name: str
    detail: str
    period: Period | None
    quantity: Fraction | Decimal
    unit: str
    amount: Decimal
    list_exact: Fraction
    exact: Fraction
    steps: tuple[ReadStep, ...]
    discounts: tuple[str, ...]
    price_list: str
    events: int
    place: dict[str, Any]
    kind: str = LineKind.USAGE.value
    pricing_unit: str = ""
    rate: Decimal = Decimal(1)

    @property
    def is_usage(self) -> bool:
        return self.kind == LineKind.USAGE.value

    @property
    def has_fees(self) -> bool:
        return any(step.flat_fee for step in self.steps)

    @property
    def percent_off(self) -> Decimal | None:
        """What all discounts together take off the list price; None where that never ends as a decimal."""
        return finite(100 * (1 - self.exact / self.list_exact)) if self.list_exact else None


@dataclass(frozen=True, slots=True)
class DayCost:
    """The net cost of a local day."""

    date: date
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Open:
    """What is still to be paid in one currency, tax included."""

    currency: str
    amount: Decimal
    invoices: int
    next_due: date | None


def contracts_of(account: Account) -> list[Contract]:
    """List approved contracts, the newest first."""
    found = Contract.objects.filter(account=account, status="APPROVED").select_related("account", "legal_entity")
    return list(found.order_by("-start_date", "-pk"))


def billed_periods(account: Account, at: datetime) -> list[Billed]:
    """List the billing periods that have started, the newest first, at most two years of months."""
    found = [
        Billed(contract, period, local_date(period.starts_at, account.time_zone).isoformat())
        for contract in contracts_of(account)
        for period in periods_of(contract, at)
    ]
    return sorted(found, key=lambda each: each.period, reverse=True)[:MOST_PERIODS]


def lines_of(rated: Rated, account: Account) -> list[ReadLine]:
    """Give the lines of an account's rated period, in the order in which an invoice prints them."""
    own = Instrument.objects.filter(account=account, key__in=_drawn(rated))
    names = dict(own.values_list("key", "name"))
    whole = rated.terms.period
    return [_line(line.rated, whole) if line.rated is not None else _other(line, whole, names) for line in rated.lines]


def lines_of_invoice(document: InvoiceDocument, lines: Iterable[InvoiceLine]) -> list[ReadLine]:
    """Give those lines as they were printed, with the exact sums that stand behind them."""
    printed = {line.position: line for line in document.lines}
    return [_printed(printed[line.position], line) for line in lines]


def cost_by_day(rated: Rated, account: Account) -> list[DayCost]:
    """Rate the period up to the end of each of its local days; days sum to the net total."""
    days = days_of(rated.terms.period, rated.terms.zone)
    cut = daily.pieces(rated.terms, days)
    usage = usage_for(account_id=account.pk, segments=[piece.part for piece in cut])
    costs = daily.by_day(rated.terms, cut, usage, len(days))
    return [DayCost(day.date, cost) for day, cost in zip(days, costs, strict=True)]


def issued_invoices(account: Account) -> QuerySet[Invoice]:
    """List what was issued to an account, the newest first; each says whether its PDF is `has_pdf`."""
    ready = Q(documents__kind=Document.Kind.PDF, documents__status=Document.Status.READY)
    found = Invoice.objects.filter(account=account, status__in=ISSUED)
    return found.annotate(has_pdf=Count("documents", filter=ready)).order_by("-issued_at", "-pk")


def open_amounts(account: Account) -> list[Open]:
    """Sum what issued invoices still ask for, by currency."""
    rows = (
        Invoice.objects.filter(account=account, status="ISSUED", total__gt=F("paid"))
        .order_by("currency")
        .values_list("currency")
        .annotate(amount=Sum(F("total") - F("paid")), invoices=Count("pk"), next_due=Min("due_date"))
    )
    return [Open(*row) for row in rows]


def buckets(line: RatedLine | InvoiceLine, account: Account) -> QuerySet[HourlyUsage]:
    """List the hours of usage that a line bills, oldest first. An hour in which terms change is listed in full."""
    versions, combinations, period = _billed_usage(line)
    first = period.starts_at.replace(minute=0, second=0, microsecond=0)
    found = HourlyUsage.objects.filter(
        account=account, metric_version__in=versions, dimensions__values__in=combinations, hour__gte=first
    )
    inside = found.filter(hour__lt=period.ends_at) if period.ends_at else found
    return inside.select_related("dimensions").order_by("hour", "dimensions_id")


def _billed_usage(line: RatedLine | InvoiceLine) -> tuple[set[int], list[dict[str, str]], Period]:
    if isinstance(line, RatedLine):
        versions = {row.metric_version_id for row in line.usage}
        return versions, [dict(row.dims) for row in line.usage], line.period
    metric = {line.metric_version_id} if line.metric_version_id else set()
    return metric, [row["dims"] for row in line.source.get("usage", ())], Period(line.starts_at, line.ends_at)


def _line(line: RatedLine, whole: Period) -> ReadLine:
    return ReadLine(
        name=line.name,
        detail=" · ".join(value for _, value in line.match),
        period=line.period if line.period != whole else None,
        quantity=line.quantity,
        unit=line.unit,
        amount=line.amount,
        list_exact=line.list_exact,
        exact=line.exact,
        steps=tuple(
            ReadStep(s.over, s.up_to, s.quantity, s.unit_price, s.flat_fee, s.exact, s.share) for s in line.steps
        ),
        discounts=line.discounts,
        price_list=_price_list((source.card, source.version) for source in line.sources),
        events=line.events,
        place={"price_id": _row(line.price), "metric_id": line.metric.version_id},
        pricing_unit=line.charge.pricing_unit,
        rate=line.charge.rate,
    )


def _drawn(rated: Rated) -> set[str]:
    return {line.instrument for line in rated.lines if line.instrument}


def _other(line: Line, whole: Period, names: Mapping[str, str]) -> ReadLine:
    """Read a line that isn't of usage; it has no address of its own."""
    return ReadLine(
        name=words(line, names),
        detail="",
        period=line.period if line.period != whole and line.of is None else None,
        quantity=line.quantity,
        unit="",
        amount=line.amount,
        list_exact=line.list_exact,
        exact=line.exact,
        steps=tuple(
            ReadStep(s.over, s.up_to, s.quantity, s.unit_price, s.flat_fee, s.exact, s.share) for s in line.steps
        ),
        discounts=line.discounts,
        price_list="",
        events=0,
        place={},
        kind=line.kind.value,
    )


def _printed(line: PrintedLine, stored: InvoiceLine) -> ReadLine:
    period = Period(stored.starts_at, stored.ends_at)
    invoice = stored.invoice
    return ReadLine(
        name=line.product if line.kind == LineKind.USAGE.value else line.detail,
        detail=line.detail if line.kind == LineKind.USAGE.value and line.detail != line.product else "",
        period=period if period != Period(invoice.period_starts_at, invoice.period_ends_at) else None,
        quantity=line.quantity,
        unit=line.unit,
        amount=line.amount,
        list_exact=exact_of(stored.source.get("list") or stored.exact),
        exact=exact_of(stored.exact),
        steps=tuple(
            ReadStep(
                over=step.over,
                up_to=step.up_to,
                quantity=step.quantity,
                unit_price=step.unit_price,
                flat_fee=step.flat_fee,
                exact=exact_of(kept["exact"]),
                share=step.amount,
            )
            for step, kept in zip(line.steps, stored.steps, strict=True)
        ),
        discounts=line.discounts,
        price_list=_price_list((card["card"], card["version"]) for card in stored.source.get("cards", ())),
        events=stored.events,
        place={"position": stored.position},
        kind=line.kind,
        pricing_unit=line.pricing_unit,
        rate=line.rate,
    )


def _price_list(cards: Iterable[tuple[str, int]]) -> str:
    """Name where prices stand: versions of a card, or the contract itself."""
    names = (f"{card} version {version}" if version else f"contract {card}" for card, version in cards)
    return ", then ".join(dict.fromkeys(names))


def _row(price: Price) -> str:
    return f"own-{price.row_id}" if price.level is Level.CONTRACT else str(price.row_id)
