"""The form of what pricing units are worth: a line for each rate, and a spare one for each unit."""

from collections.abc import Iterator

from django.http import QueryDict

from catalog.models import PricingUnit, RateCardVersion
from catalog.rules.units import RateDraft
from monetization.foundation.web import number_in
from monetization.values.errors import Invalid
from monetization.values.money import plain

COLUMNS = ("rate_unit", "rate_currency", "rate")
Row = tuple[str, str, str]


def typed_rates(typed: QueryDict) -> Iterator[RateDraft]:
    """Read the lines of the form. Raises Invalid."""
    columns = (typed.getlist(name) for name in COLUMNS)
    for number, (unit, currency, rate) in enumerate(zip(*columns, strict=False)):
        if not rate.strip():
            continue
        value = number_in(rate, f"rates[{number}].rate")
        if value is None:
            raise Invalid("A rate is missing", field=f"rates[{number}].rate", fix="Give a number")
        yield RateDraft(unit.strip(), currency.strip().upper(), value)


def rate_lines(version: RateCardVersion, typed: QueryDict, *, may_edit: bool) -> list[Row]:
    """Give the lines as typed, or as kept with a spare one for each unit; who can't edit sees what is kept."""
    if may_edit and typed.getlist("rate_unit"):
        return list(zip(*(typed.getlist(name) for name in COLUMNS), strict=False))
    kept = version.unit_rates.order_by("unit__key", "currency").values_list("unit__key", "currency", "rate")
    units = PricingUnit.objects.filter(environment=version.rate_card.environment_id).order_by("key")
    spare = units.values_list("key", flat=True) if may_edit else ()
    return [*((unit, currency, plain(rate)) for unit, currency, rate in kept), *((unit, "", "") for unit in spare)]
