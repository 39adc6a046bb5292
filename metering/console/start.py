"""Send events: from a key and a metric to code that runs as it stands, and to the first event arriving.

The code is filled in with this address, a key and an event that the chosen metric counts.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from catalog.models import Metric
from catalog.queries import metrics_in_force
from catalog.rules.terms import MetricTerms
from metering.console import waiting
from metering.models import DimensionSet
from metering.queries.first import Found, watch
from metering.rules import snippets
from metering.rules.sample import sample
from monetization.foundation.actions import access
from monetization.foundation.console import page, show
from monetization.foundation.models import Account, ApiKey, User
from monetization.foundation.queries import accounts_for, sees_all_customers
from monetization.foundation.rules.roles import ABILITIES
from monetization.foundation.web import Outcome, StaffRequest, perform

SCOPE = "events:write"
SHOWN_ACCOUNTS, SHOWN_PEOPLE = 1000, 5
TABS = (
    ("curl", "curl", "Paste it into a shell.", snippets.curl),
    ("python", "Python", "Save it as send.py and run: python3 send.py", snippets.python),
    ("javascript", "JavaScript", "Save it as send.mjs and run: node send.mjs (Node 18 or newer)", snippets.javascript),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the code is made for."""

    metric: Metric | None
    terms: MetricTerms | None
    account: Account | None
    key: ApiKey | None


@require_http_methods(["GET", "HEAD", "POST"])
def send_events(request: StaffRequest) -> HttpResponse:
    """Show how to send the first event; a POST issues the key for it and shows its secret, this once."""
    now = timezone.now()
    issued: Outcome[tuple[ApiKey, str]] = Outcome()
    if request.method == "POST":
        issued = perform(
            request, access.issue_key, environment=request.environment, owner=request.user,
            name=request.POST.get("name", "").strip(), scopes=[SCOPE], expires_at=None,
        )  # fmt: skip
    key, secret = issued.value or (None, "")
    metrics, accounts, keys = _metrics(request, now), _accounts(request), _keys(request, now)
    choice = _choice(request, metrics, accounts, [key, *keys] if key else keys)
    context = {
        "metrics": [metric for metric, _ in metrics],
        "accounts": accounts,
        "keys": keys,
        "choice": choice,
        "secret": secret,
        "outcome": issued,
        "name": request.POST.get("name", "First events"),
        "may_issue": request.user.has_perm(access.MANAGE),
        "issuers": _issuers(),
    }
    context |= _code(request, choice, secret, now)
    response = show(request, "metering/start.html", context, title="Send events", status=issued.status)
    response["Cache-Control"] = "no-store"
    return response


def _metrics(request: StaffRequest, now: datetime) -> list[tuple[Metric, MetricTerms]]:
    """List the metrics in force: those that can't be priced before their first event, those in use, the others."""
    terms = metrics_in_force(request.environment.pk, now)
    found = sorted(Metric.objects.filter(pk__in=terms), key=_urgency)
    return [(metric, terms[metric.pk]) for metric in found]


def _urgency(metric: Metric) -> tuple[int, str]:
    unseen = metric.first_seen_at is None
    return (0 if unseen and not metric.unseen_reason else 2 if unseen else 1), metric.name


def _accounts(request: StaffRequest) -> list[Account]:
    return list(accounts_for(request.user, request.environment).order_by("name", "pk")[:SHOWN_ACCOUNTS])


def _keys(request: StaffRequest, now: datetime) -> list[ApiKey]:
    """List one's own keys that may send events now."""
    unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    mine = ApiKey.objects.filter(unexpired, environment=request.environment, owner=request.user, revoked_at=None)
    return list(mine.filter(scopes__contains=[SCOPE]).order_by("-pk")[:50])


def _choice(
    request: StaffRequest, metrics: list[tuple[Metric, MetricTerms]], accounts: list[Account], keys: list[ApiKey]
) -> Choice:
    """Read what is chosen; the first of each where nothing is."""
    asked: Mapping[str, str] = request.POST if request.method == "POST" else request.GET
    metric, terms = next((pair for pair in metrics if pair[0].key == asked.get("metric")), (*metrics, (None, None))[0])
    account = next((each for each in accounts if each.key == asked.get("account")), (*accounts, None)[0])
    key = next((each for each in keys if str(each.pk) == asked.get("key")), None)
    return Choice(metric, terms, account, keys[0] if request.method == "POST" and keys else key)


def _issuers() -> list[str]:
    """Name people who may issue keys."""
    roles = [role.value for role, able in ABILITIES.items() if access.MANAGE in able]
    people = User.objects.filter(role_grants__role__in=roles, is_active=True).distinct().order_by("name", "pk")
    return [person.name or person.email for person in people[:SHOWN_PEOPLE]]


def _code(request: StaffRequest, choice: Choice, secret: str, now: datetime) -> dict[str, Any]:
    """Write the code, and note what the page waits for from now on."""
    if choice.terms is None or choice.account is None:
        return {}
    data = sample(choice.terms, _known(request, choice.terms))
    if data is None:
        return {"no_sample": True}
    kind = "live" if request.environment.kind == "LIVE" else "test"
    token = secret or f"{choice.key.prefix if choice.key else f'mk_{kind}'}_YOUR_SECRET"
    address, start = request.build_absolute_uri(reverse("api_events")), f"first-{secrets.token_hex(3)}"
    ids = {name: f"{start}-{name}" for name, *_ in TABS}
    event = {"type": choice.terms.event_type, "subject": choice.account.key, "data": data}
    waits = watch(
        environment=request.environment, account=choice.account, ids=tuple(ids.values()), key=choice.key, opened_at=now
    )
    return {
        "tabs": [
            (name, title, how, write(address, token, {"id": ids[name]} | event)) for name, title, how, write in TABS
        ],
        "watch": waiting.signed(waits),
        "found": Found(),
    }


def _known(request: StaffRequest, terms: MetricTerms) -> dict[str, str]:
    """Give dimension values in use, for those who may see whose they are."""
    if not sees_all_customers(request.user):
        return {}
    last = DimensionSet.objects.filter(metric_version=terms.version_id).order_by("-pk").first()
    return dict(last.values) if last else {}


pages = [
    path("send-events/", page("metering.read")(send_events), name="send_events"),
    *waiting.pages,
]
