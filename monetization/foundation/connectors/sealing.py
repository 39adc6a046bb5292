"""Secrets that must be read again (an endpoint signs with them) are stored sealed by a key made from SECRET_KEY."""

from base64 import urlsafe_b64encode
from hashlib import scrypt

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal(secret: str) -> str:
    """Return what may be stored."""
    return _box().encrypt(secret.encode()).decode()


def unseal(stored: str) -> str:
    """Return the secret; keys of SECRET_KEY_FALLBACKS still open it after a rotation."""
    return _box().decrypt(stored.encode()).decode()


def _box() -> MultiFernet:
    return MultiFernet([_key(text) for text in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(text: str) -> Fernet:
    return Fernet(urlsafe_b64encode(scrypt(text.encode(), salt=b"endpoint secrets", n=2**12, r=8, p=1, dklen=32)))
