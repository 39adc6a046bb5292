"""What the usage explorer's address says: all of it is there, so that a page can be sent to somebody.

`metric`, `account` (none: all that one sees), `from` and `to` (days, both included), `grain` (hour or day), `by` (any
number of dimensions), `is.<dimension>` (values looked at), `against` (before, month, year, or a first day).
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, F, OuterRef
from django.http import QueryDict

from catalog.models import Charge, Metric
from catalog.queries import metric_versions_for
from catalog.rules.terms import MetricTerms
from metering.queries.explored import Question
from metering.rules.book import hour_of
from monetization.foundation.models import Account, Environment
from monetization.values.errors import NotFound
from monetization.values.periods import DAY, Period, days_of, local_date, local_midnight

LONGEST, LONGEST_BY_HOUR, HOURS_BY_ITSELF = 400, 7, 2
HOUR = timedelta(hours=1)
AGAINST = (("", "nothing"), ("before", "the time before"), ("month", "a month earlier"), ("year", "a year earlier"))
EARLIER = {"month": 1, "year": 12}
IS = "is."
Days = tuple[date, date]
Versions = dict[int, MetricTerms]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked at."""

    metric: Metric
    account: Account | None
    question: Question
    zone: str
    days: Days
    grain: str
    compared: Days | None
    against: str

    @property
    def newest(self) -> MetricTerms:
        """The metric's newest version."""
        return max(self.question.versions.values(), key=lambda each: each.number)

    @property
    def unit(self) -> str:
        """What a priced unit is called."""
        return self.newest.unit

    def address(self, **other: Any) -> str:
        """Write the choice as an address, with something else where it is named; None leaves it out."""
        said: dict[str, Any] = {
            "metric": self.metric.key,
            "account": self.account.pk if self.account else None,
            "from": self.days[0].isoformat(),
            "to": self.days[1].isoformat(),
            "grain": self.grain,
            "by": list(self.question.by),
            **{f"{IS}{key}": sorted(values) for key, values in self.question.where.items()},
            "against": self.against or None,
        }
        named = {name: value for name, value in (said | other).items() if value not in (None, "", [])}
        return f"?{urlencode(named, doseq=True)}"


def metrics_in(environment: Environment) -> list[tuple[Metric, Versions]]:
    """List the metrics that are in force at any time, with their versions: priced ones first, longest in use first."""
    versions: dict[int, Versions] = {}
    for dated in metric_versions_for(environment.pk):
        versions.setdefault(dated.metric_id, {})[dated.terms.version_id] = dated.terms
    priced = Exists(Charge.objects.filter(metric=OuterRef("pk"), version__status="APPROVED"))
    first = F("first_seen_at").asc(nulls_last=True)
    found = Metric.objects.filter(pk__in=versions).alias(is_priced=priced).order_by("-is_priced", first, "name")
    return [(metric, versions[metric.pk]) for metric in found]


def choice_in(
    asked: QueryDict,
    metrics: Sequence[tuple[Metric, Versions]],
    accounts: Mapping[int, Account],
    zone: str,
    now: datetime,
) -> Choice:
    """Read an address; what makes no sense in it is left out. Raises NotFound for an account that one doesn't see."""
    key = asked.get("metric", "")
    metric, versions = next(((m, found) for m, found in metrics if m.key == key), metrics[0])
    account = _account(asked.get("account", ""), accounts)
    zone = account.time_zone if account else zone
    days = _days(asked, local_date(now, zone))
    known = {name for each in versions.values() for name in each.order}
    question = Question(
        account_ids=(account.pk,) if account else tuple(accounts),
        versions=versions,
        by=tuple(dict.fromkeys(name for name in asked.getlist("by") if name in known)),
        where={name: frozenset(asked.getlist(IS + name)) for name in sorted(known) if IS + name in asked},
    )
    against = asked.get("against", "")
    compared = _compared(against, days)
    return Choice(
        metric, account, question, zone, days, _grain(asked, days), compared, against if compared else ""
    )  # fmt: skip


def slots_of(days: Days, zone: str, grain: str) -> list[tuple[str, Period]]:
    """Cut days into local days, or into UTC hours (which a zone's days begin and end, cut where it must be)."""
    period = Period(local_midnight(days[0], zone), local_midnight(days[1] + DAY, zone))
    if grain == "day":
        return [(day.isoformat(), span) for day, span in days_of(period, zone)]
    assert period.ends_at is not None
    edges, at = [period.starts_at], hour_of(period.starts_at) + HOUR
    while at < period.ends_at:
        edges.append(at)
        at += HOUR
    spans = [Period(start, end) for start, end in pairwise([*edges, period.ends_at])]
    return [(span.starts_at.isoformat().replace("+00:00", "Z"), span) for span in spans]


def _account(wanted: str, accounts: Mapping[int, Account]) -> Account | None:
    if not wanted:
        return None
    found = accounts.get(int(wanted)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None
    if found is None:
        raise NotFound("There is no such account")
    return found


def _days(asked: QueryDict, today: date) -> Days:
    """Read the days from–to (both included); this month where they are missing or make no sense."""
    first = _date(asked.get("from"), today.replace(day=1))
    last = _date(asked.get("to"), today)
    return (first, last) if 0 <= (last - first).days < LONGEST else (today.replace(day=1), today)


def _date(text: str | None, otherwise: date) -> date:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return otherwise
    return found if 2000 < found.year < 2199 else otherwise


def _grain(asked: QueryDict, days: Days) -> str:
    count, wanted = (days[1] - days[0]).days + 1, asked.get("grain", "")
    by_hour = count <= (LONGEST_BY_HOUR if wanted == "hour" else HOURS_BY_ITSELF)
    return "hour" if by_hour and wanted != "day" else "day"


def _compared(against: str, days: Days) -> Days | None:
    """Give the days to compare with: as many before, the same of an earlier month or year, or from a day on."""
    first, last = days
    if against == "before":
        return first - (last - first) - DAY, first - DAY
    if against in EARLIER:
        return _earlier(first, EARLIER[against]), _earlier(last, EARLIER[against])
    start = _date(against, date.min)
    return (start, start + (last - first)) if start != date.min else None


def _earlier(day: date, months: int) -> date:
    """Give the same day some months before; a month's last day for its last day, or where it has no such day."""
    year, index = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = monthrange(year, index + 1)[1]
    is_last = day.day == monthrange(day.year, day.month)[1]
    return date(year, index + 1, last if is_last else min(day.day, last))
