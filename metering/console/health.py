"""How ingestion does, as a page: what isn't as it should be in a sentence, figures of now, charts of the last hours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from metering.models import Quarantined
from metering.queries.health import HOUR, MINUTE, Health, health, per_second, stretches
from metering.rules.health import Stretch
from metering.rules.spoken import BYTES, milliseconds, spoken, unit_for
from monetization.foundation.console import page, show
from monetization.foundation.queries import sees_all_customers
from monetization.foundation.rules.charts import Chart, Slot, bars
from monetization.foundation.templatetags.show import exact
from monetization.foundation.web import StaffRequest
from monetization.values.errors import NotAllowed
from monetization.values.money import round_half_away
from monetization.values.periods import zone_of

SPANS = {"hour": ("Last hour", MINUTE, 60), "day": ("Last 24 hours", HOUR, 24)}
LABELLED = 15  # minutes between two labels
REASONS = dict(Quarantined.Reason.choices)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart with its heading and the unit of its axis."""

    key: str
    title: str
    unit: str
    chart: Chart
    label: str


@require_safe
def ingestion(request: StaffRequest) -> HttpResponse:
    """Show how ingestion does; kept up to date while it is looked at."""
    if not sees_all_customers(request.user):
        raise NotAllowed("These figures are of all customers")
    asked = request.GET.get("span", "")
    span = asked if asked in SPANS else "hour"
    words, step, count = SPANS[span]
    now, zone = timezone.now(), request.user.time_zone
    found = health(environments=[request.environment.pk], now=now)
    rows = stretches(environments=[request.environment.pk], until=now, step=step, count=count)
    context = {
        "health": found,
        "now": now,
        "span": span,
        "spans": [(key, label) for key, (label, _, _) in SPANS.items()],
        "words": words.lower(),
        "step": "minute" if step == MINUTE else "hour",
        "lag": _spoken(found.typical_lag_ms),
        "waits": _waits(found),
        "size": spoken(found.backlog.size, BYTES),
        "open": [(reason, REASONS[reason], number) for reason, number in found.open],
        "charts": _charts(rows, step, zone),
        "rows": [(each, _clock(each.at, zone), _spoken(each.lag_ms), _spoken_max(each)) for each in reversed(rows)],
        "zone": zone,
    }
    return show(request, "metering/ingestion.html", context, title="Ingestion", parts=["figures"])


def _charts(rows: Sequence[Stretch], step: timedelta, zone: str) -> list[Drawn]:
    """Draw the charts: what was accepted, what was not, what was late, and the lag."""
    unit, size = unit_for(max((each.lag_ms_max for each in rows), default=0))
    mean, mean_size = unit_for(max((each.lag_ms or 0 for each in rows), default=0))

    def draw(series: Sequence[str], values: Callable[[Stretch], Sequence[Decimal]]) -> Chart:
        return bars(series, [_slot(n, each, series, values(each), step, zone) for n, each in enumerate(rows)])

    aside = ("Duplicates", "Conflicts", "Quarantined", "Rejected")
    return [
        Drawn("accepted", "Accepted", "events per second", draw(["Accepted"], lambda s: [per_second(s.accepted, step)]),
              "Events accepted per second"),
        Drawn("aside", "Not counted", "events", draw(aside, _aside), "Duplicates, conflicts, quarantined and rejected"),
        Drawn("lag", "Lag, average", mean, draw(["Average"], lambda s: [_in(s.lag_ms or 0, mean_size)]),
              "Average time from an event to its count"),
        Drawn("longest", "Lag, longest", unit, draw(["Longest"], lambda s: [_in(s.lag_ms_max, size)]),
              "Longest time from an event to its count"),
        Drawn("late", "Late by more than an hour", "events", draw(["Late"], lambda s: [Decimal(s.late)]),
              "Events that came more than an hour after their time"),
    ]  # fmt: skip


def _aside(each: Stretch) -> list[Decimal]:
    return [Decimal(number) for number in (each.duplicates, each.conflicts, each.quarantined, each.rejected)]


def _slot(
    number: int, each: Stretch, series: Sequence[str], values: Sequence[Decimal], step: timedelta, zone: str
) -> Slot:
    clock = _clock(each.at, zone)
    parts = [f"{name}: {exact(value)}" for name, value in zip(series, values, strict=True) if value] or ["nothing"]
    label = clock if step == HOUR or number % LABELLED == 0 else ""
    return Slot(label, "\n".join([clock, *parts]), tuple(values))


def _clock(at: datetime, zone: str) -> str:
    return f"{at.astimezone(zone_of(zone)):%H:%M}"


def _in(number: int, size: int) -> Decimal:
    return round_half_away(Fraction(number, size), 2)


def _spoken(number: int | None) -> str:
    return "–" if number is None else spoken(number)


def _spoken_max(each: Stretch) -> str:
    return spoken(each.lag_ms_max) if each.accepted else "–"


def _waits(found: Health) -> str:
    oldest = found.backlog.oldest_at
    return spoken(milliseconds(found.at - oldest)) if oldest else ""


pages = [path("ingestion/", page("metering.read")(ingestion), name="ingestion")]
