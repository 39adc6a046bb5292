"""Make receivers of messages; their signing secret is shown once and stored sealed."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from monetization.foundation.actions import audit, rows
from monetization.foundation.connectors.sealing import seal
from monetization.foundation.models import Endpoint, Environment, User
from monetization.values.errors import Invalid

MANAGE = "foundation.manage_endpoints"


@transaction.atomic
def create_endpoint(
    *, environment: Environment, name: str, url: str, topics: Sequence[str], by: User | None, at: datetime
) -> tuple[Endpoint, str]:
    """Make a receiver of these topics (none: all) and return it with its secret (`whsec_…`)."""
    rows.allow(by, MANAGE)
    if urlsplit(url).scheme != "https" and not settings.WEBHOOKS_TO_PRIVATE:
        raise Invalid("The address must begin with https:", field="url", fix="Use https")
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    endpoint = Endpoint(environment=environment, name=name, url=url, topics=list(topics), secret=seal(secret))
    rows.check(endpoint)
    rows.keep(endpoint, by=by, at=at)
    after = {"name": name, "url": url, "topics": list(topics)}
    audit.record(environment=environment, action="endpoint.created", subject=endpoint, by=by, at=at, after=after)
    return endpoint, secret


@transaction.atomic
def switch_endpoint(*, endpoint: Endpoint, is_active: bool, by: User | None, at: datetime) -> Endpoint:
    """Stop sending to a receiver, or start again; what waits for it waits."""
    rows.allow(by, MANAGE)
    endpoint = rows.lock(endpoint)
    endpoint.is_active = is_active
    rows.keep(endpoint, by=by, at=at)
    action = "endpoint.enabled" if is_active else "endpoint.disabled"
    audit.record(environment=endpoint.environment, action=action, subject=endpoint, by=by, at=at)
    return endpoint
