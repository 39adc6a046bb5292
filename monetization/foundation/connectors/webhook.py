"""Send a message to an endpoint by webhook, signed as Standard Webhooks asks.

The receiver's address is chosen by people, so it must not lead inside: only https, no redirects, and no private,
loopback or link-local address, checked on the very address that is connected to (a name can't change in between).
`WEBHOOKS_TO_PRIVATE=1` lifts this for a development machine.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests_hardened import Config, Manager
from standardwebhooks import Webhook

from monetization.foundation.connectors.sealing import unseal
from monetization.foundation.models import Delivery
from monetization.foundation.rules.audit import instant_text

TIMEOUT = (3.0, 10.0)  # seconds to connect, seconds without a byte
TAKEN = range(200, 300)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came back: an HTTP status (0: none) and words for people."""

    status: int
    words: str

    @property
    def is_taken(self) -> bool:
        """Say whether the receiver has it."""
        return self.status in TAKEN


def send(delivery: Delivery, at: datetime) -> Receipt:
    """Post a delivery's message and return what came back; never raises for what the receiver does."""
    endpoint, body = delivery.endpoint, content(delivery)
    if endpoint is None:
        return Receipt(0, "refused: this message is a mail")
    if urlsplit(endpoint.url).scheme != "https" and not settings.WEBHOOKS_TO_PRIVATE:
        return Receipt(0, "refused: the address is not https")
    headers = _signed(f"msg_{delivery.message_id}", body, unseal(endpoint.secret), at)
    try:
        with _outside().get_session() as session:
            answer = session.request("POST", endpoint.url, data=body.encode(), headers=headers, stream=True)
            answer.close()  # whatever it says beyond its status is not read
    except requests.RequestException as error:
        return Receipt(0, f"no answer: {type(error).__name__}")
    return Receipt(answer.status_code, f"HTTP {answer.status_code}")


def content(delivery: Delivery) -> str:
    """Return the body: type, timestamp and data, as Standard Webhooks names them."""
    message = delivery.message
    told = {
        "type": message.topic,
        "timestamp": instant_text(message.created_at),
        "subject": message.subject,
        "data": message.payload,
    }
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _signed(name: str, body: str, secret: str, at: datetime) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(msg_id=name, timestamp=at, data=body),
    }


def _outside() -> Manager:
    return Manager(
        Config(
            ip_filter_enable=not settings.WEBHOOKS_TO_PRIVATE,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=TIMEOUT,
            user_agent_override="Meterstone-Webhooks/1",
        )
    )
