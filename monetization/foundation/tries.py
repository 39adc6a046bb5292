"""Limits by counting in the cache: tries to sign in, calls of the API. Without a cache nothing is refused.

A fixed window of minutes is one counter: cheap, the same for every process, gone by itself. When the cache does not
answer, nobody is locked out, and for some seconds it is not asked again, so its absence slows nothing down.
"""

import time
from hashlib import sha256

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.http import HttpRequest

SIGN_IN_TRIES = 10
SIGN_IN_SECONDS = 300
PAUSE_SECONDS = 10
_silent_until = [0.0]


def address_of(request: HttpRequest | None) -> str:
    """Return the caller's address; behind a proxy the last hop that the proxy itself wrote down."""
    if request is None:
        return ""
    hops = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",") if settings.SECURE_PROXY_SSL_HEADER else []
    return (hops[-1].strip() if hops else "") or str(request.META.get("REMOTE_ADDR", ""))


def hit(name: str, *, seconds: int, add: int = 1) -> int:
    """Count in the present window of `seconds` and return how many there are; 0 where there is no cache."""
    if time.monotonic() < _silent_until[0]:
        return 0
    window = f"hits:{sha256(name.encode()).hexdigest()[:32]}:{int(time.time()) // seconds}"
    try:
        return _counted(window, add, seconds + 5)
    except ValueError:  # gone between two calls
        return add
    except Exception:  # whatever a client library raises when its server is away
        _silent_until[0] = time.monotonic() + PAUSE_SECONDS
        return 0


def _counted(window: str, add: int, timeout: int) -> int:
    """Add to a counter, in one question where the cache is a server."""
    server = caches["default"]
    if isinstance(server, RedisCache):
        client = server._cache.get_client(None, write=True)  # its own incr asks twice
        found = int(client.incrby(name := server.make_and_validate_key(window), add))
        if found == add:  # the first of this window
            client.expire(name, timeout)
        return found
    server.add(window, 0, timeout=timeout)
    return server.incr(window, add)


def exhausted(request: HttpRequest | None, email: str) -> bool:
    """Say whether this address has used up its tries for this e-mail."""
    return hit(_sign_in(request, email), seconds=SIGN_IN_SECONDS, add=0) >= SIGN_IN_TRIES


def count(request: HttpRequest | None, email: str) -> None:
    """Count one failed try to sign in."""
    hit(_sign_in(request, email), seconds=SIGN_IN_SECONDS)


def _sign_in(request: HttpRequest | None, email: str) -> str:
    return f"sign-in:{address_of(request)}:{email}"
