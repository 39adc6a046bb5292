"""The one place where golden cases get their quotes."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from tests.golden.members import Body
from tests.rater import rate


def quote(body: Body) -> Body:
    """Answer a quote's body, in texts as an endpoint would."""
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
