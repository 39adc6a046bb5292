"""How often somebody may call, counted a minute at a time; without a cache nobody is refused."""

import time
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from monetization.foundation import tries
from monetization.foundation.models import ApiKey

SAFE = ("GET", "HEAD", "OPTIONS")


class Throttle(BaseThrottle):
    """Limit reads and writes of a key, a person or (signed out) an address; a view may name its own scope."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count this call and say whether it is within the limit."""
        scope = getattr(view, "throttle_scope", None) or ("read" if request.method in SAFE else "write")
        return admit(caller(request), scope)

    def wait(self) -> float:
        """Return the seconds until the next minute begins."""
        return 60 - time.time() % 60


def admit(who: str, scope: str) -> bool:
    """Count a call and say whether it is within the limit of its scope (settings: `60/min`)."""
    rate = api_settings.DEFAULT_THROTTLE_RATES.get(scope)
    if not rate:
        return True
    return tries.hit(f"{scope}:{who}", seconds=60) <= int(str(rate).partition("/")[0])


def caller(request: Request | HttpRequest) -> str:
    """Name who calls: a key, a person, or an address."""
    auth = getattr(request, "auth", None)
    if isinstance(auth, ApiKey):
        return f"key:{auth.pk}"
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return f"address:{tries.address_of(getattr(request, '_request', request))}"
