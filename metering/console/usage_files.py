"""A table of the explorer as a file: the figures of the page with all their digits, line after line."""

import csv
import json
from collections.abc import Iterator
from fractions import Fraction
from io import StringIO
from typing import Any

from django.http import StreamingHttpResponse

from metering.console.usage_choice import Choice
from metering.console.usage_tables import Number, Row, Table
from monetization.foundation.rules.cells import safe
from monetization.values.money import plain, round_half_away

KINDS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
PLACES = 18


def file_of(choice: Choice, table: Table, kind: str) -> StreamingHttpResponse:
    """Answer with a table as CSV or JSON."""
    lines = _csv(table) if kind == "csv" else _json(choice, table)
    answer = StreamingHttpResponse(lines, content_type=KINDS[kind])
    first, last = choice.days
    name = f"{choice.metric.key}-{table.name}-{first}-{last}.{kind}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def figure(number: Number) -> str:
    """Write a number exactly; one that never ends with 18 decimals; nothing where there is none."""
    if number is None:
        return ""
    text = plain(number)
    return plain(Fraction(round_half_away(number, PLACES))) if "/" in text else text


def _csv(table: Table) -> Iterator[str]:
    yield _line([*map(safe, table.heads), *map(safe, table.columns)])
    for row in table.rows:
        yield _line([*map(safe, row.labels), *map(figure, row.numbers)])


def _line(cells: list[str]) -> str:
    buffer = StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _json(choice: Choice, table: Table) -> Iterator[str]:
    question = choice.question
    about = {
        "metric": choice.metric.key,
        "unit": choice.unit,
        "account": choice.account.key if choice.account else None,
        "time_zone": choice.zone,
        "days": [day.isoformat() for day in choice.days],
        "compared_with": [day.isoformat() for day in choice.compared] if choice.compared else None,
        "where": {key: sorted(values) for key, values in question.where.items()},
        "table": table.name,
        "total": [figure(number) for number in table.foot],
    }
    yield json.dumps(about, ensure_ascii=False)[:-1] + ', "rows": ['
    for number, row in enumerate(table.rows):
        yield (", " if number else "") + json.dumps(_named(table, row), ensure_ascii=False)
    yield "]}\n"


def _named(table: Table, row: Row) -> dict[str, Any]:
    labels = dict(zip(table.heads, row.labels, strict=True))
    figures = (None if number is None else figure(number) for number in row.numbers)
    return labels | {"quantities": dict(zip(table.columns, figures, strict=True))}
