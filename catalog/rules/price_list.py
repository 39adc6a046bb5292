"""A published price list of language models as charges: which metrics it needs, which rows it makes.

Prices are found by provider, model and kind of token. Prices by context length are cliffs: once a request's
input passes a threshold, all its tokens have the higher price. So every request carries the label of the range
that its input lies in (`context`), over the thresholds of all models together; a model's first price stands
without a label, its higher prices once for each label above the threshold.

A kind of token that a model names no price for costs what the wider kind costs (a cached token what an input
token costs). One row without a token type says that for all of them where it can.

Models with prices by modality (audio, image, video) or for reasoning have a metric of their own, told apart by
the model's name: the sender sends every `llm.request` alike. What is not priced by tokens has its own type of
event: `audio.request`, `speech.request`, `document.request` …
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from catalog.rules.drafts import ChargeDraft, MetricDraft, PriceDraft
from catalog.rules.tariffs import per_unit
from catalog.rules.terms import Aggregation, Dimension, Filter, FilterOp, Measure
from catalog.rules.thresholds import labels
from monetization.values.money import EXACT, round_half_away

PLACES = 18
EVENT = "llm.request"
Steps = tuple[tuple[int, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A model's prices: by what is counted, from how many input tokens (exclusive; 0 is the first price)."""

    provider: str
    model: str
    prices: Mapping[str, Steps]


@dataclass(frozen=True, slots=True)
class PriceList:
    """All models of a list on a day, in USD, and what of it has no place in ours, said in sentences."""

    name: str
    models: tuple[Listed, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A measure: the value that names it, the field it is read from, what is taken off, and the wider kind."""

    value: str
    field: str
    less: tuple[str, ...] = ()
    wider: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """A product of a price list: its metric, what one unit is, and the kinds that it tells apart."""

    product: str
    name: str
    metric: str
    metric_name: str
    unit: str
    divisor: int
    kinds: tuple[Kind, ...]
    dimension: str = ""
    by_context: bool = False
    counts_events: bool = False
    event: str = EVENT

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(kind.field for kind in self.kinds)


CACHES = (
    Kind("cache_read", "cache_read_tokens", (), "input"),
    Kind("cache_write", "cache_write_tokens", ("cache_write_1h_tokens",), "input"),
    Kind("cache_write_1h", "cache_write_1h_tokens", (), "cache_write"),
)
INPUTS = ("audio", "image", "video")
TEXT = Family(
    "model-inference", "Model inference", "llm-tokens", "Tokens", "1M tokens", 1_000_000,
    (
        Kind("input", "input_tokens", ("cache_read_tokens", "cache_write_tokens")),
        Kind("output", "output_tokens"),
        *CACHES,
    ),
    "token_type", by_context=True,
)  # fmt: skip
OUTPUTS = ("audio", "image", "video", "reasoning", "citation")
# Cached audio is part of two counts, and nothing can be added back: such tokens stay unpriced and visible.
UNPRICED = ("cache_audio_read_tokens", "cache_image_read_tokens")
MULTIMODAL = Family(
    "multimodal-inference", "Multimodal inference", "llm-multimodal-tokens", "Tokens by modality", "1M tokens",
    1_000_000,
    (
        Kind(
            "input", "input_tokens",
            ("cache_read_tokens", "cache_write_tokens", *(f"input_{each}_tokens" for each in INPUTS)),
        ),
        Kind("output", "output_tokens", tuple(f"output_{each}_tokens" for each in OUTPUTS)),
        replace(CACHES[0], less=UNPRICED), *CACHES[1:],
        Kind("input_audio", "input_audio_tokens", ("cache_audio_read_tokens",), "input"),
        Kind("input_image", "input_image_tokens", ("cache_image_read_tokens",), "input"),
        Kind("input_video", "input_video_tokens", (), "input"),
        *(Kind(f"output_{each}", f"output_{each}_tokens", (), "output") for each in OUTPUTS),
        Kind("cache_audio_read", "cache_audio_read_tokens"),
        Kind("cache_image_read", "cache_image_read_tokens"),
    ),
    "token_type", by_context=True,
)  # fmt: skip
TOOLS = tuple(
    Family(key, name, key, name, f"1,000 {noun}", 1000, (Kind("", field),))
    for key, name, noun, field in (
        ("web-searches", "Web searches", "searches", "web_searches"),
        ("social-searches", "Social searches", "searches", "social_searches"),
        ("storage-searches", "Storage searches", "searches", "storage_searches"),
        ("code-executions", "Code executions", "executions", "code_executions"),
    )
)
REQUESTS = Family(
    "requests", "Requests", "requests", "Requests", "1,000 requests", 1000, (Kind("", "requests"),), counts_events=True
)
OTHERS = (
    Family("characters", "Characters", "characters", "Characters", "1M characters", 1_000_000,
           (Kind("", "input_characters"),), event="speech.request"),
    Family("image-input", "Pixels", "pixels", "Pixels", "1G pixels", 1_000_000_000, (Kind("", "input_pixels"),),
           event="image.request"),
    Family("text-messages", "Text messages", "text-messages", "Text messages", "1,000 messages", 1000,
           (Kind("", "input_text_messages"),), event="voice.request"),
    Family("rerank-searches", "Rerank searches", "rerank-searches", "Rerank searches", "1,000 searches", 1000,
           (Kind("", "rerank_searches"),), event="rerank.request"),
    Family(
        "document-pages", "Document pages", "document-pages", "Document pages", "1,000 pages", 1000,
        (
            Kind("plain", "input_document_pages", ("input_annotated_document_pages",)),
            Kind("annotated", "input_annotated_document_pages", (), "plain"),
        ),
        "page_type", event="document.request",
    ),
    Family(
        "audio-hours", "Audio", "audio-hours", "Audio", "hour", 3600,
        (
            Kind("any", "audio_seconds", ("input_audio_seconds", "output_audio_seconds")),
            Kind("input", "input_audio_seconds", (), "any"),
            Kind("output", "output_audio_seconds", (), "any"),
        ),
        "direction", event="audio.request",
    ),
)  # fmt: skip
FAMILIES = (TEXT, MULTIMODAL, *TOOLS, REQUESTS, *OTHERS)
KNOWN_FIELDS = frozenset(field for family in FAMILIES for field in family.fields)
SPECIAL = MULTIMODAL.fields - TEXT.fields


def thresholds_of(models: Iterable[Listed]) -> tuple[Decimal, ...]:
    """List all context lengths at which some model's price changes, rising."""
    starts = {start for each in models for steps in each.prices.values() for start, _ in steps}
    return tuple(Decimal(start) for start in sorted(starts - {0}))


def families_in(price_list: PriceList) -> list[Family]:
    """List the products that a list has prices for."""
    return [family for family in FAMILIES if models_of(family, price_list)]


def models_of(family: Family, price_list: PriceList) -> list[Listed]:
    """List the models that a product prices."""
    special = _special(price_list)
    wanted = [each for each in price_list.models if family.fields & each.prices.keys()]
    if family is TEXT:
        return [each for each in wanted if each.model not in special]
    if family is MULTIMODAL:
        return [each for each in wanted if each.model in special]
    return wanted


def metric_of(family: Family, price_list: PriceList, effective_at: datetime) -> MetricDraft:
    """Write down how a product's usage is read from events."""
    dimensions = [Dimension("provider", "provider"), Dimension("model", "model")]
    thresholds = thresholds_of(price_list.models)
    if family.by_context and thresholds:
        dimensions.append(Dimension("context", "input_tokens", thresholds, required=False))
    measures = tuple(Measure(kind.field, kind.value or None, kind.less) for kind in family.kinds)
    return MetricDraft(
        event_type=family.event,
        aggregation=Aggregation.COUNT if family.counts_events else Aggregation.SUM,
        unit=family.unit,
        effective_at=effective_at,
        measures=() if family.counts_events else measures,
        measure_dimension=family.dimension,
        dimensions=tuple(dimensions),
        filters=_filters(family, price_list),
        divisor=Decimal(family.divisor),
    )


def charge_of(family: Family, price_list: PriceList, factors: Mapping[str, Decimal]) -> ChargeDraft:
    """Write a product's price rows in each currency: USD times its factor, at most 18 decimal places."""
    ranges = _ranges(thresholds_of(price_list.models)) if family.by_context else ()
    cells = [cell for each in models_of(family, price_list) for cell in _cells(family, each, ranges)]
    rows = tuple(
        PriceDraft(currency, match, per_unit(converted(price, factor)))
        for currency, factor in factors.items()
        for match, price in cells
    )
    return ChargeDraft(family.product, family.metric, rows)


def converted(price: Decimal, factor: Decimal) -> Decimal:
    """Multiply exactly; only what 18 places can't hold is rounded, half away from zero."""
    exact = EXACT.multiply(price, factor)
    if -int(exact.as_tuple().exponent) <= PLACES:
        return exact
    return EXACT.normalize(round_half_away(exact, PLACES))


def _special(price_list: PriceList) -> frozenset[str]:
    """Name the models that some provider prices by modality or for reasoning."""
    return frozenset(each.model for each in price_list.models if SPECIAL & each.prices.keys())


def _filters(family: Family, price_list: PriceList) -> tuple[Filter, ...]:
    special = tuple(sorted(_special(price_list)))
    if family is TEXT:
        return (Filter("model", FilterOp.NOT_IN, special),) if special else ()
    if family is MULTIMODAL:
        return (Filter("model", FilterOp.IN, special),)
    if family.counts_events:
        priced = models_of(family, price_list)
        return tuple(
            Filter(name, FilterOp.IN, tuple(sorted({getattr(each, name) for each in priced})))
            for name in ("provider", "model")
        )
    return (Filter(family.kinds[0].field, FilterOp.EXISTS),) if family in TOOLS else ()


def _ranges(thresholds: Sequence[Decimal]) -> tuple[tuple[Decimal, str], ...]:
    """Pair each threshold with the label of the range above it."""
    return tuple(zip(thresholds, labels(thresholds)[1:], strict=True))


def _cells(
    family: Family, listed: Listed, ranges: Sequence[tuple[Decimal, str]]
) -> Iterator[tuple[dict[str, str], Decimal]]:
    """Give a model's rows: the conditions and the price of each."""
    starts = [start for steps in listed.prices.values() for start, _ in steps if start]
    above = [(low, label) for low, label in ranges if starts and low >= min(starts)]
    base = {"provider": listed.provider, "model": listed.model}
    for value, steps in _rows(family, listed):
        match = base | ({family.dimension: value} if value else {})
        yield match, _price_at(steps, Decimal(0))
        for low, label in above:
            yield match | {"context": label}, _price_at(steps, low)


def _price_at(steps: Steps, low: Decimal) -> Decimal:
    """Give the price of requests with more than `low` input tokens, up to the next threshold."""
    return [price for start, price in steps if start <= low][-1]


def _rows(family: Family, listed: Listed) -> Iterator[tuple[str, Steps]]:
    """Give the value of each row and its prices; the value "" is any that has no row of its own."""
    kinds = {kind.value: kind for kind in family.kinds}
    own = {value: listed.prices[kind.field] for value, kind in kinds.items() if kind.field in listed.prices}
    if not family.dimension:
        yield from own.items()
        return
    missing = [value for value in kinds if value not in own]
    joined = {"input", "output"} <= own.keys() and all(kinds[value].wider for value in missing)
    yield from own.items()
    wider = {value: _wider(value, kinds, own) for value in missing}
    if joined and "input" in wider.values():
        yield "", own["input"]
    for value, found in wider.items():
        if found is not None and not (joined and found == "input"):
            yield value, own[found]


def _wider(value: str, kinds: Mapping[str, Kind], own: Collection[str]) -> str | None:
    """Find the nearest wider kind that has a price."""
    found = kinds[value].wider
    while found and found not in own:
        found = kinds[found].wider
    return found or None
