"""A metric version in plain words, and what changes from one version to the next.

Names of fields and types stand between backticks, so that a page can set them as code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog.rules.terms import Again, Aggregation, Dimension, Filter, FilterOp, Measure, MetricTerms, Rounding, Window
from monetization.values.money import plain

FIELDS_BEFORE_TYPE = {
    Aggregation.SUM: "Adds up {fields} of {type}",
    Aggregation.MAX: "Takes the largest {fields} of {type}",
    Aggregation.MIN: "Takes the smallest {fields} of {type}",
    Aggregation.LATEST: "Takes the latest {fields} of {type}",
    Aggregation.UNIQUE: "Counts the distinct values of {fields} of {type}",
    Aggregation.AVERAGE: "Averages {fields} of {type}",
    Aggregation.COUNT: "Counts {type}",
}
KINDS = {
    Aggregation.SUM: "sum", Aggregation.MAX: "largest value", Aggregation.MIN: "smallest value",
    Aggregation.LATEST: "latest value", Aggregation.UNIQUE: "distinct values", Aggregation.AVERAGE: "average",
    Aggregation.COUNT: "events", Aggregation.TIME_WEIGHTED: "level over time",
}  # fmt: skip
CHANGES = "Follows a level that {fields} of {type} changes, and averages it over time"
READINGS = "Follows a level that {fields} of {type} reads, and averages it over time"
CONDITIONS = {
    FilterOp.EXISTS: "is there", FilterOp.MISSING: "is missing", FilterOp.GT: "is above", FilterOp.GE: "is at least",
    FilterOp.LT: "is below", FilterOp.LE: "is at most",
}  # fmt: skip
WINDOWS = {Window.HOUR: "hour (UTC)", Window.DAY: "day of the account"}
AGAIN = {
    Again.SUM: "adds the {window}s up", Again.MAX: "takes the largest {window}",
    Again.AVERAGE: "averages the {window}s", Again.P95: "takes the 95th percentile of the {window}s",
}  # fmt: skip
ROUNDINGS = {Rounding.UP: "rounded up", Rounding.DOWN: "rounded down", Rounding.HALF_UP: "rounded half away from zero"}
LARGE = {1_000: "in thousands", 1_000_000: "in millions", 1_000_000_000: "in billions"}
NOTHING, SHOWN = "–", 5


@dataclass(frozen=True, slots=True)
class Change:
    """What one version says and the next says differently; `–` where it says nothing."""

    what: str
    old: str
    new: str


def sentence(metric: MetricTerms) -> str:
    """Say what a version counts."""
    parts = [_counts(metric), _where(metric.filters), _by(metric), _scale(metric.divisor), rounded(metric)]
    return ", ".join(filter(None, [f"{parts[0]}{parts[1]}", *parts[2:]])) + "."


def changes(old: MetricTerms, new: MetricTerms) -> list[Change]:
    """List what differs between two versions, in the order in which a version is read."""
    before, after = dict(_said(old)), dict(_said(new))
    return [
        Change(what, before.get(what) or NOTHING, after.get(what) or NOTHING)
        for what in after
        if before.get(what) != after[what]
    ]


def numeral(value: Decimal) -> str:
    """Write a number exactly, its thousands grouped."""
    return f"{Decimal(plain(value)):,f}"


def _counts(metric: MetricTerms) -> str:
    fields = _joined([_measure(measure) for measure in metric.measures]) or "`?`"
    if metric.aggregation is Aggregation.TIME_WEIGHTED:
        words = READINGS if metric.of_level else CHANGES
    else:
        words = FIELDS_BEFORE_TYPE[metric.aggregation]
    said = words.format(fields=fields, type=f"`{metric.event_type or '?'}` events")
    steps = [_windowed(metric), _carried(metric), _apart(metric)]
    return ", ".join(filter(None, [said, *steps]))


def _measure(measure: Measure) -> str:
    less = f" less {_joined([f'`{field}`' for field in measure.less])}" if measure.less else ""
    name = f" as {measure.value}" if measure.value else ""
    return f"`{measure.field}`{less}{name}"


def _windowed(metric: MetricTerms) -> str:
    if metric.window is None or metric.again is None:
        return ""
    window = "hour" if metric.window is Window.HOUR else "day"
    return f"in each {WINDOWS[metric.window]}, then {AGAIN[metric.again].format(window=window)}"


def _carried(metric: MetricTerms) -> str:
    return "starting from the value that earlier events left" if metric.carry else ""


def _apart(metric: MetricTerms) -> str:
    return f"for each {_joined(metric.per)} apart, then added" if metric.per else ""


def _where(filters: Sequence[Filter]) -> str:
    return f" where {_joined([condition(each) for each in filters])}" if filters else ""


def condition(each: Filter, most: int = SHOWN) -> str:
    """Write one filter; of many values only the first."""
    more = [f"{len(each.values) - most:,} more"] if len(each.values) > most else []
    if each.op is FilterOp.IN:
        return f"`{each.field}` is {_joined([*each.values[:most], *more], 'or')}"
    if each.op is FilterOp.NOT_IN:
        return f"`{each.field}` is not {_joined([*each.values[:most], *more], 'or')}"
    return " ".join([f"`{each.field}` {CONDITIONS[each.op]}", *each.values])


def _by(metric: MetricTerms) -> str:
    return f"by {_joined(metric.order)}" if metric.order else ""


def _scale(divisor: Decimal) -> str:
    if divisor == 1:
        return ""
    return next((words for size, words in LARGE.items() if size == divisor), f"divided by {numeral(divisor)}")


def rounded(metric: MetricTerms) -> str:
    """Say how a quantity is rounded; nothing where it is exact."""
    if metric.rounding is None:
        return ""
    if not metric.digits:
        return ROUNDINGS[metric.rounding]
    places = f"{metric.digits} decimals" if metric.digits > 0 else f"whole {10**-metric.digits:,}s"
    return f"{ROUNDINGS[metric.rounding]} to {places}"


def _said(metric: MetricTerms) -> Iterator[tuple[str, str]]:
    """Give each thing that a version says, by its name on the page."""
    yield "Event type", f"`{metric.event_type}`"
    yield "Counts", KINDS[metric.aggregation]
    yield "Fields", _joined([_measure(each) for each in metric.measures])
    yield "Told apart by", metric.measure_dimension or ""
    yield "Only where", _joined([condition(each, len(each.values)) for each in metric.filters])
    yield "Dimensions", _joined([_dimension(each) for each in metric.dimensions])
    yield "Window", _windowed(metric)
    yield "Starts from", "what earlier events left" if metric.carry else ""
    yield "Events carry", _carries(metric)
    yield "Apart for each", _joined(metric.per)
    yield "One priced unit", f"{metric.unit} = {numeral(metric.divisor)}"
    yield "Rounding", rounded(metric)


def _carries(metric: MetricTerms) -> str:
    if metric.aggregation is not Aggregation.TIME_WEIGHTED:
        return ""
    return "readings of the level" if metric.of_level else "changes of the level"


def _dimension(each: Dimension) -> str:
    cut = f" cut at {', '.join(map(numeral, each.thresholds))}" if each.thresholds else ""
    return f"{each.key} from `{each.field}`{cut}{'' if each.required else ' (may be missing)'}"


def _joined(words: Iterable[str], last: str = "and") -> str:
    found = list(words)
    return f" {last} ".join(filter(None, [", ".join(found[:-1]), *found[-1:]]))
