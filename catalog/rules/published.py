"""Read the price list that the package `genai-prices` ships, as it is on a day.

What our terms can't say is told in sentences, never dropped silently: prices by time of day, prices of
request options, minimums per request, cached audio and images.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from decimal import Decimal
from importlib.metadata import version

from genai_prices import data, types
from genai_prices.data_units import unit_data
from genai_prices.units import UnitRegistry

from catalog.rules.price_list import KNOWN_FIELDS, UNPRICED, Listed, PriceList, Steps
from monetization.values.errors import Invalid

SECONDS_AT_LEAST = {("groq", "whisper-large-v3"): 10, ("groq", "whisper-large-v3-turbo"): 10}
FIELDS = {unit.price_key: unit.usage_key for unit in UnitRegistry(unit_data).units.values()}


def published(day: date, providers: Collection[str] = ()) -> PriceList:
    """Give the list in force on a day, of all providers or of those named by id. Prices are in USD."""
    chosen = _providers(providers)
    models: list[Listed] = []
    left_out: dict[str, list[str]] = defaultdict(list)
    for provider in chosen:
        for model in provider.models:
            models.append(_listed(provider, model, day))
            for reason in _reasons(provider, model, day):
                left_out[reason].append(f"{provider.id} {model.id}")
    name = f"genai-prices {version('genai-prices')} as of {day.isoformat()}"
    return PriceList(name, tuple(models), tuple(_sentences(left_out)))


def _providers(wanted: Collection[str]) -> list[types.Provider]:
    known = {provider.id: provider for provider in data.providers}
    unknown = sorted(set(wanted) - known.keys())
    if unknown:
        raise Invalid(
            f"The list has no provider “{unknown[0]}”", field="providers", fix=f"Known are: {', '.join(sorted(known))}"
        )
    return [known[name] for name in sorted(wanted or known)]


def _listed(provider: types.Provider, model: types.ModelInfo, day: date) -> Listed:
    prices = {
        FIELDS[key]: _steps(price)
        for key, price in _prices(model, day).items()
        if FIELDS.get(key) in KNOWN_FIELDS and FIELDS[key] not in UNPRICED
    }
    return Listed(provider.id, model.id, prices)


def _prices(model: types.ModelInfo, day: date) -> dict[str, Decimal | types.TieredPrices]:
    """Give the prices in force on a day outside any hours of their own; later entries come first."""
    found = model.prices if isinstance(model.prices, types.ModelPrice) else _standard(model.prices, day)
    return {key: price for key, price in vars(found).items() if price is not None}


def _standard(entries: list[types.ConditionalPrice], day: date) -> types.ModelPrice:
    for entry in reversed(entries):
        constraint = entry.constraint
        if constraint is None:
            return entry.prices
        if isinstance(constraint, types.StartDateConstraint) and constraint.start_date <= day:
            return entry.prices
    return entries[0].prices


def _steps(price: Decimal | types.TieredPrices) -> Steps:
    if isinstance(price, types.TieredPrices):
        return ((0, price.base), *((tier.start, tier.price) for tier in price.tiers))
    return ((0, price),)


def _reasons(provider: types.Provider, model: types.ModelInfo, day: date) -> Iterator[str]:
    prices = _prices(model, day)
    if not prices:
        yield "The list names no price"
    for key in prices:
        field = FIELDS.get(key)
        if field in UNPRICED:
            yield f"The price of {field} is left out, so that such usage shows as unpriced"
        elif field not in KNOWN_FIELDS:
            yield f"Nothing here counts {key}"
    yield from _windows(model)
    yield from sorted({f"Prices for {_when(each)} are left out" for each in model.price_variants or ()})
    later = _later(model, day)
    if later:
        yield f"The list has a later price from {min(later).isoformat()}: import again then"
    if (provider.id, model.id) in SECONDS_AT_LEAST:
        seconds = SECONDS_AT_LEAST[provider.id, model.id]
        yield f"The minimum of {seconds} seconds per request is left out"


def _windows(model: types.ModelInfo) -> Iterator[str]:
    entries = model.prices if isinstance(model.prices, list) else []
    for entry in entries:
        if isinstance(entry.constraint, types.TimeOfDateConstraint):
            start, end = entry.constraint.start_time, entry.constraint.end_time
            yield f"The other price from {start:%H:%M} to {end:%H:%M} UTC is left out"


def _when(variant: types.PriceVariant) -> str:
    return " and ".join(f"{key} “{value}”" for key, value in sorted(variant.when.items()))


def _later(model: types.ModelInfo, day: date) -> list[date]:
    entries = model.prices if isinstance(model.prices, list) else []
    return [
        entry.constraint.start_date
        for entry in entries
        if isinstance(entry.constraint, types.StartDateConstraint) and entry.constraint.start_date > day
    ]


def _sentences(left_out: dict[str, list[str]]) -> Iterable[str]:
    for reason in sorted(left_out):
        yield f"{reason} ({len(left_out[reason])}): {', '.join(left_out[reason])}."
