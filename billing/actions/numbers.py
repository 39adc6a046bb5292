"""Take the next number of a gapless series: one counter row per legal entity, kind and local year.

The row is locked until the transaction ends, so a number is given exactly when its invoice is kept. Never a
database sequence: those don't roll back.
"""

from __future__ import annotations

from monetization.foundation.models import LegalEntity, NumberSeries

INVOICE = "INVOICE"


def take(*, entity: LegalEntity, kind: str, year: int) -> str:
    """Give the next number, such as MS-2026-000017. Call it inside the transaction that uses it."""
    NumberSeries.objects.bulk_create([NumberSeries(legal_entity=entity, kind=kind, year=year)], ignore_conflicts=True)
    series = NumberSeries.objects.select_for_update().get(legal_entity=entity, kind=kind, year=year)
    series.last_number += 1
    series.save(update_fields=["last_number"])
    return written(entity.number_prefix, year, series.last_number)


def written(prefix: str, year: int, number: int) -> str:
    """Write a number as it is printed."""
    return "-".join(part for part in (prefix.rstrip("-"), str(year), f"{number:06d}") if part)
