"""The difference of two versions for a spreadsheet: one row for each price and tier, numbers exactly as kept."""

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.http import HttpResponse

from catalog.console.comparison import Comparison, Line
from monetization.foundation.rules.cells import safe
from monetization.values.money import plain

HEAD = ("change", "product", "unit", "dimensions", "currency", "above", "up_to", "old_price", "new_price", "percent",
        "old_words", "new_words")  # fmt: skip


def sheet(comparison: Comparison, lines: Iterable[Line]) -> HttpResponse:
    """Answer with the lines as CSV, named after the card and the version."""
    version = comparison.version
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{version.rate_card.key}-v{version.number}.csv"'
    writer = csv.writer(answer)
    writer.writerow(HEAD)
    writer.writerows(row for line in lines for row in _rows(line, comparison.units.get(line.row.product, "")))
    return answer


def _rows(line: Line, unit: str) -> Iterator[list[str]]:
    dimensions = " ".join(f"{key}={value}" for key, value in line.row.match)
    start = [line.kind, safe(line.row.name), safe(unit), safe(dimensions), safe(line.row.written_in)]
    words = [safe(line.old_words), safe(line.new_words)]
    tables: list[tuple[Decimal | None, ...]] = [
        (tier.over, tier.up_to, tier.old_unit_price, tier.new_unit_price, tier.percent) for tier in line.row.tiers
    ]
    for numbers in tables or [(None,) * 5]:
        yield [*start, *("" if number is None else plain(number) for number in numbers), *words]
