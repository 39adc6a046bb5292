"""The one place where golden cases get their quotes: of the engine, and of the plain rater beside it."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from importlib.util import find_spec
from typing import Any

import msgspec

from monetization.values.errors import Invalid
from tests.golden.answers import Quote, Refused
from tests.golden.members import Body

TODAY = date(2026, 11, 30)


def by_engine(body: Body) -> Body:
    """Answer a quote's body as the endpoint does, through its JSON."""
    from billing.rules.quotes.answer import answer_of
    from billing.rules.quotes.bodies import decoder
    from billing.rules.quotes.quote import quote as rated

    try:
        asked = decoder.decode(json.dumps(body))
        return answer_of(rated(asked, TODAY), asked.currency, asked.booked)
    except (Invalid, msgspec.ValidationError) as error:
        raise Refused(str(error)) from error


def by_rater(body: Body) -> Body:
    """Answer it by the plain rater, in texts as an endpoint would."""
    from tests.rater import rate

    answer: Body = _texts(rate(body))
    for invoice in answer["invoices"]:
        invoice["taxes"] = [{**tax, "amount": tax["tax"]} for tax in invoice["taxes"]]
    return answer


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Fraction) else value


def _found() -> dict[str, Quote]:
    places = {"billing.rules.quotes": ("engine", by_engine), "tests.rater": ("rater", by_rater)}
    return {name: quote for place, (name, quote) in places.items() if find_spec(place)}


# The engine first, where it is there.
QUOTES = _found()
