"""Mail about limits; the only code of metering that calls out."""

import logging
from collections.abc import Sequence
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

log = logging.getLogger(__name__)


def send(*, subject: str, template: str, context: dict[str, Any], to: Sequence[str]) -> None:
    """Send one message to all, none of whom sees the others: all of them are told, or none and it is tried again.

    Raises what the server says; that it knows none of the addresses is final and only logged.
    """
    if not to:
        return
    text = render_to_string(template, context | {"base_url": settings.BASE_URL.rstrip("/")})
    try:
        EmailMessage(subject, text, bcc=list(to)).send()
    except SMTPRecipientsRefused as refusal:
        log.warning("nobody could be mailed about a limit: %s", refusal)
