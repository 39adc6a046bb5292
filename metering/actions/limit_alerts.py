"""Tell somebody when a limit's threshold is reached: once a threshold and window, by message and mail.

The alert's row comes first and its unique key is what makes it happen once; the message for webhooks is part of the
same transaction. Mail is sent from the row until it has been sent. Counters are found by when they changed: every few
seconds those of the last minutes, every minute all whose windows run, so nothing is missed while no worker was there.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from metering.connectors import mail
from metering.models import LimitAlert
from monetization.foundation.actions import outbox
from monetization.foundation.models import Environment, Membership
from monetization.foundation.rules.roles import MemberRole
from monetization.values.money import plain

RECENT, LATELY_ENDED, MAIL_TRIED = timedelta(minutes=2), timedelta(days=2), timedelta(days=1)
TOPIC = "limit.threshold_reached"
BATCH = 500
TEMPLATE = "metering/mail/limit_reached.txt"
RAISE = """
INSERT INTO metering_limitalert (counter_id, percent, spent, most, at)
SELECT c.id, t.percent::int, c.spent, coalesce(c.most, l.most), %(at)s
FROM metering_counter c
JOIN metering_limit l ON l.id = c.limit_id AND l.ended_at IS NULL
CROSS JOIN LATERAL jsonb_array_elements_text(l.thresholds) t(percent)
WHERE c.changed_at >= %(since)s AND c.ends_at > %(open_since)s
  AND c.spent > 0 AND c.spent * 100 >= coalesce(c.most, l.most) * t.percent::int
  AND NOT EXISTS (SELECT FROM metering_limitalert a WHERE a.counter_id = c.id AND a.percent = t.percent::int)
ORDER BY c.id, t.percent::int LIMIT %(most)s
ON CONFLICT DO NOTHING RETURNING id
"""


def raise_alerts(*, at: datetime, thorough: bool = False) -> int:
    """Write and publish the alerts that are due and return how many; `thorough` looks at all running windows."""
    since = datetime.min.replace(tzinfo=at.tzinfo) if thorough else at - RECENT
    raised = 0
    while count := _raise(since=since, at=at):
        raised += count
    return raised


@transaction.atomic
def _raise(*, since: datetime, at: datetime) -> int:
    asked: dict[str, Any] = {"at": at, "since": since, "open_since": at - LATELY_ENDED, "most": BATCH}
    with connection.cursor() as cursor:
        cursor.execute(RAISE, asked)
        ids = [pk for (pk,) in cursor.fetchall()]
    found = LimitAlert.objects.select_related(
        "counter__limit__environment", "counter__limit__metric", "counter__account"
    )
    for alert in found.filter(pk__in=ids).order_by("pk"):
        _publish(alert, at)
    return len(ids)


def mail_alerts(*, at: datetime) -> int:
    """Send the mails that wait and return how many; the first that fails ends the round, the next one tries again.

    A mail that could not be sent for a day is given up, and the page says so.
    """
    sent = 0
    waiting = LimitAlert.objects.filter(mailed_at=None, at__gte=at - MAIL_TRIED).order_by("at", "pk")
    for pk in waiting.values_list("pk", flat=True)[:BATCH]:
        sent += _mail(pk=pk, at=at)
    return sent


@transaction.atomic
def _mail(*, pk: int, at: datetime) -> bool:
    rows = LimitAlert.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, mailed_at=None)
    alert = rows.select_related("counter__limit__environment", "counter__limit__metric", "counter__account").first()
    if alert is None:
        return False
    limit, account = alert.counter.limit, alert.counter.account
    mail.send(
        subject=f"{account.name}: {alert.percent} % of “{limit.name}” used".replace("\n", " "),
        template=TEMPLATE, to=recipients(alert),
        context={
            "alert": alert, "counter": alert.counter, "limit": limit, "account": account, "unit": unit_of(alert),
        },
    )  # fmt: skip
    alert.mailed_at = at
    alert.save(update_fields=["mailed_at"])
    return True


def recipients(alert: LimitAlert) -> list[str]:
    """List whom an alert tells: the limit's own addresses and the customer's admins; nobody from a sandbox."""
    limit = alert.counter.limit
    if limit.environment.kind == Environment.Kind.SANDBOX:
        return []
    admins = Membership.objects.filter(
        customer=alert.counter.account.customer_id, role=MemberRole.CUSTOMER_ADMIN.value, user__is_active=True
    )
    return sorted({each.lower() for each in (*limit.emails, *admins.values_list("user__email", flat=True))})


def unit_of(alert: LimitAlert) -> str:
    """Say in what a limit is counted."""
    limit = alert.counter.limit
    if limit.metric is None:
        return limit.currency
    newest = limit.metric.versions.filter(status="APPROVED").order_by("-number").first()
    return newest.unit if newest else ""


def _publish(alert: LimitAlert, at: datetime) -> None:
    counter, limit = alert.counter, alert.counter.limit
    outbox.publish(
        environment=limit.environment, topic=TOPIC, subject=limit, at=at,
        payload={
            "limit": limit.pk, "name": limit.name, "kind": limit.kind, "account": counter.account.key,
            "metric": limit.metric.key if limit.metric else None, "match": limit.match, "percent": alert.percent,
            "spent": plain(alert.spent), "most": plain(alert.most), "unit": unit_of(alert), "is_hard": limit.is_hard,
            "window": {"starts_at": counter.starts_at, "ends_at": counter.ends_at},
        },
    )  # fmt: skip
