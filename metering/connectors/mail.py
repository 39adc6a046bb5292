"""Mail about limits; the only code of metering that calls out."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string


def send(*, subject: str, template: str, context: dict[str, Any], to: Sequence[str]) -> None:
    """Send one message to each address, so that nobody sees who else was told; raises what the server says."""
    text = render_to_string(template, context | {"base_url": settings.BASE_URL.rstrip("/")})
    for address in to:
        EmailMessage(subject, text, to=[address]).send()
