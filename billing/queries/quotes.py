"""What a period would come to on an account's own terms, by the engine that rates every quote; nothing is saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import takewhile

from billing.models import TaxRate
from billing.queries.taxed import tax_point
from billing.queries.used import used_before, used_in
from billing.rules.bill import bill
from billing.rules.quotes.quote import Quoted
from billing.rules.tax import Missing, TaxProfile, treatment
from billing.rules.tax import TaxRate as Rate
from catalog.models import Contract
from catalog.queries import contract_at, cycle_of, terms_for
from catalog.rules.spans import Span, cycle_spans
from catalog.rules.terms import Dims, Terms
from metering.rules.quantities import UsageRow
from monetization.foundation.models import Account
from monetization.values.errors import Invalid
from monetization.values.periods import DAY, MONTHS, Cadence, Period, local_date


@dataclass(frozen=True, slots=True)
class Used:
    """A quantity of a charge with its dimension values, as somebody says it: unconverted, as events carry it."""

    charge: str
    dims: Dims
    quantity: Decimal


def in_force(account: Account, at: datetime) -> Contract | None:
    """Find the contract under which an account uses the product, with all that rating it reads."""
    found = contract_at(account, at)
    rows = Contract.objects.select_related("account", "legal_entity")
    return rows.get(pk=found.pk) if found else None


def last_closed(contract: Contract, at: datetime) -> Span:
    """Give the last billing period that has ended, or the first where none has. Raises Invalid before the contract."""
    cycle, today = cycle_of(contract), local_date(at, contract.account.time_zone)
    last = min(today, contract.served_until or today)
    begun = list(takewhile(lambda span: span.first <= last, cycle_spans(cycle)))
    ended = [span for span in begun if span.ends <= today or last < today]
    if not begun:
        raise Invalid("The contract has not begun", field="period", fix="Give a period")
    return (ended or begun)[-1]


def span_between(contract: Contract, start: date, end: date) -> Span:
    """Give the local days [start, end) that the contract serves, up to the end of its trial. Raises Invalid."""
    first = max(start, contract.start_date)
    until = end if contract.served_until is None else min(end, contract.served_until + DAY)
    if contract.trial_until is not None and first < contract.trial_until:
        until = min(until, contract.trial_until)
    if first >= until:
        fix = f"It starts on {contract.start_date}"
        raise Invalid("The contract doesn't serve these days", field="period", fix=fix)
    return Span(start, end, first, until, MONTHS.get(Cadence(contract.cadence)))


def on_own_terms(contract: Contract, span: Span, used: Sequence[Used] | None = None) -> Quoted:
    """Rate days of a contract: with what was used in them, or with what somebody says. Raises Invalid."""
    period = span.period(contract.account.time_zone)
    terms = terms_for(contract=contract, period=period)
    if used is None:
        rows = used_in(contract.account_id, terms)
    else:
        rows = [usage_row(terms, each, number) for number, each in enumerate(used)]
        rows += used_before(contract.account_id, terms)
    return Quoted(span, terms, bill(terms, rows, _percents(contract, terms, period)))


def usage_row(terms: Terms, used: Used, number: int) -> UsageRow:
    """Put what somebody says at the end of the period, where the latest terms are."""
    place = len(terms.segments) - 1
    charges = terms.segments[place].charges if terms.segments else ()
    charge = next((each for each in charges if each.slot == used.charge), None)
    if charge is None:
        keys = ", ".join(sorted(each.slot for each in charges)) or "none"
        raise Invalid(
            f"“{used.charge}” is no charge of the contract", field=f"usage[{number}].charge", fix=f"Use one of: {keys}"
        )
    metric = charge.metric
    said = dict(used.dims)
    unknown = sorted(set(said) - set(metric.order))
    if unknown:
        raise Invalid(f"“{unknown[0]}” is no dimension", field=f"usage[{number}].dimensions", fix="Leave it out")
    if not metric.adds_up:
        raise Invalid(
            f"The {metric.aggregation.value} of “{used.charge}” can't be said as one quantity",
            field=f"usage[{number}].charge", fix="Leave it out: only what adds up can be tried",
        )  # fmt: skip
    dims = tuple((key, said.get(key, "")) for key in metric.order)
    return UsageRow(metric.version_id, place, dims, used.quantity, 1)


def _percents(contract: Contract, terms: Terms, period: Period) -> dict[str, list[Decimal]]:
    """Give the percentages of tax for each category of the terms; a customer whose tax isn't known pays none here."""
    account, entity = contract.account, contract.legal_entity
    profile = TaxProfile(entity.country, account.country, account.tax_id)
    rows = TaxRate.objects.filter(environment_id=contract.environment_id, country=entity.country)
    rates = [Rate(*row) for row in rows.values_list("country", "tax_category", "percent", "start_date")]
    on = tax_point(period, terms.zone)
    categories = {charge.tax_category for each in terms.segments for charge in each.charges}
    categories |= {fee.tax_category for fee in terms.fees}
    found = {name: treatment(profile, name, on, rates) for name in sorted(categories)}
    return {name: [each.percent] for name, each in found.items() if not isinstance(each, Missing) and each.percent}
