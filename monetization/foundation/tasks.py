"""Background work of "who": chain and anchor the audit log, spread and deliver messages, go live, tidy up.

Every task reads from rows what there is to do, so each may run twice, late, or beside another of its kind.
"""

from celery import shared_task
from django.utils import timezone

from monetization.foundation.actions import approvals, audit, escalations, mailing, outbox
from monetization.foundation.connectors import mail
from monetization.foundation.rest import idempotency


@shared_task
def chain() -> int:
    """Link new audit entries; every two seconds."""
    return audit.chain(at=timezone.now())


@shared_task
def anchor() -> None:
    """Write the chain's head outside the database; every hour."""
    audit.anchor(at=timezone.now())


@shared_task
def deliver() -> int:
    """Spread new messages and deliver what is due; every two seconds."""
    outbox.spread(at=timezone.now())
    return outbox.deliver_due(at=timezone.now(), send=mail.send)


@shared_task
def go_live() -> int:
    """Move approved requests whose time has come; every two seconds."""
    return approvals.go_live_when_due(at=timezone.now())


@shared_task
def forget() -> int:
    """Drop remembered answers after their time; every hour."""
    return idempotency.forget(at=timezone.now())


@shared_task
def escalate() -> int:
    """Note steps of requests that ran over their deadline; every minute."""
    return escalations.escalate_due(at=timezone.now())


@shared_task
def send_digests() -> int:
    """Write down the daily mails that are due; every five minutes."""
    return mailing.send_digests(at=timezone.now())
