"""A quote: each billing period through `billing.rules.bill`, balances carried from one to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billing.rules.bill import Bill, bill
from billing.rules.quotes.agreed import terms_of
from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.charges import usage_charges
from billing.rules.quotes.days import spans_of
from billing.rules.quotes.discounts import discounts_of, used
from billing.rules.quotes.events import rows_of
from billing.rules.quotes.own import own_prices
from billing.rules.quotes.prices import START
from catalog.rules.spans import Span
from catalog.rules.terms import Terms
from monetization.values.errors import Invalid
from monetization.values.money import finite, minor_digits

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Quoted:
    """The bill of one billing period."""

    span: Span
    terms: Terms
    bill: Bill


def quote(body: QuoteBody, today: date) -> list[Quoted]:
    """Rate a quote, period by period. Raises Invalid, naming the member."""
    minor_digits(body.currency)
    _check_names(body)
    charges = usage_charges(body)
    own = own_prices(body, charges)
    rates: dict[str, list[Decimal]] = {}
    for tax in body.taxes:
        rates.setdefault(tax.category, []).append(tax.percent)
    found: list[Quoted] = []
    balances, taken = dict[str, Decimal](), dict[str, Decimal]()
    spans = spans_of(body, today)
    first = spans[0].period(body.time_zone).starts_at if spans else START
    for number, span in enumerate(spans):
        discounts = discounts_of(body, spans[: number + 1], taken)
        terms = terms_of(body, charges, own, span, balances, discounts, is_first=number == 0)
        made = bill(terms, rows_of(body, charges, terms, first), rates)
        found.append(Quoted(span, terms, made))
        balances |= {each.instrument.id: carried(each.left, each.instrument.balance) for each in made.balances}
        taken = used(made.lines, taken)
    return found


def carried(left: Fraction, balance: Decimal) -> Decimal:
    """Carry a balance; one drawn at a rate that never ends is kept to 18 places, never more than there is."""
    exact = finite(left)
    return exact if exact is not None else min(balance, Decimal(int(left * 10**18)).scaleb(-18))


def _check_names(body: QuoteBody) -> None:
    keys = [charge.key for charge in body.charges]
    for number, key in enumerate(keys):
        if not key or keys.count(key) > 1:
            raise Invalid(f"“{key}” is there twice", field=f"charges[{number}].key", fix="Give each charge its own key")
