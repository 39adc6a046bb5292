"""The usage explorer: any metric, by local day or hour and by dimensions, for one account or all, then and now."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, cast

from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from metering.console.usage_chart import Answer, chart_of
from metering.console.usage_choice import AGAINST, IS, Choice, choice_in, metrics_in, slots_of
from metering.console.usage_files import KINDS, file_of
from metering.console.usage_tables import (
    LARGEST,
    accounts_table,
    groups_table,
    percent_of,
    time_table,
)
from metering.queries import largest_accounts
from metering.queries.explored import Explored, explore
from monetization.foundation.console import page, show
from monetization.foundation.models import Account
from monetization.foundation.queries import accounts_for
from monetization.foundation.templatetags.show import days as days_text
from monetization.foundation.web import StaffRequest
from monetization.values.errors import NotFound
from monetization.values.periods import Period

SHOWN_ACCOUNTS = 1000


@page("metering.read")
@require_safe
def explorer(request: StaffRequest) -> HttpResponse:
    """Show usage as a chart, beside it the same as tables."""
    metrics = metrics_in(request.environment)
    context: dict[str, Any] = {"metrics": [metric for metric, _ in metrics]}
    if metrics:
        accounts = {each.pk: each for each in accounts_for(request.user, request.environment).order_by("name")}
        answer = _answer(choice_in(request.GET, metrics, accounts, request.user.time_zone, timezone.now()), accounts)
        context |= _form(answer, list(accounts.values())) | _shown(answer)
    return show(request, "metering/usage.html", context, title="Usage", parts=["found"])


@page("metering.read")
@require_safe
def usage_file(request: StaffRequest) -> HttpResponse:
    """Give a table of the page as CSV or JSON: `table` and `format`, the rest as on the page."""
    metrics, asked = metrics_in(request.environment), request.GET
    kind, name = asked.get("format", "csv"), asked.get("table", "time")
    if not metrics or kind not in KINDS:
        raise NotFound("There is no such file")
    accounts = {each.pk: each for each in accounts_for(request.user, request.environment).order_by("name")}
    answer = _answer(choice_in(request.GET, metrics, accounts, request.user.time_zone, timezone.now()), accounts)
    if name not in answer.tables:
        raise NotFound("There is no such table")
    return cast(HttpResponse, file_of(answer.choice, answer.tables[name], kind))  # streamed


def _answer(choice: Choice, accounts: dict[int, Account]) -> Answer:
    slots = slots_of(choice.days, choice.zone, choice.grain)
    found = explore(choice.question, [span for _, span in slots])
    then = None
    if choice.compared:
        then = explore(choice.question, [span for _, span in slots_of(choice.compared, choice.zone, choice.grain)])
    tables = {"time": time_table(choice, found, then, slots)}
    if choice.question.by:
        tables["groups"] = groups_table(choice, found, then)
    largest = _largest(choice, found, accounts, [span for _, span in slots])
    if largest:
        tables["accounts"] = accounts_table(choice, largest)
    return Answer(choice, slots, found, then, tables)


def _largest(
    choice: Choice, found: Explored, accounts: dict[int, Account], spans: Sequence[Period]
) -> list[tuple[Account, Fraction]]:
    """Rank accounts where all are looked at; sums only without conditions on values, which the tables don't rank by."""
    if choice.account is not None or (choice.question.adds_up and choice.question.where):
        return []
    if not choice.question.adds_up:
        sums = sorted(found.accounts.items(), key=lambda each: (-each[1], each[0]))
        return [(accounts[pk], value) for pk, value in sums[:LARGEST]]
    period = Period(spans[0].starts_at, spans[-1].ends_at)
    ids, versions = choice.question.account_ids, list(choice.question.versions)
    rows = largest_accounts(account_ids=ids, version_ids=versions, period=period, limit=LARGEST)
    return [(accounts[pk], Fraction(total) / Fraction(choice.newest.divisor)) for pk, total in rows]


def _form(answer: Answer, accounts: list[Account]) -> dict[str, Any]:
    choice, question = answer.choice, answer.choice.question
    return {
        "choice": choice,
        "accounts": accounts[:SHOWN_ACCOUNTS],
        "first": choice.days[0],
        "last": choice.days[1],
        "dimensions": [(name, name in question.by) for name in choice.newest.order],
        "filters": [
            (f"{IS}{name}", name, _options(answer, name), question.where.get(name, frozenset()))
            for name in choice.newest.order
        ],
        "againsts": AGAINST if choice.against in dict(AGAINST) else (*AGAINST, (choice.against, "other days")),
        "clear": choice.address(**{f"{IS}{name}": None for name in question.where}) if question.where else "",
    }


def _options(answer: Answer, name: str) -> list[str]:
    chosen = answer.choice.question.where.get(name, frozenset())
    return sorted({*answer.found.values.get(name, ()), *chosen})


def _shown(answer: Answer) -> dict[str, Any]:
    choice, found, then = answer.choice, answer.found, answer.then
    return {
        "tables": answer.tables,
        "total": found.total,
        "then": then.total if then else None,
        "percent": percent_of(found.total, then.total) if then else None,
        "compared": days_text(*choice.compared) if choice.compared else "",
        "readings": found.readings,
        "adds_up": choice.question.adds_up,
        "several_versions": found.versions if len(found.versions) > 1 else (),
        "chart": chart_of(answer),
        "file": choice.address(),
    }


pages = [path("usage/", explorer, name="usage"), path("usage/file/", usage_file, name="usage_file")]
