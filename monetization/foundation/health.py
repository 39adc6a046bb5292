"""What machines ask: does it live, may it get work, how is it doing.

`/healthz` is about this process alone, so a database that is away doesn't get it restarted. `/readyz` says whether
it should get requests, and lists what isn't as it should be. `/metrics` is Prometheus text.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from monetization.foundation.models import AuditEntry, AuditLink, Delivery, IdempotentAnswer, Message
from monetization.foundation.rest.keys import KeyAuthentication, KeyRefused
from monetization.foundation.rest.problems import Problem, problem_answer
from monetization.foundation.rules.keys import within

LATE = timedelta(minutes=5)
LOOPBACK = ("127.0.0.1", "::1")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether requests may come: 200, or 503; delayed background work is told and refuses nothing."""
    now = timezone.now()
    needed = {name: _asked(check, now) for name, check in NEEDED.items()}
    told = {name: _asked(check, now) for name, check in TOLD.items()}
    ready = all(words == "ok" for words in needed.values())
    body = {"status": "ready" if ready else "not ready", "checks": needed | told}
    return JsonResponse(body, status=200 if ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Give figures to Prometheus: from this machine, or with a key of scope `metrics:read`."""
    try:
        _guard_metrics(request)
    except (Problem, KeyRefused) as error:
        return problem_answer(error)
    registry = CollectorRegistry()
    for name, (words, count) in FIGURES.items():
        Gauge(f"meterstone_{name}", words, registry=registry).set(count(timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _guard_metrics(request: HttpRequest) -> None:
    found = KeyAuthentication().authenticate(request)
    if found is not None:
        if not within(frozenset(found[1].scopes), "metrics:read"):
            raise Problem(403, "This API key lacks the scope “metrics:read”.")
        return
    forwarded = "HTTP_X_FORWARDED_FOR" in request.META or settings.SECURE_PROXY_SSL_HEADER
    if forwarded or request.META.get("REMOTE_ADDR") not in LOOPBACK:
        raise KeyRefused("Send an API key with the scope “metrics:read”.")


def _asked(check: Callable[[datetime], str], now: datetime) -> str:
    """Run a check; whatever it raises is a finding (its kind only: a message may hold an address)."""
    try:
        return check(now)
    except Exception as error:
        return f"failed ({type(error).__name__})"


def _database(now: datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations(now: datetime) -> str:
    loader = MigrationLoader(connection)
    missing = set(loader.disk_migrations or {}) - set(loader.applied_migrations or {})
    return f"{len(missing)} migrations are not applied" if missing else "ok"


def _broker(now: datetime) -> str:
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    return "ok"


def _cache(now: datetime) -> str:
    cache.get("readyz")
    return "ok"


def _outbox(now: datetime) -> str:
    waiting = _outbox_age(now)
    return "ok" if waiting < LATE.total_seconds() else f"oldest message waits {waiting:.0f} s"


def _chain(now: datetime) -> str:
    late = AuditEntry.objects.filter(link__isnull=True, at__lt=now - LATE, pk__gt=_last_linked() - 1000)
    return "entries wait for the audit chain" if late.exists() else "ok"


def _last_linked() -> int:
    return AuditLink.objects.aggregate(last=models.Max("entry_id"))["last"] or 0


def _outbox_age(now: datetime) -> float:
    oldest = Message.objects.filter(spread_at__isnull=True).aggregate(oldest=models.Min("created_at"))["oldest"]
    return max((now - oldest).total_seconds(), 0) if oldest else 0


NEEDED: Mapping[str, Callable[[datetime], str]] = {"database": _database, "migrations": _migrations}
TOLD: Mapping[str, Callable[[datetime], str]] = {
    "broker": _broker,
    "cache": _cache,
    "outbox": _outbox,
    "audit_chain": _chain,
}
FIGURES: Mapping[str, tuple[str, Callable[[datetime], float]]] = {
    "outbox_messages_waiting": (
        "Messages not yet spread to their endpoints",
        lambda now: Message.objects.filter(spread_at__isnull=True).count(),
    ),
    "outbox_oldest_seconds": ("Age of the oldest message not yet spread", _outbox_age),
    "deliveries_pending": (
        "Webhook deliveries under way",
        lambda now: Delivery.objects.filter(status=Delivery.Status.PENDING).count(),
    ),
    "deliveries_failed": (
        "Webhook deliveries given up",
        lambda now: Delivery.objects.filter(status=Delivery.Status.FAILED).count(),
    ),
    "audit_links": (
        "Links of the audit chain",
        lambda now: AuditLink.objects.aggregate(last=models.Max("number"))["last"] or 0,
    ),
    "audit_entries_unlinked": (
        "Audit entries that wait for the chain",
        lambda now: AuditEntry.objects.filter(link__isnull=True, pk__gt=_last_linked()).count(),
    ),
    "idempotent_answers": ("Remembered answers", lambda now: IdempotentAnswer.objects.count()),
}  # fmt: skip
