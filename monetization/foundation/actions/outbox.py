"""Messages out: written in the action's transaction, spread to endpoints, delivered by whoever is awake.

Delivery is at least once and in no promised order. A delivery is claimed for a minute (by moving its next attempt),
so no lock is held while a receiver takes its time, and a worker that dies in between only delays it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from monetization.foundation.actions import audit
from monetization.foundation.connectors.webhook import Receipt
from monetization.foundation.models import Delivery, Endpoint, Environment, Message, User
from monetization.foundation.queries import subject_of
from monetization.foundation.rules.audit import plain
from monetization.foundation.rules.retries import GONE, next_delay

CLAIM = timedelta(minutes=1)
BATCH = 200


def publish(
    *,
    environment: Environment,
    topic: str,
    subject: str | models.Model,
    payload: Mapping[str, Any],
    at: datetime,
    recipient: User | None = None,
) -> Message:
    """Say that something happened; `topic` is dotted and past tense, the payload plain and without secrets.

    With a recipient it is a mail to that person: the payload says `subject` and `lines`.
    """
    return Message.objects.create(
        environment=environment,
        topic=topic,
        subject=subject if isinstance(subject, str) else subject_of(subject),
        payload=plain(payload),
        recipient=recipient,
        created_at=at,
    )


@transaction.atomic
def spread(*, at: datetime) -> int:
    """Make deliveries of new messages, to their recipient or to each endpoint that wants them; returns how many."""
    new = Message.objects.select_for_update(skip_locked=True).filter(spread_at__isnull=True).order_by("pk")
    messages = list(new[:BATCH])
    wanted: dict[int, list[Endpoint | None]] = {}
    for endpoint in Endpoint.objects.filter(is_active=True, environment__in={m.environment_id for m in messages}):
        wanted.setdefault(endpoint.environment_id, []).append(endpoint)
    deliveries = [
        Delivery(message=message, endpoint=endpoint, next_attempt_at=at)
        for message in messages
        for endpoint in ([None] if message.recipient_id else wanted.get(message.environment_id, []))
        if endpoint is None or not endpoint.topics or message.topic in endpoint.topics
    ]
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(spread_at=at)
    return len(messages)


@transaction.atomic
def claim(*, at: datetime) -> Delivery | None:
    """Take the delivery that is due longest, for a minute; None when nothing is due."""
    due = Delivery.objects.filter(status=Delivery.Status.PENDING, next_attempt_at__lte=at)
    due = due.filter(models.Q(endpoint__is_active=True) | models.Q(endpoint=None))
    due = due.select_related("message__recipient", "endpoint").order_by("next_attempt_at", "pk")
    delivery = due.select_for_update(of=("self",), skip_locked=True).first()
    if delivery is not None:
        delivery.attempts += 1
        delivery.next_attempt_at = at + CLAIM
        delivery.save(update_fields=["attempts", "next_attempt_at"])
    return delivery


@transaction.atomic
def settle(*, delivery: Delivery, receipt: Receipt, at: datetime) -> Delivery:
    """Write down what the receiver said: done, again later, or given up (410 also ends the endpoint)."""
    delivery = Delivery.objects.select_for_update(of=("self",)).select_related("endpoint").get(pk=delivery.pk)
    if delivery.status != Delivery.Status.PENDING:
        return delivery
    delivery.last_answer = receipt.words[:200]
    delay = next_delay(delivery.attempts)
    if receipt.is_taken:
        delivery.status, delivery.delivered_at = Delivery.Status.DELIVERED, at
    elif receipt.status == GONE or delay is None:
        delivery.status = Delivery.Status.FAILED
    else:
        delivery.next_attempt_at = at + delay
    delivery.save()
    if receipt.status == GONE and delivery.endpoint is not None:
        _end(delivery.endpoint, at)
    return delivery


def deliver_due(*, at: datetime, send: Callable[[Delivery, datetime], Receipt], most: int = 50) -> int:
    """Claim, send and settle what is due; returns how many were tried."""
    for tried in range(most):
        delivery = claim(at=at)
        if delivery is None:
            return tried
        settle(delivery=delivery, receipt=send(delivery, at), at=at)
    return most


def _end(endpoint: Endpoint, at: datetime) -> None:
    endpoint.is_active = False
    endpoint.save(update_fields=["is_active"])
    audit.record(
        environment=endpoint.environment, action="endpoint.disabled", subject=endpoint, by=None, at=at,
        reason="The receiver answered 410 Gone.",
    )  # fmt: skip
