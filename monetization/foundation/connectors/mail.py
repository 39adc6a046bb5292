"""Send a message to its recipient by mail, and every delivery the way it goes: by mail or by webhook."""

import logging
from datetime import datetime
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from monetization.foundation.connectors import webhook
from monetization.foundation.connectors.webhook import Receipt
from monetization.foundation.models import Delivery
from monetization.foundation.rules.retries import GONE

log = logging.getLogger(__name__)
MAILED = 200
TEMPLATE = "console/mail/notices.txt"


def send(delivery: Delivery, at: datetime) -> Receipt:
    """Send a delivery the way it goes; never raises for what the receiver does."""
    return webhook.send(delivery, at) if delivery.endpoint_id else to_recipient(delivery)


def to_recipient(delivery: Delivery) -> Receipt:
    """Mail a message to its recipient.

    A worker that dies between the mail server's yes and its own note sends again; the same Message-ID lets mail
    programs show it once.
    """
    message, person = delivery.message, delivery.message.recipient
    if person is None or not person.is_active:
        return Receipt(GONE, "given up: this person is shut out")
    base = settings.BASE_URL.rstrip("/")
    text = render_to_string(TEMPLATE, {"person": person, "lines": message.payload["lines"], "base_url": base})
    headers = {"Message-ID": f"<message-{message.pk}@{base.rpartition('/')[2].partition(':')[0]}>"}
    subject = str(message.payload["subject"]).replace("\n", " ")
    try:
        EmailMessage(subject, text, to=[person.email], headers=headers).send()
    except SMTPRecipientsRefused as refusal:
        log.warning("the mail server does not know %s: %s", person.email, refusal)
        return Receipt(GONE, "given up: the address is refused")
    except (OSError, SMTPException) as error:
        return Receipt(0, f"no answer: {type(error).__name__}")
    return Receipt(MAILED, "mailed")
